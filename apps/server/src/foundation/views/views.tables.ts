// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface ViewsTables {
  views_view: {
    tenantId: Generated<string>;
    id: Generated<string>;
    accountId: string;
    list: string;
    name: string;
    nameKey: GeneratedAlways<string>;
    query: Json<Record<string, string>>;
    hidden: string[];
    isDense: boolean;
    isShared: Generated<boolean>;
    opens: boolean;
    openingList: GeneratedAlways<string | null>;
    createdAt: Generated<Date>;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends ViewsTables {}
}
