import { api } from "../common/api.ts";
import { type Finder, finds } from "../shell/finder.ts";

export const finders: readonly Finder[] = [
  finds(api.connect.listChannels, {
    group: { zh: "渠道码", en: "Channel codes" },
    icon: "growth",
    hit: ({ id, name, leaderName }) => ({
      label: name,
      note: leaderName,
      to: { name: "channels", query: { search: name }, hash: `#edit/${id}` },
    }),
  }),
  finds(api.connect.listApps, {
    group: { zh: "微信应用", en: "WeChat apps" },
    icon: "connect",
    hit: ({ id, name, appId }) => ({
      label: name,
      note: appId,
      to: { name: "apps", query: { search: name }, hash: `#edit/${id}` },
    }),
  }),
];
