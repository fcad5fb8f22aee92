// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";
import type { PassiveReply } from "@zhanggui/wechat/reply";

export interface ConnectTables {
  connect_app: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    appId: string;
    mode: "plain" | "compatible" | "safe";
    secretSealed: string;
    pushTokenSealed: string;
    aesKeySealed: string | null;
    disabled: Generated<boolean>;
    verifiedAt: Date | null;
    createdAt: Generated<Date>;
  };
  connect_channel: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    name: string;
    scene: string;
    ticket: string;
    qrUrl: string;
    expiresAt: Date | null;
    leaderName: string;
    leaderMail: string;
    createdAt: Generated<Date>;
  };
  connect_inbound: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    dedupeKey: string;
    openid: string;
    kind: string;
    content: Json<Record<string, unknown>>;
    channelId: string | null;
    reply: Json<PassiveReply | null>;
    replyBy: string | null;
    repeats: Generated<number>;
    traceId: string;
    sentAt: Date;
    receivedAt: Date;
  };
  connect_token: {
    tenantId: Generated<string>;
    wechatAppId: string;
    valueSealed: string | null;
    valueHash: string | null;
    expiresAt: Date | null;
    voided: Generated<boolean>;
    leaseOwner: string | null;
    leaseUntil: Date | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends ConnectTables {}
}
