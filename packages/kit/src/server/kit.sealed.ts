import { sealedColumn } from "./sealed-column.ts";

/** Replies of calls that may be repeated. */
export const keptReply = sealedColumn({
  table: "kit_idempotency",
  column: "reply_sealed",
  key: ["tenant_id", "account", "route", "key"],
  context: (row: { tenant_id: string; account: string; route: string; key: string }) =>
    `kit_idempotency:${row.tenant_id}:${row.account}:${row.route}:${row.key}`,
});

/** Every column of the kit's own that holds a sealed secret. */
export const kitSealed = [keptReply];
