import type { Account } from "@zhanggui/server/foundation/access/sign-in.contract";
import type { z } from "zod";
import { i18n } from "../common/language.ts";

/** What a role is called: the system's own in the reader's language, a tenant's as the tenant called it. */
export function roleName({
  name,
  builtIn,
}: Pick<z.output<typeof Account>["roles"][number], "name" | "builtIn">): string {
  return builtIn === null ? name : i18n.global.t(`access.roles.${builtIn}`);
}
