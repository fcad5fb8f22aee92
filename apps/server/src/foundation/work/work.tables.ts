// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface WorkTables {
  work_run: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    route: string;
    asked: Json<{ params: Record<string, unknown>; query: Record<string, unknown>; body: Record<string, unknown> }>;
    traceId: string;
    state: Generated<"waiting" | "running" | "paused" | "done" | "cancelled" | "failed">;
    turn: Generated<string>;
    after: string | null;
    expected: number | null;
    isMore: Generated<boolean>;
    done: Generated<number>;
    passed: Json<Record<string, number>, undefined>;
    gone: Generated<number>;
    failed: Generated<number>;
    failures: Json<{ id: string; name: string; why: { zh: string; en: string } }[], undefined>;
    why: Json<{ zh: string; en: string } | null>;
    createdAt: Generated<Date>;
    startedAt: Date | null;
    endedAt: Date | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends WorkTables {}
}
