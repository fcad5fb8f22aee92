-- additive
-- Who did what, on what, from what to what. Rows are only ever added; who may add, and what makes them, see
-- audit/triggers.ts and audit/seal.ts.
CREATE TABLE kit_audit_entry (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  at timestamptz(3) NOT NULL DEFAULT zg_now(),
  actor_kind text NOT NULL,
  actor_id text NOT NULL,
  actor_name text NOT NULL,
  source text NOT NULL,
  trace_id text NOT NULL,
  -- The call of a route that it belongs to: a trace may have many.
  call_id uuid,
  -- The route that was called, or the part of the server that worked by itself.
  act text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('created', 'changed', 'removed', 'called', 'exported', 'signed_in')),
  outcome text NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
  -- The table of the thing; empty where an act is about none.
  thing_kind text NOT NULL,
  thing_id text NOT NULL,
  title text NOT NULL,
  -- The table of the row that changed, which may be a part of the thing.
  part text NOT NULL,
  was jsonb,
  became jsonb,
  -- Columns that changed, but whose values aren't kept.
  masked text[] NOT NULL DEFAULT '{}',
  details jsonb,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX kit_audit_entry_by_trace ON kit_audit_entry (tenant_id, trace_id, id);
CREATE INDEX kit_audit_entry_by_thing_kind ON kit_audit_entry (tenant_id, thing_kind, id);
CREATE INDEX kit_audit_entry_by_thing ON kit_audit_entry (tenant_id, thing_id, id);
CREATE INDEX kit_audit_entry_by_actor ON kit_audit_entry (tenant_id, actor_id, id);
CREATE INDEX kit_audit_entry_by_act ON kit_audit_entry (tenant_id, act, id);
CREATE INDEX kit_audit_entry_by_kind ON kit_audit_entry (tenant_id, kind, id);
CREATE INDEX kit_audit_entry_by_outcome ON kit_audit_entry (tenant_id, outcome, id);
SELECT zg_make_searchable('kit_audit_entry', 'title');

-- Entries that no seal holds yet. Whoever writes one waits for nobody; whoever seals takes what has been committed, so
-- that a transaction that ends late is in a later seal, not between two.
CREATE TABLE kit_audit_unsealed (
  tenant_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, entry_id)
);

-- The chain: each seal holds its entries' hashes and stands on the seal before it.
CREATE TABLE kit_audit_seal (
  tenant_id uuid NOT NULL,
  number bigint NOT NULL,
  entries integer NOT NULL,
  first_at timestamptz(3) NOT NULL,
  last_at timestamptz(3) NOT NULL,
  -- In one order; empty once the entries are no longer kept.
  entry_ids uuid[] NOT NULL,
  entry_hashes bytea[] NOT NULL,
  entries_hash bytea NOT NULL,
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL,
  sealed_at timestamptz(3) NOT NULL,
  pruned_at timestamptz(3),
  PRIMARY KEY (tenant_id, number)
);

-- What the last look at a tenant's chain found, and how far it saw: a chain that is shorter now was cut.
CREATE TABLE kit_audit_verification (
  tenant_id uuid NOT NULL PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  seals bigint NOT NULL,
  entries bigint NOT NULL,
  last_number bigint NOT NULL,
  last_hash bytea,
  findings jsonb NOT NULL
);

CREATE FUNCTION zg_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Retention alone says so, for the transaction in which it removes what is sealed.
  IF current_setting('zg.audit_prune', true) = 'on' AND TG_OP IN ('UPDATE', 'DELETE') THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  RAISE EXCEPTION 'the audit log is only ever added to: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
CREATE TRIGGER kit_audit_entry_stays BEFORE UPDATE OR DELETE ON kit_audit_entry
  FOR EACH ROW EXECUTE FUNCTION zg_audit_refuse();
CREATE TRIGGER kit_audit_seal_stays BEFORE UPDATE OR DELETE ON kit_audit_seal
  FOR EACH ROW EXECUTE FUNCTION zg_audit_refuse();

