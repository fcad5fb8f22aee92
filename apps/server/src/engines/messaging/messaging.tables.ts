// Made from the migrations by `./zg tables`. Don't edit.
import type { Generated, GeneratedAlways } from "kysely";
import type { Json } from "@zhanggui/kit/server/tables";
import type { SceneItem, SceneTrigger } from "./scene.contract.ts";

export interface MessagingTables {
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
    on: "follow" | "scan" | "keyword";
    wechatAppId: string | null;
    channelId: string | null;
    keyword: string | null;
    match: "exact" | "contains";
    reply: string;
    enabled: boolean;
    answered: Generated<number>;
    createdAt: Generated<Date>;
    deletedAt: Date | null;
    closeness: GeneratedAlways<number>;
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
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends MessagingTables {}
}
