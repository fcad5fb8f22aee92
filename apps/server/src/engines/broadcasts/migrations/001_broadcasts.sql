-- additive
CREATE TABLE broadcasts_broadcast (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  name text NOT NULL,
  audience text NOT NULL CHECK (audience IN ('all', 'wechat_tag', 'tag')),
  wechat_tag_id integer,
  tag_id uuid,
  message text NOT NULL CHECK (message IN ('text', 'material')),
  text text,
  material_id uuid,
  sent_as jsonb,
  state text NOT NULL DEFAULT 'draft'
    CHECK (state IN ('draft', 'sending', 'sent', 'partly', 'failed', 'unknown', 'taken_down')),
  people integer NOT NULL DEFAULT 0,
  total integer NOT NULL DEFAULT 0,
  sent integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  sent_by uuid,
  sent_at timestamptz(3),
  ended_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  CHECK ((audience = 'wechat_tag') = (wechat_tag_id IS NOT NULL)),
  CHECK ((audience = 'tag') = (tag_id IS NOT NULL)),
  CHECK ((message = 'text') = (text IS NOT NULL))
);
CREATE INDEX broadcasts_broadcast_by_state ON broadcasts_broadcast (tenant_id, state, id);
CREATE INDEX broadcasts_broadcast_by_app ON broadcasts_broadcast (tenant_id, wechat_app_id, id);
SELECT zg_make_searchable('broadcasts_broadcast', 'name');
COMMENT ON TABLE broadcasts_broadcast IS 'One message to many followers of a WeChat account.';
COMMENT ON COLUMN broadcasts_broadcast.wechat_app_id IS 'The account.';
COMMENT ON COLUMN broadcasts_broadcast.name IS 'As operators call it; nobody else sees it.';
COMMENT ON COLUMN broadcasts_broadcast.audience IS 'Whom it is for: all followers, a tag that WeChat keeps, a tag of ours.';
COMMENT ON COLUMN broadcasts_broadcast.wechat_tag_id IS 'WeChat''s tag; null: for others.';
COMMENT ON COLUMN broadcasts_broadcast.tag_id IS 'Our tag; null: for others.';
COMMENT ON COLUMN broadcasts_broadcast.message IS 'Whether it is a text or something of the material library.';
COMMENT ON COLUMN broadcasts_broadcast.text IS 'The text; null: material.';
COMMENT ON COLUMN broadcasts_broadcast.material_id IS 'The material; null: a text, or material that has gone since.';
COMMENT ON COLUMN broadcasts_broadcast.sent_as IS 'What WeChat was given; null: nothing yet. {type MassMessage from @zhanggui/wechat/calls/mass-messages}';
COMMENT ON COLUMN broadcasts_broadcast.state IS '`partly`: some of its parts failed. `unknown`: nobody can tell of some. `taken_down`: what it opens is gone.';
COMMENT ON COLUMN broadcasts_broadcast.people IS 'How many it was for when it was sent.';
COMMENT ON COLUMN broadcasts_broadcast.total IS 'How many WeChat says that it was for.';
COMMENT ON COLUMN broadcasts_broadcast.sent IS 'How many got it.';
COMMENT ON COLUMN broadcasts_broadcast.failed IS 'How many WeChat tried and failed to reach.';
COMMENT ON COLUMN broadcasts_broadcast.sent_by IS 'The account that sent it; null: nobody yet.';
COMMENT ON COLUMN broadcasts_broadcast.sent_at IS 'When it was sent; null: not yet.';
COMMENT ON COLUMN broadcasts_broadcast.ended_at IS 'When WeChat had reported on all of it; null: not yet.';

