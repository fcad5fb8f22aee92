// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";
import type { LinkRule } from "./links.contract.ts";

export interface LinksTables {
  links_click: {
    tenantId: Generated<string>;
    linkId: string;
    hour: Date;
    clicks: number;
  };
  links_counter: {
    tenantId: Generated<string>;
    linkId: string;
    clicks: Generated<number>;
  };
  links_link: {
    tenantId: Generated<string>;
    id: Generated<string>;
    slug: string;
    ownSlug: Generated<boolean>;
    url: string;
    title: string | null;
    rules: Json<LinkRule[], undefined>;
    expiresAt: Date | null;
    maxClicks: number | null;
    passwordHash: string | null;
    disabled: Generated<boolean>;
    deletedAt: Date | null;
    createdAt: Generated<Date>;
    words: Generated<string>;
    wordsGrams: GeneratedAlways<string[] | null>;
    ownerId: string | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends LinksTables {}
}
