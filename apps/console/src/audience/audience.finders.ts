import { api } from "../common/api.ts";
import { type Finder, finds } from "../shell/finder.ts";

export const finders: readonly Finder[] = [
  finds(api.audience.listPeople, {
    group: { zh: "客户", en: "People" },
    icon: "user",
    searches: true,
    hit: ({ id, displayName, channelName }) => ({
      label: displayName,
      note: channelName ?? "",
      to: { name: "person", params: { personId: id } },
    }),
  }),
  finds(api.audience.listTags, {
    group: { zh: "标签", en: "Tags" },
    icon: "tag",
    searches: true,
    hit: ({ id, name }) => ({ label: name, to: { name: "people", query: { tagId: id } } }),
  }),
];
