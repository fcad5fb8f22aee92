import { api } from "../common/api.ts";
import { type Finder, finds } from "../shell/finder.ts";

export const finders: readonly Finder[] = [
  finds(api.access.listAccounts, {
    group: { zh: "账号", en: "Accounts" },
    icon: "user",
    searches: true,
    hit: ({ id, displayName, login }) => ({
      label: displayName,
      note: login,
      to: { name: "accounts", query: { search: login }, hash: `#rights/${id}` },
    }),
  }),
];
