// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "./tables.ts";

export interface KitTables {
  kit_audit_entry: {
    tenantId: Generated<string>;
    id: Generated<string>;
    at: Generated<Date>;
    actorKind: string;
    actorId: string;
    actorName: string;
    source: string;
    traceId: string;
    callId: string | null;
    act: string;
    kind: "created" | "changed" | "removed" | "called" | "exported" | "signed_in";
    outcome: "done" | "refused" | "failed";
    thingKind: string;
    thingId: string;
    title: string;
    part: string;
    was: Json<Record<string, unknown> | null>;
    became: Json<Record<string, unknown> | null>;
    masked: Generated<string[]>;
    details: Json<Record<string, unknown> | null>;
    titleGrams: GeneratedAlways<string[] | null>;
    impersonatorId: string | null;
    impersonatorName: string | null;
  };
  kit_audit_seal: {
    tenantId: Generated<string>;
    number: number;
    entries: number;
    firstAt: Date;
    lastAt: Date;
    entryIds: string[];
    entryHashes: Buffer[];
    entriesHash: Buffer;
    previousHash: Buffer;
    hash: Buffer;
    sealedAt: Date;
    prunedAt: Date | null;
  };
  kit_audit_unsealed: {
    tenantId: Generated<string>;
    entryId: string;
  };
  kit_audit_verification: {
    tenantId: Generated<string>;
    at: Date;
    seals: number;
    entries: number;
    lastNumber: number;
    lastHash: Buffer | null;
    findings: Json<unknown>;
  };
  kit_configuration: {
    tenantId: Generated<string>;
    version: number;
  };
  kit_database: {
    tenantRole: string;
  };
  kit_dead: {
    tenantId: Generated<string>;
    queue: string;
    ref: string;
    key: string | null;
    priority: number;
    attempts: number;
    lastError: string;
    traceId: string;
    diedAt: Date;
    letterId: Generated<string>;
  };
  kit_event: {
    tenantId: Generated<string>;
    id: string;
    name: string;
    key: string | null;
    payload: Json<unknown>;
    actorKind: string;
    actorId: string;
    traceId: string;
    occurredAt: Date;
    handlers: Generated<string[]>;
  };
  kit_event_type: {
    name: string;
    keepDays: number;
  };
  kit_handled: {
    tenantId: Generated<string>;
    eventId: string;
    handler: string;
    attempts: number;
    handledAt: Date;
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
  kit_job: {
    tenantId: Generated<string>;
    id: string;
    name: string;
    payload: Json<unknown>;
    state: "waiting" | "running" | "retrying" | "done" | "dead" | "cancelled";
    singletonKey: string | null;
    progress: Json<unknown>;
    actorId: string;
    traceId: string;
    createdAt: Date;
    updatedAt: Date;
  };
  kit_lane: {
    tenantId: Generated<string>;
    queue: string;
    key: string;
    lease: string | null;
    until: Date | null;
  };
  kit_listening: {
    tenantId: Generated<string>;
    eventName: string;
    handler: string;
  };
  kit_maintenance: {
    isOn: Generated<boolean>;
    since: Date;
    messageZh: string;
    messageEn: string;
    endsAt: Date | null;
    begunBy: string;
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
  kit_queue: {
    name: string;
    seenAt: Date;
  };
  kit_schedule: {
    tenantId: Generated<string>;
    id: string;
    name: string;
    cron: string;
    timeZone: string;
    lastAt: Date | null;
    lastError: string | null;
    beganAt: Date | null;
    tookMs: number | null;
    pausedAt: Date | null;
  };
  kit_slow_query: {
    id: GeneratedAlways<number>;
    at: Date;
    durationMs: number;
    lockMs: number;
    rows: number;
    login: string;
    database: string;
    text: string;
  };
  kit_subscription: {
    eventName: string;
    handler: string;
    seenAt: Date;
    keyed: Generated<boolean>;
    replacedBy: string | null;
    byTenant: Generated<boolean>;
    oneLane: Generated<boolean>;
  };
  kit_task: {
    tenantId: Generated<string>;
    queue: string;
    ref: string;
    seq: GeneratedAlways<number>;
    key: string | null;
    priority: Generated<number>;
    attempts: Generated<number>;
    retried: Generated<boolean>;
    dueAt: Date | null;
    lease: string | null;
    begun: Generated<boolean>;
    lastError: string | null;
    traceId: string;
  };
}

declare module "./tables.ts" {
  interface Tables extends KitTables {}
}
