import { accessRead } from "@zhanggui/server/foundation/access/roles.contract";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";
import { allOf } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal) => {
    if (!can(accessRead)) return [];
    const accounts = await allOf(api.access.listAccounts, signal);
    return accounts.map(({ id, displayName, login }) => ({ value: id, label: displayName, note: login }));
  },
};
