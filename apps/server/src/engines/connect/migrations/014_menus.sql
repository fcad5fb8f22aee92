-- additive
-- Menus of apps: a draft that people work at, and what was published of it, which never changes.
CREATE TABLE connect_menu (
  tenant_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  draft jsonb NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  changed_at timestamptz(3) NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (tenant_id, wechat_app_id),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);
COMMENT ON TABLE connect_menu IS 'The draft of an app''s menu; none: nobody has begun one.';
COMMENT ON COLUMN connect_menu.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_menu.draft IS 'What it shall be; may still break WeChat''s rules. {type Menu from ./menu-shape.contract.ts}';
COMMENT ON COLUMN connect_menu.revision IS 'Counts its changes: whoever saves names the one that they began with.';
COMMENT ON COLUMN connect_menu.changed_at IS 'When it was last changed.';
COMMENT ON COLUMN connect_menu.changed_by IS 'By whom, as they were called then.';

CREATE TABLE connect_menu_version (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  number integer NOT NULL,
  menu jsonb NOT NULL,
  state text NOT NULL DEFAULT 'publishing' CHECK (state IN ('publishing', 'published', 'refused', 'unknown')),
  errcode integer,
  published_at timestamptz(3) NOT NULL,
  published_by text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, number),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);
COMMENT ON TABLE connect_menu_version IS 'What was sent to WeChat as an app''s menu, one row each time.';
COMMENT ON COLUMN connect_menu_version.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_menu_version.number IS 'From 1.';
COMMENT ON COLUMN connect_menu_version.menu IS 'What it is. {type Menu from ./menu-shape.contract.ts}';
COMMENT ON COLUMN connect_menu_version.state IS '`publishing`: WeChat is being asked, or the process died meanwhile; `unknown`: no answer came, so WeChat may have it.';
COMMENT ON COLUMN connect_menu_version.errcode IS 'Why WeChat refused; null if it didn''t.';
COMMENT ON COLUMN connect_menu_version.published_at IS 'When it was sent.';
COMMENT ON COLUMN connect_menu_version.published_by IS 'By whom, as they were called then.';
