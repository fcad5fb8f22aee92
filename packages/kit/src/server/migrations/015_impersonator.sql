-- additive
-- Who really did it, where somebody acted in another's name; null else.
ALTER TABLE kit_audit_entry ADD impersonator_id text;
ALTER TABLE kit_audit_entry ADD impersonator_name text;

CREATE OR REPLACE FUNCTION zg_audit_write(tenant uuid, kind text, outcome text, thing_kind text, thing_id text, title text,
  part text, was jsonb, became jsonb, masked text[], details jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO kit_audit_entry (tenant_id, actor_kind, actor_id, actor_name, source, trace_id, call_id, act, kind, outcome,
    thing_kind, thing_id, title, part, was, became, masked, details, impersonator_id, impersonator_name)
  SELECT tenant, coalesce(acting ->> 'kind', 'system'), coalesce(acting ->> 'id', 'system'), coalesce(acting ->> 'name', 'system'),
    coalesce(acting ->> 'source', ''), coalesce(acting ->> 'traceId', ''), (acting ->> 'callId')::uuid,
    coalesce(acting ->> 'act', acting ->> 'id', 'system'), zg_audit_write.kind, zg_audit_write.outcome, zg_audit_write.thing_kind,
    zg_audit_write.thing_id, left(zg_audit_write.title, 200), zg_audit_write.part, zg_audit_write.was,
    zg_audit_write.became, zg_audit_write.masked, zg_audit_write.details, acting ->> 'impersonatorId', acting ->> 'impersonatorName'
  FROM (SELECT coalesce(nullif(current_setting('zg.audit', true), ''), '{}')::jsonb AS acting) AS ctx
$$;

COMMENT ON COLUMN kit_audit_entry.impersonator_id IS 'The account that really acted, in the actor''s name; null where nobody did.';
COMMENT ON COLUMN kit_audit_entry.impersonator_name IS 'Its name of then; null where nobody did.';
