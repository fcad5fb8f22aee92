-- additive
-- Who belongs together: a tree.
CREATE TABLE access_department (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  parent_id uuid,
  -- Who leads it, and so everything below.
  head_id uuid,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE NULLS NOT DISTINCT (tenant_id, parent_id, name),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES access_department (tenant_id, id),
  FOREIGN KEY (tenant_id, head_id) REFERENCES access_account (tenant_id, id)
);
CREATE INDEX access_department_by_head ON access_department (tenant_id, head_id);

CREATE TABLE access_department_member (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  department_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, account_id, department_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES access_account (tenant_id, id),
  FOREIGN KEY (tenant_id, department_id) REFERENCES access_department (tenant_id, id)
);
CREATE INDEX access_department_member_by_department ON access_department_member (tenant_id, department_id);

-- How far what a role grants reaches, where what it is about has owners.
ALTER TABLE access_role ADD data_scope text NOT NULL DEFAULT 'all' CHECK (data_scope IN ('own', 'department', 'all'));

-- Ordinary roles, which a tenant may change or delete: `@…` is what the permissions themselves say of such a role.
INSERT INTO access_role (tenant_id, name, permissions, data_scope)
SELECT access_tenant.id, made.name, made.permissions, made.data_scope
FROM access_tenant, (VALUES
  ('业务负责人', '{@business_owner}'::text[], 'all'),
  ('部门负责人', '{@department_head}', 'department'),
  ('产品运营', '{@product_operator}', 'all'),
  ('流程管理员', '{@process_manager}', 'all'),
  ('流程专员', '{@process_operator}', 'all')
) AS made (name, permissions, data_scope)
ON CONFLICT (tenant_id, name) DO NOTHING;
