import { audienceRead } from "@zhanggui/server/engines/audience/audience.contract";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  nameOf: async (personId, signal) => (await api.audience.getPerson({ personId }, { signal })).displayName,
  to: ({ id }) => (can(audienceRead) ? { name: "person", params: { personId: id } } : undefined),
};
