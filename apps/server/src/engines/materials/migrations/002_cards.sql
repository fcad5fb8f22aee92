-- additive
CREATE TABLE materials_card (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  mini_program_id uuid NOT NULL,
  title text NOT NULL,
  page_path text NOT NULL,
  file_id uuid,
  media_id text,
  made_at timestamptz(3),
  state text NOT NULL CHECK (state IN ('making', 'made', 'failed', 'unknown')),
  upload_name text,
  asked_at timestamptz(3),
  busy_until timestamptz(3),
  zh text,
  en text,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, mini_program_id)
);
COMMENT ON TABLE materials_card IS 'What an official account sends as the card of a mini-program: one for each pair of them.';
COMMENT ON COLUMN materials_card.wechat_app_id IS 'The account that sends it, and whose library holds its picture.';
COMMENT ON COLUMN materials_card.mini_program_id IS 'The mini-program that it opens, as it is bound here.';
COMMENT ON COLUMN materials_card.title IS 'What it says.';
COMMENT ON COLUMN materials_card.page_path IS 'The page that it opens.';
COMMENT ON COLUMN materials_card.file_id IS 'Its picture as somebody uploaded it; null: ours.';
COMMENT ON COLUMN materials_card.media_id IS 'WeChat''s id of its picture; null: it isn''t in the library.';
COMMENT ON COLUMN materials_card.made_at IS 'When that picture came into the library.';
COMMENT ON COLUMN materials_card.state IS '`unknown`: WeChat was asked to take the picture and hasn''t answered.';
COMMENT ON COLUMN materials_card.upload_name IS 'By what name the picture goes into the library, where it can be found by it; null: nothing is to be uploaded.';
COMMENT ON COLUMN materials_card.asked_at IS 'When WeChat was asked to take it under that name; null: it wasn''t, or refused.';
COMMENT ON COLUMN materials_card.busy_until IS 'Until when somebody is at it; null: nobody.';
COMMENT ON COLUMN materials_card.zh IS 'Why it isn''t made, in Chinese; null: it is, or will be.';
COMMENT ON COLUMN materials_card.en IS 'Why it isn''t made, in English; null: it is, or will be.';
