-- no-transaction
-- additive
-- Who is no merged record, and who has a tag, in the order of ids: lists count both, and search looks up what it found,
-- from indexes alone. Tags in the order of their names.
CREATE INDEX CONCURRENTLY audience_person_by_id ON audience_person (tenant_id, id) WHERE merged_into IS NULL;
CREATE INDEX CONCURRENTLY audience_person_tag_by_person ON audience_person_tag (tenant_id, tag_id, person_id);
CREATE INDEX CONCURRENTLY audience_tag_by_name ON audience_tag (tenant_id, name, id);
