ALTER TABLE audience_person ADD name_grams text[] GENERATED ALWAYS AS (zg_grams(tenant_id, display_name)) STORED;
CREATE INDEX audience_person_by_grams ON audience_person USING gin (name_grams) WHERE merged_into IS NULL;

-- The index's operators aren't leakproof, so row-level security would keep a query from it. The view is the owner's and
-- sees one tenant by its own WHERE; it is read for ids only (`searchIn` of the kit).
CREATE VIEW audience_person_search AS
  SELECT id, name_grams AS grams, display_name AS word FROM audience_person
  WHERE merged_into IS NULL AND tenant_id = current_setting('zg.tenant')::uuid;

-- An openid, phone number or mail address is looked for whole, whatever its kind and app.
CREATE INDEX audience_identity_by_value ON audience_identity (tenant_id, value);
