import { api } from "../common/api.ts";
import { i18n } from "../common/language.ts";
import { signedIn } from "../common/signed-in.ts";
import { allOf, searched } from "../list/all-of.ts";
import type { Kind } from "../list/kinds.ts";
import { whyBeyond } from "./rights.ts";
import { roleName } from "./role-name.ts";

export const kind: Kind = {
  options: async (signal, asked) => {
    const roles = await allOf(api.access.listRoles, signal, searched(asked));
    return roles.map((role) => {
      const why = whyBeyond(role.permissions, signedIn.me?.permissions ?? []);
      const note = i18n.global.t("access.accounts.permissionCount", { count: role.permissions.length });
      return { value: role.id, label: roleName(role), note, ...(why === "" ? {} : { why }) };
    });
  },
};
