// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface FilesTables {
  files_file: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    type: string;
    sizeBytes: Generated<number>;
    sha256: string | null;
    hasThumbnail: Generated<boolean>;
    state: Generated<"incoming" | "ready">;
    accountId: string | null;
    uses: Generated<number>;
    expiresAt: Date | null;
    createdAt: Generated<Date>;
    nameGrams: GeneratedAlways<string[] | null>;
  };
  files_pass: {
    tenantId: Generated<string>;
    id: Generated<string>;
    fileId: string;
    expiresAt: Date;
  };
  files_upload: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    name: string;
    sizeBytes: number;
    offsetBytes: Generated<number>;
    parts: Json<string[], undefined>;
    fileId: string | null;
    createdAt: Generated<Date>;
    expiresAt: Date;
  };
  files_use: {
    tenantId: Generated<string>;
    fileId: string;
    usedBy: string;
    ref: string;
    label: Json<{ zh: string; en: string }>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends FilesTables {}
}
