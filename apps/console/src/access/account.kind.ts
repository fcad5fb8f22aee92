import { accessRead } from "@zhanggui/server/foundation/access/roles.contract";
import { api } from "../common/api.ts";
import { can } from "../common/signed-in.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";

export const kind: Kind = {
  options: async (signal, asked) => {
    if (!can(accessRead)) return [];
    const accounts = await allOf(api.access.listAccounts, signal, searched(asked));
    return accounts.map(({ id, displayName, login }) => ({ value: id, label: displayName, note: login }));
  },
};
