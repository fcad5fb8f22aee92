import { auditRead } from "@zhanggui/server/foundation/audit/audit.contract";
import type { Router } from "vue-router";
import type { RowAction } from "./row-action.ts";

/** Leads to what the audit log knows of a row, where the log follows such rows. */
export function historyOf(thing: string | undefined, router: Router): readonly RowAction<{ readonly id: string }>[] {
  if (thing === undefined) return [];
  return [
    {
      label: { zh: "变更历史", en: "History" },
      needs: auditRead,
      run: ({ id }) => void router.push({ name: "audit", query: { thingKind: thing, thingId: id } }),
    },
  ];
}
