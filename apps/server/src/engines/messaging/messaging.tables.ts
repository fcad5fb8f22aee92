import type { Generated } from "kysely";

export type DeliveryState = "ready" | "submitting" | "accepted" | "delivered" | "failed" | "unknown" | "suppressed";

export interface MessagingTables {
  messaging_rule: {
    tenant_id: string;
    id: string;
    name: string;
    on_kind: "follow" | "scan" | "keyword";
    wechat_app_id: string | null;
    channel_id: string | null;
    keyword: string | null;
    match: "exact" | "contains";
    reply: string;
    enabled: boolean;
    answered: Generated<number>;
    created_at: Date;
  };
  messaging_scene: { tenant_id: string; id: string; version: number; created_at: Date };
  messaging_scene_version: {
    tenant_id: string;
    scene_id: string;
    version: number;
    name: string;
    trigger: string;
    channel_id: string | null;
    items: unknown;
    enabled: boolean;
    changed_by: string;
    created_at: Date;
  };
  messaging_delivery: {
    tenant_id: string;
    id: string;
    scene_id: string;
    scene_version: number;
    item: number;
    event_id: string;
    scene_name: string;
    channel: "wechat_template" | "mail";
    wechat_app_id: string;
    person_id: string;
    person_name: string;
    address: string;
    content: unknown;
    state: DeliveryState;
    reason_zh: string;
    reason_en: string;
    attempts: Generated<number>;
    due_at: Date;
    claimed_by: string | null;
    lease_until: Date | null;
    provider_id: string | null;
    trace_id: string;
    created_at: Date;
    updated_at: Date;
  };
  messaging_step: {
    tenant_id: string;
    id: string;
    delivery_id: string;
    kind: string;
    zh: string;
    en: string;
    details: unknown;
    at: Date;
  };
  messaging_receipt: {
    tenant_id: string;
    wechat_app_id: string;
    provider_id: string;
    status: string;
    received_at: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends MessagingTables {}
}
