-- additive
-- The list of people sorted by when they came, and narrowed to the channel that brought them.
CREATE INDEX audience_person_by_first_seen ON audience_person (tenant_id, first_seen_at, id) WHERE merged_into IS NULL;
CREATE INDEX audience_person_by_channel ON audience_person (tenant_id, first_channel_id, last_seen_at, id)
  WHERE merged_into IS NULL;
