import { api } from "../common/api.ts";
import { type Finder, finds } from "../shell/finder.ts";

export const finders: readonly Finder[] = [
  finds(api.webhooks.listEndpoints, {
    group: { zh: "Webhook", en: "Webhooks" },
    icon: "trace",
    hit: ({ id, name, url }) => ({
      label: name,
      note: url,
      to: { name: "webhooks", query: { search: name }, hash: `#edit/${id}` },
    }),
  }),
];
