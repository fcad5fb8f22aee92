-- additive
-- A role that reads everything and changes nothing: an ordinary one, which a tenant may change or delete.
INSERT INTO access_role (tenant_id, name, permissions)
SELECT id, '只读审计员', '{*:read}' FROM access_tenant ON CONFLICT (tenant_id, name) DO NOTHING;
