// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface ImportsTables {
  imports_failure: {
    tenantId: Generated<string>;
    importId: string;
    row: number;
    errors: Json<{ column: number | null; text: { zh: string; en: string } }[]>;
  };
  imports_import: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    target: string;
    fileId: string;
    fileName: string;
    sizeBytes: number;
    sha256: string;
    format: "xlsx" | "csv" | "csv-gbk";
    language: "zh" | "en";
    zone: string;
    phase: Generated<"reading" | "checking" | "importing">;
    state: Generated<"waiting" | "running" | "paused" | "ready" | "done" | "cancelled" | "failed">;
    turn: Generated<string>;
    parts: Json<{ id: string; rows: number }[], undefined>;
    heads: Json<string[], undefined>;
    mapping: Json<(string | null)[], undefined>;
    existing: Generated<"skip" | "refuse" | "update">;
    rows: number | null;
    done: Generated<number>;
    created: Generated<number>;
    updated: Generated<number>;
    skipped: Generated<number>;
    failed: Generated<number>;
    checked: Json<{ created: number; updated: number; skipped: number; failed: number } | null>;
    errorFileId: string | null;
    errorFileRows: number | null;
    why: Json<{ zh: string; en: string } | null>;
    traceId: string;
    createdAt: Generated<Date>;
    endedAt: Date | null;
    expiresAt: Date;
  };
  imports_key: {
    tenantId: Generated<string>;
    importId: string;
    key: string;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends ImportsTables {}
}
