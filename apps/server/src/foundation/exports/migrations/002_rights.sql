-- additive
-- What its account might do when it began: who may do less by then neither goes on with it nor fetches its file.
ALTER TABLE exports_export
  ADD COLUMN rights jsonb NOT NULL DEFAULT '{"permissions": [], "scopes": [], "departmentIds": []}';
COMMENT ON COLUMN exports_export.rights IS 'type HeldRights from ./sameness.ts';
