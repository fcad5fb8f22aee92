CREATE TABLE audience_person (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  display_name text NOT NULL,
  -- The channel that brought them: when WeChat says they scanned it, and which message told. An earlier scan may be
  -- handled later; of two in the same second, the one that came in first counts.
  first_channel_id uuid,
  first_channel_at timestamptz,
  first_channel_by uuid,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  -- Set when two records turned out to be one person: the earlier one goes on, this one only points at it.
  merged_into uuid,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nulls(first_channel_id, first_channel_at, first_channel_by) IN (0, 3)),
  FOREIGN KEY (tenant_id, merged_into) REFERENCES audience_person (tenant_id, id)
);
CREATE INDEX audience_person_by_seen ON audience_person (tenant_id, last_seen_at DESC, id DESC) WHERE merged_into IS NULL;

CREATE TABLE audience_identity (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('openid', 'unionid', 'phone', 'mail')),
  -- The app's id for an openid, which means nothing elsewhere; empty for the others.
  scope text NOT NULL,
  value text NOT NULL,
  -- For an openid: whether they follow, and which message last said so. A later one may be handled earlier.
  following boolean,
  following_since timestamptz,
  following_by uuid,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, kind, scope, value),
  FOREIGN KEY (tenant_id, person_id) REFERENCES audience_person (tenant_id, id)
);
CREATE INDEX audience_identity_by_person ON audience_identity (tenant_id, person_id);

CREATE TABLE audience_tag (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE audience_person_tag (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  tag_id uuid NOT NULL,
  -- Where it came from: the account that set it, or the channel.
  source text NOT NULL CHECK (source IN ('manual', 'channel')),
  source_id text NOT NULL,
  source_name text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, person_id, tag_id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES audience_person (tenant_id, id),
  FOREIGN KEY (tenant_id, tag_id) REFERENCES audience_tag (tenant_id, id)
);
CREATE INDEX audience_person_tag_by_tag ON audience_person_tag (tenant_id, tag_id);

CREATE TABLE audience_timeline (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL,
  details jsonb NOT NULL,
  trace_id text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES audience_person (tenant_id, id)
);
CREATE INDEX audience_timeline_by_person ON audience_timeline (tenant_id, person_id, at DESC, id DESC);
