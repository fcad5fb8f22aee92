// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface CustomersTables {
  customers_block: {
    tenantId: Generated<string>;
    id: Generated<string>;
    personId: string;
    reason: string;
    createdAt: Generated<Date>;
  };
  customers_notice: {
    tenantId: Generated<string>;
    id: string;
    personId: string;
    kind: string;
    details: Json<Record<string, unknown>>;
    at: Date;
  };
  customers_session: {
    tenantId: Generated<string>;
    id: Generated<string>;
    personId: string;
    channel: "phone" | "mail";
    addressMasked: string;
    network: string;
    browser: string;
    refreshHash: string;
    previousHash: string | null;
    renewedAt: Date | null;
    expiresAt: Date;
    endedAt: Date | null;
    endedBecause: string | null;
    createdAt: Generated<Date>;
    wechatAppId: string | null;
  };
  customers_used_refresh: {
    tenantId: Generated<string>;
    sessionId: string;
    refreshHash: string;
  };
  customers_used_state: {
    tenantId: Generated<string>;
    id: Generated<string>;
    stateHash: string;
    at: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends CustomersTables {}
}
