-- additive
CREATE TABLE forms_form (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
  enabled boolean NOT NULL DEFAULT true,
  -- json, not jsonb: the order of its fields is the order in which they are asked for.
  draft json NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  -- The revision that became the latest version, or was taken from it.
  published_revision integer,
  version integer,
  changed_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT forms_form_name UNIQUE (tenant_id, name_key)
);
COMMENT ON COLUMN forms_form.draft IS 'type MadeForm from @zhanggui/forms/made-form';

CREATE TABLE forms_version (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  form_id uuid NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  made json NOT NULL,
  published_by uuid NOT NULL,
  published_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, form_id) REFERENCES forms_form (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT forms_version_number UNIQUE (tenant_id, form_id, number)
);
COMMENT ON COLUMN forms_version.made IS 'type MadeForm from @zhanggui/forms/made-form';
CREATE INDEX forms_version_by_form ON forms_version (tenant_id, form_id, id);

CREATE TABLE forms_answer (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  form_id uuid NOT NULL,
  version integer NOT NULL,
  account_id uuid NOT NULL,
  answers json NOT NULL,
  answered_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, form_id, version) REFERENCES forms_version (tenant_id, form_id, number)
);
COMMENT ON COLUMN forms_answer.answers IS 'type Values from @zhanggui/forms/values';
CREATE INDEX forms_answer_by_form ON forms_answer (tenant_id, form_id, id);
CREATE INDEX forms_answer_by_version ON forms_answer (tenant_id, form_id, version, id);
