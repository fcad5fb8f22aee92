// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface LogsTables {
  logs_line: {
    tenantId: Generated<string>;
    id: string;
    at: Date;
    level: "debug" | "info" | "warn" | "error" | "fatal";
    module: string;
    message: string;
    traceId: string;
    fields: Json<Record<string, unknown>>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends LogsTables {}
}
