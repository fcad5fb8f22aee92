-- additive
CREATE TABLE sms_account (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  provider text NOT NULL CHECK (provider IN ('tencent', 'aliyun', 'emay')),
  key_id text NOT NULL,
  secret_sealed text NOT NULL,
  sdk_app_id text,
  weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 100),
  per_second integer CHECK (per_second BETWEEN 1 AND 10000),
  enabled boolean NOT NULL DEFAULT true,
  callback_key text NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  broken_until timestamptz(3),
  zh text,
  en text,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  deleted_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE sms_account IS 'An account at a carrier of text messages.';
COMMENT ON COLUMN sms_account.name IS 'As operators call it.';
COMMENT ON COLUMN sms_account.provider IS 'Whose it is.';
COMMENT ON COLUMN sms_account.key_id IS 'Tencent''s SecretId, Aliyun''s AccessKeyId, emay''s appId.';
COMMENT ON COLUMN sms_account.secret_sealed IS 'What its calls are signed or sealed with.';
COMMENT ON COLUMN sms_account.sdk_app_id IS 'Tencent''s SmsSdkAppId; null: another carrier''s.';
COMMENT ON COLUMN sms_account.weight IS 'Its share of what is sent; 0: only where no other can.';
COMMENT ON COLUMN sms_account.per_second IS 'Most texts a second from each process; null: as many as come.';
COMMENT ON COLUMN sms_account.enabled IS 'Whether it takes part.';
COMMENT ON COLUMN sms_account.callback_key IS 'Stands in the address that its carrier pushes receipts to, for those aren''t signed.';
COMMENT ON COLUMN sms_account.failures IS 'Calls in a row that couldn''t be handed over.';
COMMENT ON COLUMN sms_account.broken_until IS 'It is left out until then; after that, one call tries it. Null: it works.';
COMMENT ON COLUMN sms_account.zh IS 'Why it is left out, in Chinese; null: it isn''t.';
COMMENT ON COLUMN sms_account.en IS 'Why it is left out, in English; null: it isn''t.';
COMMENT ON COLUMN sms_account.deleted_at IS 'When it was taken away; null: it is there. What it sent names it still.';

