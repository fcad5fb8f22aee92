-- additive
-- Sessions of people who sign in to pages of the business: apart from those of accounts, in every respect. `person_id`
-- is audience's. Of the address that they signed in by, there is only what may be shown.
CREATE TABLE customers_session (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  person_id uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('phone', 'mail')),
  address_masked text NOT NULL,
  network text NOT NULL,
  browser text NOT NULL,
  refresh_hash text NOT NULL,
  previous_hash text,
  renewed_at timestamptz(3),
  expires_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  ended_because text,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX customers_session_by_person ON customers_session (tenant_id, person_id, id);
CREATE INDEX customers_session_by_end ON customers_session (tenant_id, expires_at);

-- Refresh tokens that were used: one that comes again was copied by somebody.
CREATE TABLE customers_used_refresh (
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  refresh_hash text NOT NULL,
  PRIMARY KEY (tenant_id, session_id, refresh_hash),
  FOREIGN KEY (tenant_id, session_id) REFERENCES customers_session (tenant_id, id) ON DELETE CASCADE
);

-- People who may not sign in.
CREATE TABLE customers_block (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  person_id uuid NOT NULL,
  reason text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, person_id)
);

-- What a customer's pages are told, in each one's own order.
CREATE TABLE customers_notice (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL,
  details jsonb NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX customers_notice_by_person ON customers_notice (tenant_id, person_id, id);
COMMENT ON COLUMN customers_notice.details IS 'What belongs to that. {type Record<string, unknown>}';

COMMENT ON TABLE customers_session IS 'Customers who are or were signed in to pages of the business.';
COMMENT ON COLUMN customers_session.person_id IS 'Who: audience''s person.';
COMMENT ON COLUMN customers_session.channel IS 'By what the code came that they signed in with.';
COMMENT ON COLUMN customers_session.address_masked IS 'What people may see of the phone or mail that it came to.';
COMMENT ON COLUMN customers_session.network IS 'The network that they signed in from.';
COMMENT ON COLUMN customers_session.browser IS 'What they signed in with, in a few words.';
COMMENT ON COLUMN customers_session.refresh_hash IS 'SHA-256 of the one refresh token that is good now.';
COMMENT ON COLUMN customers_session.previous_hash IS 'SHA-256 of the token before, which is answered again for a while; null before the first renewal.';
COMMENT ON COLUMN customers_session.renewed_at IS 'When it was renewed last; null before.';
COMMENT ON COLUMN customers_session.expires_at IS 'From when it can''t be renewed.';
COMMENT ON COLUMN customers_session.ended_at IS 'When it was ended; null while it isn''t.';
COMMENT ON COLUMN customers_session.ended_because IS 'Why it was ended; null while it isn''t.';

COMMENT ON TABLE customers_used_refresh IS 'Refresh tokens that were used: one that comes again was copied, and ends its session.';
COMMENT ON COLUMN customers_used_refresh.session_id IS 'The session.';
COMMENT ON COLUMN customers_used_refresh.refresh_hash IS 'SHA-256 of the token.';

COMMENT ON TABLE customers_block IS 'Customers who may not sign in.';
COMMENT ON COLUMN customers_block.person_id IS 'Who: audience''s person.';
COMMENT ON COLUMN customers_block.reason IS 'Why, for colleagues; the customer isn''t told.';

COMMENT ON TABLE customers_notice IS 'What a customer''s pages are told live, and once more after a break.';
COMMENT ON COLUMN customers_notice.person_id IS 'Whom it is about: audience''s person.';
COMMENT ON COLUMN customers_notice.kind IS 'What happened.';
COMMENT ON COLUMN customers_notice.at IS 'When it happened.';
