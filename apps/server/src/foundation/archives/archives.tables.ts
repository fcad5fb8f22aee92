// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface ArchivesTables {
  archives_archive: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    name: string;
    contents: Json<{ fileId: string; name: string; exportId: string | null }[]>;
    parts: Json<{ id: string; crc: number; rawBytes: number; packedBytes: number }[], undefined>;
    state: Generated<"waiting" | "running" | "paused" | "done" | "failed">;
    turn: Generated<string>;
    sizeBytes: Generated<number>;
    fileId: string | null;
    why: Json<{ zh: string; en: string } | null>;
    traceId: string;
    createdAt: Generated<Date>;
    endedAt: Date | null;
    expiresAt: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends ArchivesTables {}
}