CREATE TABLE sms_template (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  category text NOT NULL CHECK (category IN ('code', 'notice', 'marketing')),
  text text NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  deleted_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE sms_template IS 'A text with places for what differs, as the carriers have approved it.';
COMMENT ON COLUMN sms_template.name IS 'As operators call it.';
COMMENT ON COLUMN sms_template.category IS 'What it is for: codes go by the first of theirs that can be sent.';
COMMENT ON COLUMN sms_template.text IS 'Without its signature; {{ name }} where something is put in.';
COMMENT ON COLUMN sms_template.enabled IS 'Whether it is sent.';
COMMENT ON COLUMN sms_template.deleted_at IS 'When it was taken away; null: it is there.';

CREATE TABLE sms_binding (
  tenant_id uuid NOT NULL,
  template_id uuid NOT NULL,
  account_id uuid NOT NULL,
  signature text NOT NULL,
  code text NOT NULL,
  refused_at timestamptz(3),
  zh text,
  en text,
  PRIMARY KEY (tenant_id, template_id, account_id),
  FOREIGN KEY (tenant_id, template_id) REFERENCES sms_template (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, account_id) REFERENCES sms_account (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sms_binding_by_account ON sms_binding (tenant_id, account_id);
COMMENT ON TABLE sms_binding IS 'What a template is called at an account, where its carrier has approved it.';
COMMENT ON COLUMN sms_binding.template_id IS 'The template.';
COMMENT ON COLUMN sms_binding.account_id IS 'The account.';
COMMENT ON COLUMN sms_binding.signature IS 'The approved signature it goes out under, without brackets.';
COMMENT ON COLUMN sms_binding.code IS 'The carrier''s name of the template; empty where it has none.';
COMMENT ON COLUMN sms_binding.refused_at IS 'When the carrier refused the wording: it isn''t used until somebody saves it anew. Null: it didn''t.';
COMMENT ON COLUMN sms_binding.zh IS 'Why it was refused, in Chinese; null: it wasn''t.';
COMMENT ON COLUMN sms_binding.en IS 'Why it was refused, in English; null: it wasn''t.';

CREATE TABLE sms_attempt (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  message_id uuid NOT NULL,
  number integer NOT NULL,
  category text NOT NULL CHECK (category IN ('code', 'notice', 'marketing')),
  template_id uuid NOT NULL,
  account_id uuid NOT NULL,
  phone text NOT NULL,
  phone_sealed text,
  why text CHECK (why IN ('recipient', 'recipient_limit', 'template', 'values', 'account', 'window', 'busy', 'request')),
  state text NOT NULL DEFAULT 'submitting'
    CHECK (state IN ('submitting', 'accepted', 'delivered', 'undelivered', 'no_receipt', 'refused', 'unreached', 'unknown')),
  code text,
  zh text NOT NULL,
  en text NOT NULL,
  provider_id text,
  segments integer,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  answered_at timestamptz(3),
  asked_at timestamptz(3),
  reported_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, message_id, number)
);
CREATE INDEX sms_attempt_by_provider_id ON sms_attempt (tenant_id, account_id, provider_id);
CREATE INDEX sms_attempt_by_account ON sms_attempt (tenant_id, account_id, id);
CREATE INDEX sms_attempt_by_account_state ON sms_attempt (tenant_id, account_id, state, id);
CREATE INDEX sms_attempt_by_state ON sms_attempt (tenant_id, state, id);
CREATE INDEX sms_attempt_by_category ON sms_attempt (tenant_id, category, id);
COMMENT ON TABLE sms_attempt IS 'One text handed to one account. Written before the call goes out.';
COMMENT ON COLUMN sms_attempt.message_id IS 'What was to be sent: a code or a delivery.';
COMMENT ON COLUMN sms_attempt.number IS 'From 1: the first that certainly wasn''t sent was followed by another account''s.';
COMMENT ON COLUMN sms_attempt.category IS 'What it was for.';
COMMENT ON COLUMN sms_attempt.template_id IS 'The template.';
COMMENT ON COLUMN sms_attempt.account_id IS 'The account.';
COMMENT ON COLUMN sms_attempt.phone IS 'The number, all but its ends hidden.';
COMMENT ON COLUMN sms_attempt.phone_sealed IS 'The number, until it is known what became of it: carriers are asked by it. Null after that.';
COMMENT ON COLUMN sms_attempt.why IS 'Of what kind a refusal was; null: it wasn''t refused.';
COMMENT ON COLUMN sms_attempt.state IS '`unreached`: nobody took the call. `no_receipt`: the network never said. `unknown`: nobody can tell.';
COMMENT ON COLUMN sms_attempt.code IS 'The carrier''s or the network''s own word; null: none.';
COMMENT ON COLUMN sms_attempt.zh IS 'How it stands, in Chinese.';
COMMENT ON COLUMN sms_attempt.en IS 'How it stands, in English.';
COMMENT ON COLUMN sms_attempt.provider_id IS 'The carrier''s number of it; null: it gave none.';
COMMENT ON COLUMN sms_attempt.segments IS 'How many texts are paid for; null: not known.';
COMMENT ON COLUMN sms_attempt.answered_at IS 'When the carrier answered; null: it didn''t.';
COMMENT ON COLUMN sms_attempt.asked_at IS 'When the carrier was last asked what became of it; null: it wasn''t.';
COMMENT ON COLUMN sms_attempt.reported_at IS 'When the network reported; null: it didn''t.';

CREATE TABLE sms_receipt (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  account_id uuid NOT NULL,
  provider_id text NOT NULL,
  delivered boolean NOT NULL,
  code text NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, account_id, provider_id)
);
CREATE INDEX sms_receipt_by_received_at ON sms_receipt (tenant_id, received_at);
COMMENT ON TABLE sms_receipt IS 'Receipts, kept apart since one may come before the answer that names its text is stored.';
COMMENT ON COLUMN sms_receipt.account_id IS 'The account.';
COMMENT ON COLUMN sms_receipt.provider_id IS 'The carrier''s number of the text.';
COMMENT ON COLUMN sms_receipt.delivered IS 'Whether it reached the phone.';
COMMENT ON COLUMN sms_receipt.code IS 'The network''s own word.';
COMMENT ON COLUMN sms_receipt.received_at IS 'When it came.';

CREATE TABLE sms_reply (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  phone text NOT NULL,
  signature text NOT NULL,
  text text NOT NULL,
  at timestamptz(3) NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, account_id, fingerprint)
);
COMMENT ON TABLE sms_reply IS 'What people wrote back.';
COMMENT ON COLUMN sms_reply.account_id IS 'The account it came by.';
COMMENT ON COLUMN sms_reply.phone IS 'The number, all but its ends hidden.';
COMMENT ON COLUMN sms_reply.signature IS 'Whom they answered; empty: the carrier didn''t say.';
COMMENT ON COLUMN sms_reply.text IS 'What they wrote.';
COMMENT ON COLUMN sms_reply.at IS 'When.';
COMMENT ON COLUMN sms_reply.fingerprint IS 'Number, time and text as a keyed hash: a push that comes twice is one reply.';