CREATE FUNCTION zg_audit_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO kit_audit_unsealed (tenant_id, entry_id) VALUES (NEW.tenant_id, NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER kit_audit_entry_waits AFTER INSERT ON kit_audit_entry
  FOR EACH ROW EXECUTE FUNCTION zg_audit_waits();

-- Writes one entry, by whoever the ctx works for: its `zg.audit` travels with the tenant.
CREATE FUNCTION zg_audit_write(tenant uuid, kind text, outcome text, thing_kind text, thing_id text, title text,
  part text, was jsonb, became jsonb, masked text[], details jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO kit_audit_entry (tenant_id, actor_kind, actor_id, actor_name, source, trace_id, call_id, act, kind, outcome,
    thing_kind, thing_id, title, part, was, became, masked, details)
  SELECT tenant, coalesce(acting ->> 'kind', 'system'), coalesce(acting ->> 'id', 'system'), coalesce(acting ->> 'name', 'system'),
    coalesce(acting ->> 'source', ''), coalesce(acting ->> 'traceId', ''), (acting ->> 'callId')::uuid,
    coalesce(acting ->> 'act', acting ->> 'id', 'system'), zg_audit_write.kind, zg_audit_write.outcome, zg_audit_write.thing_kind,
    zg_audit_write.thing_id, left(zg_audit_write.title, 200), zg_audit_write.part, zg_audit_write.was,
    zg_audit_write.became, zg_audit_write.masked, zg_audit_write.details
  FROM (SELECT coalesce(nullif(current_setting('zg.audit', true), ''), '{}')::jsonb AS acting) AS ctx
$$;

-- An entry for the ctx's call as such, unless one of its changes has left one already.
CREATE FUNCTION zg_audit_call(kind text, outcome text, thing_kind text, thing_id text, title text, details jsonb,
  always boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE acting jsonb := current_setting('zg.audit')::jsonb;
BEGIN
  IF NOT always AND EXISTS (SELECT FROM kit_audit_entry e WHERE e.trace_id = acting ->> 'traceId'
    AND e.call_id = (acting ->> 'callId')::uuid) THEN RETURN; END IF;
  PERFORM zg_audit_write(current_setting('zg.tenant')::uuid, kind, outcome, thing_kind, thing_id, title, '', NULL, NULL,
    '{}', details);
END $$;

-- What a change of an audited table leaves. The argument says, as JSON: `thing`, the thing's table; `key`, the columns
-- of its id; `title`, the column of its name; `hidden` columns, whose values aren't kept; `ignored` ones, which aren't
-- looked at; `version`, for rows that are never changed but followed by another; `parentTitle`, where the thing is a
-- row of another table.
CREATE FUNCTION zg_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  told jsonb := TG_ARGV[0]::jsonb;
  ignored text[] := array(SELECT jsonb_array_elements_text(told -> 'ignored')) || 'tenant_id'::text;
  hidden text[] := array(SELECT jsonb_array_elements_text(told -> 'hidden'));
  -- Not OLD and NEW themselves in one CASE: it would have to read both.
  was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  became jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  whole jsonb := coalesce(became, was);
  tenant uuid := (whole ->> 'tenant_id')::uuid;
  thing_id text := (SELECT coalesce(string_agg(whole ->> name, ' ' ORDER BY place), '')
    FROM jsonb_array_elements_text(told -> 'key') WITH ORDINALITY AS key(name, place));
  title text := CASE WHEN NOT told ->> 'title' = ANY (hidden) THEN whole ->> (told ->> 'title') END;
  same text[];
  masked text[];
BEGIN
  IF TG_OP = 'INSERT' AND told ? 'version' THEN
    EXECUTE format('SELECT to_jsonb(p) FROM %I p WHERE tenant_id = $1 AND %I::text = $2 AND %I < $3 ORDER BY %I DESC LIMIT 1',
      TG_TABLE_NAME, told -> 'key' ->> 0, told ->> 'version', told ->> 'version')
      INTO was USING tenant, thing_id, (whole ->> (told ->> 'version'))::bigint;
  END IF;
  IF title IS NULL AND told ? 'parentTitle' THEN
    EXECUTE format('SELECT %I FROM %I WHERE tenant_id = $1 AND id::text = $2', told ->> 'parentTitle', told ->> 'thing')
      INTO title USING tenant, thing_id;
  END IF;
  was := was - ignored;
  became := became - ignored;
  IF was IS NOT NULL AND became IS NOT NULL THEN
    SELECT coalesce(array_agg(key), '{}') INTO same FROM jsonb_each(became) WHERE value = was -> key;
    was := was - same;
    became := became - same;
    IF became = '{}' THEN RETURN NULL; END IF;
  END IF;
  SELECT coalesce(array_agg(key ORDER BY key), '{}') INTO masked FROM jsonb_each(coalesce(became, was))
    WHERE key = ANY (hidden) AND ((was IS NOT NULL AND became IS NOT NULL) OR value <> 'null');
  PERFORM zg_audit_write(tenant,
    CASE WHEN told ? 'version' THEN CASE WHEN was IS NULL THEN 'created' ELSE 'changed' END
      WHEN told ->> 'thing' <> TG_TABLE_NAME THEN 'changed'
      WHEN TG_OP = 'INSERT' THEN 'created' WHEN TG_OP = 'DELETE' THEN 'removed'
      -- Rows that are kept after their removal.
      WHEN coalesce(became ->> 'deleted_at', became ->> 'unbound_at') IS NOT NULL THEN 'removed' ELSE 'changed' END,
    'done', told ->> 'thing', thing_id, coalesce(title, ''), TG_TABLE_NAME, was - hidden, became - hidden, masked, NULL);
  RETURN NULL;
END $$;

COMMENT ON COLUMN kit_audit_entry.was IS 'type Record<string, unknown>';
COMMENT ON COLUMN kit_audit_entry.became IS 'type Record<string, unknown>';
COMMENT ON COLUMN kit_audit_entry.details IS 'type Record<string, unknown>';
