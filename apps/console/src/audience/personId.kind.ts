import { api } from "../common/api.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  nameOf: async (personId, signal) => (await api.audience.getPerson({ personId }, { signal })).displayName,
};
