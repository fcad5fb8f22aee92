-- additive
CREATE TABLE subscriptions_grant (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  openid text NOT NULL,
  template_id text NOT NULL,
  remaining integer NOT NULL DEFAULT 0 CHECK (remaining >= 0),
  held integer NOT NULL DEFAULT 0 CHECK (held >= 0),
  used integer NOT NULL DEFAULT 0 CHECK (used >= 0),
  carried integer NOT NULL DEFAULT 0,
  lasting boolean NOT NULL DEFAULT false,
  refusing boolean NOT NULL DEFAULT false,
  refused_at timestamptz(3),
  oldest_at timestamptz(3),
  answered_at timestamptz(3),
  state text GENERATED ALWAYS AS (CASE WHEN refusing THEN 'refused' WHEN lasting OR remaining > 0 THEN 'open'
    ELSE 'spent' END) STORED,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  changed_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, template_id, openid)
);
CREATE INDEX subscriptions_grant_by_change ON subscriptions_grant (tenant_id, changed_at, id);
CREATE INDEX subscriptions_grant_by_state ON subscriptions_grant (tenant_id, state, changed_at, id);
CREATE INDEX subscriptions_grant_by_app ON subscriptions_grant (tenant_id, wechat_app_id, changed_at, id);
CREATE INDEX subscriptions_grant_by_template ON subscriptions_grant (tenant_id, template_id, changed_at, id);
CREATE INDEX subscriptions_grant_by_openid ON subscriptions_grant (tenant_id, openid);
CREATE INDEX subscriptions_grant_by_age ON subscriptions_grant (tenant_id, oldest_at) WHERE remaining > 0;
CREATE INDEX subscriptions_grant_held ON subscriptions_grant (tenant_id, id) WHERE held > 0;
COMMENT ON TABLE subscriptions_grant IS 'How many subscription messages of a template somebody lets an app send: the sum of subscriptions_entry, under one lock.';
COMMENT ON COLUMN subscriptions_grant.wechat_app_id IS 'The mini-program, or the service account.';
COMMENT ON COLUMN subscriptions_grant.openid IS 'Who, as that app knows them.';
COMMENT ON COLUMN subscriptions_grant.template_id IS 'WeChat''s id of the template.';
COMMENT ON COLUMN subscriptions_grant.remaining IS 'Messages that may be sent yet; of a lasting one without meaning.';
COMMENT ON COLUMN subscriptions_grant.held IS 'Messages that somebody is about to send.';
COMMENT ON COLUMN subscriptions_grant.used IS 'Messages that went out, or may have.';
COMMENT ON COLUMN subscriptions_grant.carried IS 'The sum of the entries that were deleted for their age.';
COMMENT ON COLUMN subscriptions_grant.lasting IS 'Whether one consent lets any number be sent: WeChat''s long-term templates.';
COMMENT ON COLUMN subscriptions_grant.refusing IS 'Whether they said in their settings that they want no more, and haven''t accepted since.';
COMMENT ON COLUMN subscriptions_grant.refused_at IS 'What was accepted until then is void; null: nothing is.';
COMMENT ON COLUMN subscriptions_grant.oldest_at IS 'No consent that is left is older; null if none is left.';
COMMENT ON COLUMN subscriptions_grant.answered_at IS 'When they last answered; null: never.';
COMMENT ON COLUMN subscriptions_grant.state IS '`open`: a message can be sent; `spent`: none can until they accept again; `refused`: they want none.';
COMMENT ON COLUMN subscriptions_grant.changed_at IS 'When an entry was last written.';

CREATE TABLE subscriptions_entry (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  grant_id uuid NOT NULL,
  key text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('granted', 'rejected', 'confirmed', 'reserved', 'used', 'returned', 'expired',
    'revoked', 'delivered', 'failed')),
  amount integer NOT NULL,
  source text NOT NULL CHECK (source IN ('dialogue', 'report', 'settings', 'sending', 'wechat', 'age')),
  of_id uuid,
  msg_id text,
  code text,
  at timestamptz(3) NOT NULL,
  trace_id text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, grant_id, key),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES subscriptions_grant (tenant_id, id)
);
CREATE INDEX subscriptions_entry_by_grant ON subscriptions_entry (tenant_id, grant_id, at, id);
CREATE INDEX subscriptions_entry_of ON subscriptions_entry (tenant_id, of_id) WHERE of_id IS NOT NULL;
COMMENT ON TABLE subscriptions_entry IS 'What changed, or told of, somebody''s consent to messages of a template. Rows are only added, until they are old.';
COMMENT ON COLUMN subscriptions_entry.grant_id IS 'Whose consent to which template.';
COMMENT ON COLUMN subscriptions_entry.key IS 'What happened: the same again changes nothing.';
COMMENT ON COLUMN subscriptions_entry.kind IS '`confirmed`: the same dialogue, told another way; `reserved`: about to be sent; `delivered`, `failed`: WeChat''s word.';
COMMENT ON COLUMN subscriptions_entry.amount IS 'By how much it changes what may be sent.';
COMMENT ON COLUMN subscriptions_entry.source IS 'Who says so: WeChat of the dialogue or the settings, the mini-program (`report`), a sending, WeChat of one, or its age.';
COMMENT ON COLUMN subscriptions_entry.of_id IS 'The entry that it settles or confirms; null: none.';
COMMENT ON COLUMN subscriptions_entry.msg_id IS 'WeChat''s number of the message; null where there is none.';
COMMENT ON COLUMN subscriptions_entry.code IS 'WeChat''s errcode or word; `unknown`: nobody knows whether it went out; null: it went well.';
COMMENT ON COLUMN subscriptions_entry.at IS 'When it happened, by WeChat''s clock or the server''s.';