CREATE TABLE broadcasts_part (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  broadcast_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  number integer NOT NULL,
  people integer NOT NULL,
  openids jsonb,
  wechat_tag_id integer,
  may_be_sent boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'asking', 'accepted', 'done', 'failed', 'unknown')),
  msg_id text,
  status text,
  total integer NOT NULL DEFAULT 0,
  sent integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  is_polled boolean NOT NULL DEFAULT false,
  zh text,
  en text,
  asked_at timestamptz(3),
  accepted_at timestamptz(3),
  ended_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, broadcast_id, number),
  UNIQUE (tenant_id, wechat_app_id, msg_id),
  FOREIGN KEY (tenant_id, broadcast_id) REFERENCES broadcasts_broadcast (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX broadcasts_part_by_state ON broadcasts_part (tenant_id, accepted_at) WHERE state = 'accepted';
COMMENT ON TABLE broadcasts_part IS 'What of a broadcast is one call of WeChat''s: all of it, or ten thousand openids at most.';
COMMENT ON COLUMN broadcasts_part.broadcast_id IS 'The broadcast.';
COMMENT ON COLUMN broadcasts_part.wechat_app_id IS 'Its account.';
COMMENT ON COLUMN broadcasts_part.number IS 'From 1.';
COMMENT ON COLUMN broadcasts_part.people IS 'How many it was for when it was sent.';
COMMENT ON COLUMN broadcasts_part.openids IS 'Whom it goes to; null: WeChat knows by itself. {type string[]}';
COMMENT ON COLUMN broadcasts_part.wechat_tag_id IS 'WeChat''s tag that it goes to; null: openids, or all followers.';
COMMENT ON COLUMN broadcasts_part.may_be_sent IS 'Whether one of the tries may have been done, though no answer came.';
COMMENT ON COLUMN broadcasts_part.state IS '`asking`: a call is under way. `accepted`: WeChat took it and hasn''t reported. `unknown`: nobody can tell.';
COMMENT ON COLUMN broadcasts_part.msg_id IS 'WeChat''s number of the sending; null: none yet.';
COMMENT ON COLUMN broadcasts_part.status IS 'WeChat''s own word of how it ended; null: it hasn''t.';
COMMENT ON COLUMN broadcasts_part.total IS 'How many WeChat says that it was for.';
COMMENT ON COLUMN broadcasts_part.sent IS 'How many got it.';
COMMENT ON COLUMN broadcasts_part.failed IS 'How many WeChat tried and failed to reach.';
COMMENT ON COLUMN broadcasts_part.is_polled IS 'WeChat''s report never came, and it was asked: it says that all went out, not to how many.';
COMMENT ON COLUMN broadcasts_part.zh IS 'Why it failed, in Chinese; null: it didn''t.';
COMMENT ON COLUMN broadcasts_part.en IS 'Why it failed, in English; null: it didn''t.';
COMMENT ON COLUMN broadcasts_part.asked_at IS 'When WeChat was last asked; null: not yet.';
COMMENT ON COLUMN broadcasts_part.accepted_at IS 'When WeChat took it; null: it didn''t.';
COMMENT ON COLUMN broadcasts_part.ended_at IS 'When it ended; null: it hasn''t.';

CREATE TABLE broadcasts_receipt (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  wechat_app_id uuid NOT NULL,
  msg_id text NOT NULL,
  status text NOT NULL,
  total integer NOT NULL,
  sent integer NOT NULL,
  failed integer NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, wechat_app_id, msg_id)
);
COMMENT ON TABLE broadcasts_receipt IS 'WeChat''s reports, kept apart since one may come before the answer that names it is stored.';
COMMENT ON COLUMN broadcasts_receipt.wechat_app_id IS 'The account.';
COMMENT ON COLUMN broadcasts_receipt.msg_id IS 'WeChat''s number of the sending.';
COMMENT ON COLUMN broadcasts_receipt.status IS 'WeChat''s own word of how it ended.';
COMMENT ON COLUMN broadcasts_receipt.total IS 'How many it was for.';
COMMENT ON COLUMN broadcasts_receipt.sent IS 'How many got it.';
COMMENT ON COLUMN broadcasts_receipt.failed IS 'How many it failed to reach.';
COMMENT ON COLUMN broadcasts_receipt.received_at IS 'When it came.';
