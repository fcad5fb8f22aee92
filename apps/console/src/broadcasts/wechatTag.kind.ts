import { api } from "../common/api.ts";
import { counted } from "../common/counted.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    const { items } = await api.broadcasts.wechatTags({ signal });
    return items.map(({ id, name, app, people }) => ({
      value: id,
      label: name,
      note: `${app.name} · ${counted(people)}`,
    }));
  },
};
