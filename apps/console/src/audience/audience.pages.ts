import { audienceRead } from "@zhanggui/server/engines/audience/audience.contract";
import type { Page } from "../common/pages.ts";
import { lowCode } from "../resource/low-code.ts";

const title = { zh: "客户", en: "People" };

export const pages: readonly Page[] = [
  {
    path: "people",
    name: "people",
    view: () => import("./PeoplePage.vue"),
    needs: audienceRead,
    title,
    list: "audience.listPeople",
    menu: { group: "people", order: 1, icon: "people" },
  },
  ...lowCode(
    {
      path: "tags",
      name: "tags",
      needs: audienceRead,
      title: { zh: "标签", en: "Tags" },
      list: "audience.listTags",
      menu: { group: "people", order: 2, icon: "tag" },
    },
    () => import("./tags.resource.ts"),
  ),
  { path: "people/:personId", name: "person", view: () => import("./PersonPage.vue"), needs: audienceRead, title },
];
