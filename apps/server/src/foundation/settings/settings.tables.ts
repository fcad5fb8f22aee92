// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface SettingsTables {
  settings_value: {
    tenantId: Generated<string>;
    key: string;
    version: number;
    value: Json<unknown>;
    changedBy: string;
    changedAt: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends SettingsTables {}
}
