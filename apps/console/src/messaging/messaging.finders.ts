import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { type Finder, finds } from "../shell/finder.ts";

export const finders: readonly Finder[] = [
  finds(api.messaging.listRules, {
    group: { zh: "自动回复", en: "Auto-replies" },
    icon: "reply",
    hit: ({ id, name, reply }) => ({
      label: name,
      note: inLanguage(reply),
      to: { name: "rules", query: { search: name }, hash: `#edit/${id}` },
    }),
  }),
  finds(api.messaging.listScenes, {
    group: { zh: "消息场景", en: "Scenes" },
    icon: "scene",
    hit: ({ id, name }) => ({ label: name, to: { name: "scenes", query: { search: name }, hash: `#edit/${id}` } }),
  }),
];
