-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE views_view IS 'What people made of a list, kept under a name.';
COMMENT ON COLUMN views_view.account_id IS 'Whose it is.';
COMMENT ON COLUMN views_view.list IS 'Id of the list''s route.';
COMMENT ON COLUMN views_view.name IS 'As they call it; unique for them and the list, whatever its case.';
COMMENT ON COLUMN views_view.name_key IS 'The name in lower case, for that.';
COMMENT ON COLUMN views_view.query IS 'The list''s query: filters, order, search. {type Record<string, string>}';
COMMENT ON COLUMN views_view.hidden IS 'Columns that aren''t shown.';
COMMENT ON COLUMN views_view.is_dense IS 'Whether rows are compact.';
COMMENT ON COLUMN views_view.is_shared IS 'Whether colleagues see it.';
COMMENT ON COLUMN views_view.opens IS 'Whether the list opens with it, for its owner.';
COMMENT ON COLUMN views_view.opening_list IS 'The list if it opens, else null: so that only one does.';
