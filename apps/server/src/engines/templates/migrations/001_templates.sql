-- additive
CREATE TABLE templates_template (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('official', 'subscribe')),
  template_id text NOT NULL,
  title text NOT NULL,
  content text NOT NULL,
  example text NOT NULL,
  fields jsonb NOT NULL,
  lasts boolean NOT NULL,
  seen_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, template_id)
);
CREATE INDEX templates_template_by_title ON templates_template (tenant_id, title, id);
CREATE INDEX templates_template_by_kind ON templates_template (tenant_id, kind, title, id);
CREATE INDEX templates_template_by_app ON templates_template (tenant_id, wechat_app_id, title, id);
SELECT zg_make_searchable('templates_template', 'title');
COMMENT ON TABLE templates_template IS 'The message templates that each WeChat account has, as they were last read there. Gone there, a row goes.';
COMMENT ON COLUMN templates_template.wechat_app_id IS 'The account.';
COMMENT ON COLUMN templates_template.kind IS 'Template messages of an official account, or subscription messages of a mini-program.';
COMMENT ON COLUMN templates_template.template_id IS 'WeChat''s id of it: what sending names.';
COMMENT ON COLUMN templates_template.title IS 'As WeChat calls it.';
COMMENT ON COLUMN templates_template.content IS 'WeChat''s text, with {{name.DATA}} for each field.';
COMMENT ON COLUMN templates_template.example IS 'WeChat''s example; may be empty.';
COMMENT ON COLUMN templates_template.fields IS 'What is filled in, in order, with its label. {type { readonly name: string; readonly label: string }[]}';
COMMENT ON COLUMN templates_template.lasts IS 'Whether one consent lasts for good; others are used up by one message.';
COMMENT ON COLUMN templates_template.seen_at IS 'When it was last read at WeChat.';
