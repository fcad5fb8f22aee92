import { api } from "../common/api.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal, asked) => {
    const scenes = await allOf(api.messaging.listScenes, signal, searched(asked));
    return scenes.map(({ id, name }) => ({ value: id, label: name }));
  },
};
