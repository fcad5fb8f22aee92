SELECT zg_make_searchable('audience_person', 'display_name', 'merged_into IS NULL');

-- An openid, phone number or mail address is looked for whole, whatever its kind and app.
CREATE INDEX audience_identity_by_value ON audience_identity (tenant_id, value);
