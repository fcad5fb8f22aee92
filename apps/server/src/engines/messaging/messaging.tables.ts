// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";
import type { ReplyPart } from "./rule.contract.ts";
import type { SceneItem, SceneTrigger } from "./scene.contract.ts";

export interface MessagingTables {
  messaging_canned: {
    tenantId: Generated<string>;
    id: Generated<string>;
    ownerId: string | null;
    shortcut: string;
    text: string;
    used: Generated<number>;
    createdAt: Generated<Date>;
  };
  messaging_delivery: {
    tenantId: Generated<string>;
    id: Generated<string>;
    sceneId: string | null;
    sceneVersion: number | null;
    item: number;
    eventId: string | null;
    sceneName: string | null;
    channel: "wechat_template" | "mail" | "wechat_reply";
    wechatAppId: string;
    personId: string;
    personName: string;
    to: string;
    content: Json<Record<string, unknown>>;
    state: "ready" | "submitting" | "accepted" | "delivered" | "failed" | "unknown" | "suppressed";
    zh: string;
    en: string;
    providerId: string | null;
    traceId: string;
    createdAt: Generated<Date>;
    updatedAt: Date;
    leaderName: string | null;
    authorId: string | null;
    authorName: string | null;
    automatic: "rule" | "busy" | null;
    ruleId: string | null;
  };
  messaging_duty: {
    tenantId: Generated<string>;
    accountId: string;
    since: Generated<Date>;
    givenAt: Date | null;
  };
  messaging_note: {
    tenantId: Generated<string>;
    id: Generated<string>;
    conversationId: string;
    kind: "note" | "assigned" | "taken" | "handed_over" | "released" | "closed" | "snoozed";
    authorId: string | null;
    authorName: string | null;
    toId: string | null;
    toName: string | null;
    text: string | null;
    until: Date | null;
    at: Generated<Date>;
  };
  messaging_picture: {
    tenantId: Generated<string>;
    deliveryId: string;
    fileId: string;
  };
  messaging_receipt: {
    tenantId: Generated<string>;
    wechatAppId: string;
    providerId: string;
    status: string;
    receivedAt: Date;
  };
  messaging_rule: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    on: "follow" | "scan" | "keyword" | "click" | "enter" | "default";
    wechatAppId: string | null;
    channelId: string | null;
    match: "exact" | "contains" | "starts" | "pattern";
    enabled: boolean;
    answered: Generated<number>;
    createdAt: Generated<Date>;
    deletedAt: Date | null;
    keywords: Generated<string[]>;
    replies: Json<ReplyPart[], undefined>;
    eventKey: string | null;
    priority: Generated<number>;
    activeFrom: string | null;
    activeUntil: string | null;
    capMinutes: number | null;
    words: Generated<string>;
    closeness: GeneratedAlways<number>;
    version: Generated<number>;
  };
  messaging_scene: {
    tenantId: Generated<string>;
    id: Generated<string>;
    version: number;
    createdAt: Generated<Date>;
    deletedAt: Date | null;
  };
  messaging_scene_version: {
    tenantId: Generated<string>;
    sceneId: string;
    version: number;
    name: string;
    trigger: SceneTrigger;
    channelId: string | null;
    items: Json<SceneItem[]>;
    enabled: boolean;
    changedBy: string;
    createdAt: Generated<Date>;
  };
  messaging_step: {
    tenantId: Generated<string>;
    id: Generated<string>;
    deliveryId: string;
    kind: string;
    zh: string;
    en: string;
    details: Json<Record<string, unknown>>;
    at: Date;
  };
  messaging_told: {
    tenantId: Generated<string>;
    wechatAppId: string;
    openid: string;
    what: string;
    at: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends MessagingTables {}
}
