// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "./tables.ts";

export interface KitTables {
  kit_configuration: {
    tenantId: Generated<string>;
    version: number;
  };
  kit_database: {
    tenantRole: string;
  };
  kit_delivery: {
    tenantId: Generated<string>;
    eventId: string;
    eventName: string;
    handler: string;
    state: "pending" | "done" | "dead";
    attempts: Generated<number>;
    lastError: string | null;
    dueAt: Date;
    updatedAt: Date;
  };
  kit_event: {
    tenantId: Generated<string>;
    id: string;
    name: string;
    payload: Json<unknown>;
    actorKind: string;
    actorId: string;
    traceId: string;
    occurredAt: Date;
    dispatchedAt: Date | null;
  };
  kit_idempotency: {
    tenantId: Generated<string>;
    account: string;
    route: string;
    key: string;
    hash: string;
    state: "running" | "done" | "unknown";
    lease: Date;
    replySealed: string | null;
    createdAt: Date;
  };
  kit_migration: {
    module: string;
    name: string;
    checksum: string;
    appliedAt: Generated<Date>;
    additive: Generated<boolean>;
  };
  kit_migration_begun: {
    module: string;
    name: string;
    checksum: string;
    cursor: Json<unknown>;
    begunAt: Generated<Date>;
  };
  kit_subscription: {
    eventName: string;
    handler: string;
    seenAt: Date;
  };
}

declare module "./tables.ts" {
  interface Tables extends KitTables {}
}
