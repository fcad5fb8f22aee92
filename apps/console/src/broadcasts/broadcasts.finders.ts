import { api } from "../common/api.ts";
import { type Finder, finds } from "../shell/finder.ts";
import { broadcasts } from "./titles.ts";

export const finders: readonly Finder[] = [
  finds(api.broadcasts.list, {
    group: broadcasts,
    icon: "send",
    hit: ({ id, name, app }) => ({
      label: name,
      note: app.name,
      to: { name: "broadcast", params: { broadcastId: id } },
    }),
  }),
];
