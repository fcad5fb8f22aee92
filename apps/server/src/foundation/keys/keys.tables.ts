// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";

export interface KeysTables {
  keys_key: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    hint: string;
    secretHash: string;
    formerHash: string | null;
    formerUntil: Date | null;
    permissions: string[];
    effects: string[];
    networks: Generated<string[]>;
    perMinute: number;
    perDay: number | null;
    expiresAt: Date | null;
    disabled: Generated<boolean>;
    createdBy: string;
    createdAt: Generated<Date>;
    nameGrams: GeneratedAlways<string[] | null>;
  };
  keys_use: {
    tenantId: Generated<string>;
    keyId: string;
    day: string;
    calls: number;
    lastAt: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends KeysTables {}
}
