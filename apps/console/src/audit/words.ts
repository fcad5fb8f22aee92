import type { AuditEntry } from "@zhanggui/server/foundation/audit/audit.contract";
import type { z } from "zod";
import { i18n, inLanguage } from "../common/language.ts";
import { workLabel } from "../events/labels.ts";
import { acts } from "./acts.ts";

type Entry = z.output<typeof AuditEntry>;

/** What was done, in words; of what the server did by itself, which part of it. */
export function actOf({ act }: Pick<Entry, "act">): string {
  const words = acts[act];
  const { t, te } = i18n.global;
  return words === undefined ? workLabel(act, t, te) : inLanguage(words);
}

export function actorOf({ actorKind, actorName }: Pick<Entry, "actorKind" | "actorName">): string {
  const { t } = i18n.global;
  if (actorKind === "account" || actorKind === "key") return actorName;
  return actorKind === "visitor" ? t("audit.visitor") : t("audit.system");
}
