// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";
import type { MassMessage } from "@zhanggui/wechat/calls/mass-messages";

export interface BroadcastsTables {
  broadcasts_broadcast: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    name: string;
    audience: "all" | "wechat_tag" | "tag";
    wechatTagId: number | null;
    tagId: string | null;
    message: "text" | "material";
    text: string | null;
    materialId: string | null;
    sentAs: Json<MassMessage | null>;
    state: Generated<"draft" | "sending" | "sent" | "partly" | "failed" | "unknown" | "taken_down">;
    people: Generated<number>;
    total: Generated<number>;
    sent: Generated<number>;
    failed: Generated<number>;
    sentBy: string | null;
    sentAt: Date | null;
    endedAt: Date | null;
    createdAt: Generated<Date>;
    nameGrams: GeneratedAlways<string[] | null>;
  };
  broadcasts_part: {
    tenantId: Generated<string>;
    id: Generated<string>;
    broadcastId: string;
    wechatAppId: string;
    number: number;
    people: number;
    openids: Json<string[] | null>;
    wechatTagId: number | null;
    mayBeSent: Generated<boolean>;
    state: Generated<"waiting" | "asking" | "accepted" | "done" | "failed" | "unknown">;
    msgId: string | null;
    status: string | null;
    total: Generated<number>;
    sent: Generated<number>;
    failed: Generated<number>;
    isPolled: Generated<boolean>;
    zh: string | null;
    en: string | null;
    askedAt: Date | null;
    acceptedAt: Date | null;
    endedAt: Date | null;
    resultAskedAt: Date | null;
  };
  broadcasts_receipt: {
    tenantId: Generated<string>;
    wechatAppId: string;
    msgId: string;
    status: string;
    total: number;
    sent: number;
    failed: number;
    receivedAt: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends BroadcastsTables {}
}
