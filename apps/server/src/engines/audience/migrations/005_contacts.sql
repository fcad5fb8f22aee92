-- additive
-- People are found by how their openid or mail address begins, and by how their phone number ends. An index on
-- reverse(value) would not do: under row-level security PostgreSQL keeps what isn't leakproof from an index.
ALTER TABLE audience_identity ADD reversed text COLLATE "C" GENERATED ALWAYS AS (reverse(value)) STORED;
CREATE INDEX audience_identity_by_end ON audience_identity (tenant_id, reversed) WHERE kind = 'phone';
CREATE INDEX audience_identity_by_beginning ON audience_identity (tenant_id, value COLLATE "C");
