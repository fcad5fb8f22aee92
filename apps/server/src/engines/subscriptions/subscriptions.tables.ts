// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";

export interface SubscriptionsTables {
  subscriptions_entry: {
    tenantId: Generated<string>;
    id: Generated<string>;
    grantId: string;
    key: string;
    kind:
      | "granted"
      | "rejected"
      | "confirmed"
      | "reserved"
      | "used"
      | "returned"
      | "expired"
      | "revoked"
      | "delivered"
      | "failed";
    amount: number;
    source: "dialogue" | "report" | "settings" | "sending" | "wechat" | "age";
    ofId: string | null;
    msgId: string | null;
    code: string | null;
    at: Date;
    traceId: string;
    createdAt: Generated<Date>;
  };
  subscriptions_grant: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    openid: string;
    templateId: string;
    remaining: Generated<number>;
    held: Generated<number>;
    used: Generated<number>;
    carried: Generated<number>;
    lasting: Generated<boolean>;
    refusing: Generated<boolean>;
    refusedAt: Date | null;
    oldestAt: Date | null;
    answeredAt: Date | null;
    state: GeneratedAlways<string | null>;
    createdAt: Generated<Date>;
    changedAt: Generated<Date>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends SubscriptionsTables {}
}
