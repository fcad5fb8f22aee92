import { api } from "../common/api.ts";
import { counted } from "../common/counted.ts";
import type { Kind } from "../list/kinds.ts";

/** WeChat keeps a hundred for each account at most: all are listed. */
export const kind: Kind = {
  narrowedBy: ["wechatAppId"],
  options: async (signal, asked) => {
    const { items } = await api.broadcasts.wechatTags({ signal });
    const appId = asked?.of?.["wechatAppId"];
    return items
      .filter(({ app }) => appId === undefined || app.id === appId)
      .map(({ id, name, app, people }) => ({ value: id, label: name, note: `${app.name} · ${counted(people)}` }));
  },
};
