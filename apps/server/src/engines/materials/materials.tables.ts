// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";

export interface MaterialsTables {
  materials_card: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    miniProgramId: string;
    title: string;
    pagePath: string;
    fileId: string | null;
    mediaId: string | null;
    madeAt: Date | null;
    state: "making" | "made" | "failed" | "unknown";
    uploadName: string | null;
    askedAt: Date | null;
    busyUntil: Date | null;
    zh: string | null;
    en: string | null;
    createdAt: Generated<Date>;
  };
  materials_item: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    kind: "image" | "voice" | "video" | "news" | "mass_video";
    mediaId: string;
    name: string;
    titles: Json<string[], undefined>;
    expiresAt: Date | null;
    changedAt: Date;
    seenAt: Date;
    createdAt: Generated<Date>;
    nameGrams: GeneratedAlways<string[] | null>;
  };
  materials_sync: {
    tenantId: Generated<string>;
    wechatAppId: string;
    state: "running" | "done" | "failed";
    begunAt: Date;
    endedAt: Date | null;
    items: Generated<number>;
    zh: string | null;
    en: string | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends MaterialsTables {}
}
