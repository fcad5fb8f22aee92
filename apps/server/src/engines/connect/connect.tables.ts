// Made from the migrations by `./zg tables`. Don't edit.
import type { CheckResult } from "./diagnosis.contract.ts";
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";
import type { Menu } from "./menu-shape.contract.ts";
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
    provenAt: Date | null;
    unboundAt: Date | null;
    kind: Generated<"official" | "miniprogram">;
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
    enabled: Generated<boolean>;
  };
  connect_channel_count: {
    tenantId: Generated<string>;
    channelId: string;
    part: number;
    scans: number;
    people: number;
  };
  connect_channel_visitor: {
    tenantId: Generated<string>;
    channelId: string;
    openid: string;
  };
  connect_check: {
    tenantId: Generated<string>;
    wechatAppId: string;
    check: string;
    ranAt: Date;
    result: Json<CheckResult>;
  };
  connect_conversation: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    openid: string;
    state: "waiting" | "answered" | "closed" | "missed" | "left" | "snoozed";
    waitingSince: Date | null;
    settledBy: string | null;
    settledName: string | null;
    answeredId: string | null;
    lastId: string;
    lastAt: Date;
    lastKind: string;
    lastText: string | null;
    attention: GeneratedAlways<number>;
    assigneeId: string | null;
    assignedAt: Date | null;
    unread: Generated<number>;
    snoozedUntil: Date | null;
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
    lostTry: number | null;
    leavesWaiting: Generated<boolean>;
  };
  connect_media: {
    tenantId: Generated<string>;
    inboundId: string;
    fileId: string | null;
    fetchedAt: Date;
  };
  connect_menu: {
    tenantId: Generated<string>;
    wechatAppId: string;
    draft: Json<Menu>;
    revision: Generated<number>;
    changedAt: Date;
    changedBy: string;
  };
  connect_menu_version: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    number: number;
    menu: Json<Menu>;
    state: Generated<"publishing" | "published" | "refused" | "unknown">;
    errcode: number | null;
    publishedAt: Date;
    publishedBy: string;
  };
  connect_push_refusal: {
    tenantId: Generated<string>;
    wechatAppId: string;
    reason: string;
    at: Date;
  };
  connect_quota_reset: {
    tenantId: Generated<string>;
    id: Generated<string>;
    wechatAppId: string;
    path: string | null;
    outcome: Generated<"unknown" | "done" | "refused">;
    errcode: number | null;
    byName: string;
    at: Date;
  };
  connect_ticket: {
    tenantId: Generated<string>;
    wechatAppId: string;
    valueSealed: string | null;
    valueHash: string | null;
    expiresAt: Date | null;
    voided: Generated<boolean>;
    leaseOwner: string | null;
    leaseUntil: Date | null;
    obtainedAt: Date | null;
    source: string | null;
    tail: string | null;
    failedAt: Date | null;
    failedBecause: string | null;
    failedErrcode: number | null;
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
    obtainedAt: Date | null;
    source: "wechat" | "forced" | "hand" | null;
    tail: string | null;
    forcedOn: string | null;
    forcedCount: Generated<number>;
    forcedAt: Date | null;
    failedAt: Date | null;
    failedBecause: string | null;
    failedErrcode: number | null;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends ConnectTables {}
}
