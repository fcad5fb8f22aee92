// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface SettingsTables {
  settings_value: {
    tenantId: Generated<string>;
    key: string;
    version: number;
    value: Json<unknown>;
    changedBy: string;
    changedAt: Date;
    scopeKind: Generated<"platform" | "tenant" | "app" | "store">;
    scopeId: Generated<string>;
    place: GeneratedAlways<string>;
    state: Generated<"set" | "cleared">;
    isPinned: Generated<boolean>;
    comment: Generated<string>;
    valueSealed: string | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends SettingsTables {}
}
