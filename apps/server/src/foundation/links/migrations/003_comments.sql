-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE links_link IS 'Short links. A deleted one keeps its row, for its slug is never given again.';
COMMENT ON COLUMN links_link.slug IS 'What stands behind /s/; unique over all tenants, who share one host.';
COMMENT ON COLUMN links_link.own_slug IS 'Somebody chose the slug and prints it: it is given to nobody else who shortens the same address.';
COMMENT ON COLUMN links_link.url IS 'Where it leads.';
COMMENT ON COLUMN links_link.title IS 'What people call it; null: nothing.';
COMMENT ON COLUMN links_link.rules IS 'Other destinations by browser, in order. {type LinkRule[] from ./links.contract.ts}';
COMMENT ON COLUMN links_link.expires_at IS 'From when it leads nowhere; null: never.';
COMMENT ON COLUMN links_link.max_clicks IS 'After so many it leads nowhere; null: any number.';
COMMENT ON COLUMN links_link.password_hash IS 'Hash of the password that it asks for; null: none.';
COMMENT ON COLUMN links_link.disabled IS 'Switched off by somebody.';
COMMENT ON COLUMN links_link.deleted_at IS 'When it was deleted; null: it wasn''t.';
COMMENT ON COLUMN links_link.words IS 'Slug, title and address, for the search; a trigger writes it.';
COMMENT ON COLUMN links_link.owner_id IS 'The account whose it is; null: nobody''s (from before, or made by a key).';

COMMENT ON TABLE links_counter IS 'Clicks of each link in all, apart so that counting locks no link.';
COMMENT ON COLUMN links_counter.link_id IS 'The link.';
COMMENT ON COLUMN links_counter.clicks IS 'How many.';

COMMENT ON TABLE links_click IS 'Clicks of each link by the hour.';
COMMENT ON COLUMN links_click.link_id IS 'The link.';
COMMENT ON COLUMN links_click.hour IS 'The hour''s beginning, UTC.';
COMMENT ON COLUMN links_click.clicks IS 'How many in it.';
