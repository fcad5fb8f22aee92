import type { audience } from "@zhanggui/server/engines/audience/audience.contract";
import { resourceOf } from "../resource/resource.ts";

export const resource = resourceOf<typeof audience>({
  module: "audience",
  list: "listTags",
  hint: {
    zh: "给客户打上标签时自动创建；在客户列表里可以按标签筛选。",
    en: "A tag is created when somebody is first given it. You can filter the list of people by tag.",
  },
  empty: {
    icon: "tag",
    hint: { zh: "在客户列表或客户页面里打上第一个标签。", en: "Tag somebody, in the list of people or on their page." },
  },
  edit: { route: "updateTag", id: "tagId", title: { zh: "修改标签", en: "Rename tag" }, fields: ["name"] },
  remove: {
    route: "deleteTag",
    id: "tagId",
    sure: {
      title: { zh: "删除标签“{name}”？", en: "Delete the tag “{name}”?" },
      sentence: {
        zh: "有这个标签的客户（{people} 位）都会失去它。渠道带来的标签，下次有人扫码时会重新出现。",
        en: "Everyone who has it loses it ({people}). A tag that comes from a channel is back at the next scan.",
      },
    },
  },
});
