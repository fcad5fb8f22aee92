CREATE TABLE messaging_rule (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  name text NOT NULL,
  on_kind text NOT NULL CHECK (on_kind IN ('follow', 'scan', 'keyword')),
  wechat_app_id uuid,
  channel_id uuid,
  keyword text,
  match text NOT NULL CHECK (match IN ('exact', 'contains')),
  reply text NOT NULL,
  enabled boolean NOT NULL,
  answered integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((on_kind = 'keyword') = (keyword IS NOT NULL))
);

-- The head of a scene; what it sends stands in its versions, which never change.
CREATE TABLE messaging_scene (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE TABLE messaging_scene_version (
  tenant_id uuid NOT NULL,
  scene_id uuid NOT NULL,
  version integer NOT NULL,
  name text NOT NULL,
  trigger text NOT NULL,
  channel_id uuid,
  items jsonb NOT NULL,
  enabled boolean NOT NULL,
  changed_by text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, scene_id, version),
  FOREIGN KEY (tenant_id, scene_id) REFERENCES messaging_scene (tenant_id, id)
);

-- One row per message to one address: its own queue, so that state and queue can't disagree.
CREATE TABLE messaging_delivery (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  scene_id uuid NOT NULL,
  scene_version integer NOT NULL,
  item integer NOT NULL,
  event_id uuid NOT NULL,
  scene_name text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('wechat_template', 'mail')),
  wechat_app_id uuid NOT NULL,
  person_id uuid NOT NULL,
  person_name text NOT NULL,
  address text NOT NULL,
  content jsonb NOT NULL,
  state text NOT NULL
    CHECK (state IN ('ready', 'submitting', 'accepted', 'delivered', 'failed', 'unknown', 'suppressed')),
  reason_zh text NOT NULL,
  reason_en text NOT NULL,
  -- Tries in which the provider certainly did nothing.
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  -- Who is sending it now, and until when we believe that they live.
  claimed_by text,
  lease_until timestamptz,
  provider_id text,
  trace_id text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  -- An event that is handled again makes no second delivery.
  UNIQUE (tenant_id, event_id, scene_id, item),
  FOREIGN KEY (tenant_id, scene_id, scene_version)
    REFERENCES messaging_scene_version (tenant_id, scene_id, version)
);
CREATE INDEX messaging_delivery_due ON messaging_delivery (due_at) WHERE state = 'ready';
CREATE INDEX messaging_delivery_leased ON messaging_delivery (lease_until) WHERE state = 'submitting';
CREATE INDEX messaging_delivery_by_person ON messaging_delivery (tenant_id, person_id, id DESC);
CREATE INDEX messaging_delivery_by_trace ON messaging_delivery (tenant_id, trace_id);
CREATE INDEX messaging_delivery_by_provider ON messaging_delivery (tenant_id, wechat_app_id, provider_id)
  WHERE provider_id IS NOT NULL;

-- Every decision and every attempt, in order. Nothing here is ever changed.
CREATE TABLE messaging_step (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  kind text NOT NULL,
  zh text NOT NULL,
  en text NOT NULL,
  details jsonb NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES messaging_delivery (tenant_id, id)
);
CREATE INDEX messaging_step_by_delivery ON messaging_step (tenant_id, delivery_id, id);

-- WeChat's word on how a template message ended. It may be here before the answer to the sending is.
CREATE TABLE messaging_receipt (
  tenant_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  provider_id text NOT NULL,
  status text NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, wechat_app_id, provider_id)
);
