// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface NotificationsTables {
  notifications_notice: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    kind: string;
    key: string;
    payload: Json<Record<string, unknown>>;
    at: Generated<Date>;
    readAt: Date | null;
  };
  notifications_unwanted: {
    tenantId: Generated<string>;
    accountId: string;
    kind: string;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends NotificationsTables {}
}
