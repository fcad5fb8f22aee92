import { api } from "../common/api.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    const { items } = await api.messaging.listScenes({ limit: 200 }, { signal });
    return items.map(({ id, name }) => ({ value: id, label: name }));
  },
};
