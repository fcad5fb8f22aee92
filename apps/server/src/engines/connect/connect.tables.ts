import type { Generated } from "kysely";

export interface ConnectTables {
  connect_app: {
    tenant_id: string;
    id: string;
    name: string;
    app_id: string;
    mode: "plain" | "compatible" | "safe";
    secret_sealed: string;
    push_token_sealed: string;
    aes_key_sealed: string | null;
    disabled: Generated<boolean>;
    verified_at: Date | null;
    created_at: Date;
  };
  connect_token: {
    tenant_id: string;
    wechat_app_id: string;
    value_sealed: string | null;
    value_hash: string | null;
    expires_at: Date | null;
    voided: Generated<boolean>;
    lease_owner: string | null;
    lease_until: Date | null;
  };
  connect_channel: {
    tenant_id: string;
    id: string;
    wechat_app_id: string;
    name: string;
    scene: string;
    ticket: string;
    qr_url: string;
    expires_at: Date | null;
    leader_name: string;
    leader_mail: string;
    created_at: Date;
  };
  connect_inbound: {
    tenant_id: string;
    id: string;
    wechat_app_id: string;
    dedupe_key: string;
    openid: string;
    kind: string;
    content: unknown;
    channel_id: string | null;
    reply: unknown;
    reply_by: string | null;
    repeats: Generated<number>;
    trace_id: string;
    sent_at: Date;
    received_at: Date;
  };
}

declare module "@zhanggui/kit/server/tables" {
  interface Tables extends ConnectTables {}
}
