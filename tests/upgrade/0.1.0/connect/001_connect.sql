CREATE TABLE connect_app (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  name text NOT NULL,
  app_id text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('plain', 'compatible', 'safe')),
  secret_sealed text NOT NULL,
  push_token_sealed text NOT NULL,
  aes_key_sealed text,
  disabled boolean NOT NULL DEFAULT false,
  verified_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
-- One account pushes to one address, so it belongs to one tenant.
CREATE UNIQUE INDEX connect_app_by_app_id ON connect_app (app_id);
CREATE UNIQUE INDEX connect_app_by_id ON connect_app (id);

-- The one access token of an app and the right to renew it: shared by all processes.
CREATE TABLE connect_token (
  tenant_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  value_sealed text,
  value_hash text,
  expires_at timestamptz,
  voided boolean NOT NULL DEFAULT false,
  lease_owner text,
  lease_until timestamptz,
  PRIMARY KEY (tenant_id, wechat_app_id),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);

CREATE TABLE connect_channel (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  name text NOT NULL,
  scene text NOT NULL,
  ticket text NOT NULL,
  qr_url text NOT NULL,
  expires_at timestamptz,
  leader_name text NOT NULL,
  leader_mail text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  UNIQUE (tenant_id, wechat_app_id, scene),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);

-- What WeChat pushed: one row per message, however often it came.
CREATE TABLE connect_inbound (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  dedupe_key text NOT NULL,
  openid text NOT NULL,
  kind text NOT NULL,
  content jsonb NOT NULL,
  channel_id uuid,
  -- The passive reply that every repeat gets too.
  reply jsonb,
  reply_by text,
  repeats integer NOT NULL DEFAULT 0,
  trace_id text NOT NULL,
  sent_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, dedupe_key),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES connect_channel (tenant_id, id)
);
CREATE INDEX connect_inbound_by_app ON connect_inbound (tenant_id, wechat_app_id, id DESC);
CREATE INDEX connect_inbound_by_openid ON connect_inbound (tenant_id, openid, id DESC);
CREATE INDEX connect_inbound_by_trace ON connect_inbound (tenant_id, trace_id);
CREATE INDEX connect_inbound_by_channel ON connect_inbound (tenant_id, channel_id, openid) WHERE channel_id IS NOT NULL;
