// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { HeldRights } from "./sameness.ts";
import type { Json } from "@zhanggui/kit/server/tables";
import type { WriterState } from "@zhanggui/kit/server/export/writer";

export interface ExportsTables {
  exports_export: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    list: string;
    asked: Json<{ params: Record<string, unknown>; query: Record<string, unknown> }>;
    columns: Json<string[]>;
    format: "xlsx" | "csv" | "csv-gbk";
    language: "zh" | "en";
    zone: string;
    same: string;
    day: string;
    traceId: string;
    state: Generated<"waiting" | "running" | "paused" | "done" | "failed">;
    turn: Generated<string>;
    cursor: string | null;
    parts: Json<string[], undefined>;
    writer: Json<WriterState, undefined>;
    rows: Generated<number>;
    sizeBytes: Generated<number>;
    isRead: Generated<boolean>;
    expected: number | null;
    fileId: string | null;
    why: Json<{ zh: string; en: string } | null>;
    createdAt: Generated<Date>;
    endedAt: Date | null;
    expiresAt: Date | null;
    rights: Json<HeldRights, undefined>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends ExportsTables {}
}
