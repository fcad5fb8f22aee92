import { api } from "../common/api.ts";
import { allOf } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    const scenes = await allOf(api.messaging.listScenes, signal);
    return scenes.map(({ id, name }) => ({ value: id, label: name }));
  },
};
