-- additive
CREATE TABLE materials_item (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('image', 'voice', 'video', 'news', 'mass_video')),
  media_id text NOT NULL,
  name text NOT NULL,
  titles jsonb NOT NULL DEFAULT '[]',
  expires_at timestamptz(3),
  changed_at timestamptz(3) NOT NULL,
  seen_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, media_id)
);
CREATE INDEX materials_item_by_change ON materials_item (tenant_id, changed_at, id);
CREATE INDEX materials_item_by_kind ON materials_item (tenant_id, kind, changed_at, id);
CREATE INDEX materials_item_by_app ON materials_item (tenant_id, wechat_app_id, changed_at, id);
SELECT zg_make_searchable('materials_item', 'name');
COMMENT ON TABLE materials_item IS 'What a WeChat account''s material library holds, as it was last read there. Gone there, a row goes.';
COMMENT ON COLUMN materials_item.wechat_app_id IS 'The account.';
COMMENT ON COLUMN materials_item.kind IS '`mass_video`: uploaded from disk for mass sending; in no library, and gone when it expires.';
COMMENT ON COLUMN materials_item.media_id IS 'WeChat''s id of it.';
COMMENT ON COLUMN materials_item.name IS 'Its file name; of articles the first one''s title.';
COMMENT ON COLUMN materials_item.titles IS 'Of articles, all titles in order. {type string[]}';
COMMENT ON COLUMN materials_item.expires_at IS 'When WeChat forgets it; null: it stays.';
COMMENT ON COLUMN materials_item.changed_at IS 'When it was last changed at WeChat.';
COMMENT ON COLUMN materials_item.seen_at IS 'When it was last read there.';

CREATE TABLE materials_sync (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  wechat_app_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  begun_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  items integer NOT NULL DEFAULT 0,
  zh text,
  en text,
  PRIMARY KEY (tenant_id, wechat_app_id)
);
COMMENT ON TABLE materials_sync IS 'How the last reading of each account''s material library went.';
COMMENT ON COLUMN materials_sync.wechat_app_id IS 'The account.';
COMMENT ON COLUMN materials_sync.state IS 'How it stands.';
COMMENT ON COLUMN materials_sync.begun_at IS 'When it began.';
COMMENT ON COLUMN materials_sync.ended_at IS 'When it ended; null: it goes on.';
COMMENT ON COLUMN materials_sync.items IS 'How many things were read.';
COMMENT ON COLUMN materials_sync.zh IS 'Why it failed, in Chinese; null: it didn''t.';
COMMENT ON COLUMN materials_sync.en IS 'Why it failed, in English; null: it didn''t.';
