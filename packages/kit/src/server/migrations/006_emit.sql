CREATE FUNCTION kit_emit(
  tenant_id uuid, ids uuid[], event_name text, keys text[], payloads jsonb,
  actor_kind text, actor_id text, trace_id text, occurred_at timestamptz, seen_since timestamptz
) RETURNS SETOF text LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO kit_event (tenant_id, id, name, payload, actor_kind, actor_id, trace_id, occurred_at)
    SELECT kit_emit.tenant_id, ids[1], kit_emit.event_name, payloads -> 0, kit_emit.actor_kind, kit_emit.actor_id,
      kit_emit.trace_id, kit_emit.occurred_at;
  RETURN;
END $$;
