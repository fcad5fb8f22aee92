// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";

export interface WebhooksTables {
  webhooks_attempt: {
    tenantId: Generated<string>;
    id: Generated<string>;
    deliveryId: string;
    endpointId: string;
    ok: boolean;
    outcome: string;
    status: number | null;
    tookMs: number;
    excerpt: string;
    at: Generated<Date>;
  };
  webhooks_delivery: {
    tenantId: Generated<string>;
    id: string;
    endpointId: string;
    eventId: string;
    eventName: string;
    occurredAt: Date;
    state: "waiting" | "paused" | "delivered" | "failed";
    attempts: Generated<number>;
    tries: Generated<number>;
    nextAt: Date | null;
    outcome: string | null;
    status: number | null;
    tookMs: number | null;
    deliveredAt: Date | null;
    createdAt: Generated<Date>;
  };
  webhooks_endpoint: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    url: string;
    events: string[];
    isOrdered: Generated<boolean>;
    headersSealed: string | null;
    headerNames: Generated<string[]>;
    secretSealed: string;
    secretHint: string;
    formerSealed: string | null;
    formerUntil: Date | null;
    enabled: Generated<boolean>;
    disabledBecause: "by_hand" | "gone" | "failing" | null;
    disabledAt: Date | null;
    createdAt: Generated<Date>;
    nameGrams: GeneratedAlways<string[] | null>;
  };
  webhooks_health: {
    tenantId: Generated<string>;
    endpointId: string;
    lastSuccessAt: Date | null;
    failingSince: Date | null;
    failures: Generated<number>;
    heldUntil: Date | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends WebhooksTables {}
}
