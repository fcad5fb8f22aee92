-- additive
-- Lines of the log, for a few days, as they stand on standard output: for whoever looks one up by its trace. In days by
-- the time that an id begins with, so that a day goes by dropping a table.
CREATE TABLE logs_line (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  level text NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error', 'fatal')),
  module text NOT NULL,
  message text NOT NULL,
  trace_id text NOT NULL,
  fields jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX logs_line_by_trace ON logs_line (trace_id, tenant_id, id);
CREATE INDEX logs_line_by_level ON logs_line (tenant_id, level, id);
CREATE INDEX logs_line_by_module ON logs_line (tenant_id, module, id);
-- For whoever runs the server: of all tenants, the latest first.
CREATE INDEX logs_line_by_id ON logs_line (id);
-- For clocks that go wrong, and for the first lines of a day.
CREATE TABLE logs_line_default PARTITION OF logs_line DEFAULT;

COMMENT ON TABLE logs_line IS 'Lines of the log, kept for logs.keepDays; every process writes its own, in batches. Masked as on standard output.';
COMMENT ON COLUMN logs_line.tenant_id IS 'Whose request or task it is about; the Max UUID (ffffffff-…) for what is about no tenant.';
COMMENT ON COLUMN logs_line.at IS 'When it was written, by the clock of the process''s machine.';
COMMENT ON COLUMN logs_line.level IS 'How grave it is.';
COMMENT ON COLUMN logs_line.module IS 'Module of the route or the queue that it names; empty where it names none.';
COMMENT ON COLUMN logs_line.message IS 'What it says, 1000 characters at most.';
COMMENT ON COLUMN logs_line.trace_id IS 'Trace of the request or task; empty where it has none.';
COMMENT ON COLUMN logs_line.fields IS 'Everything else that it has, 20,000 characters at most. {type Record<string, unknown>}';

-- Makes the partition of a day (UTC), if it isn't there, and moves what the default partition holds of it.
CREATE FUNCTION logs_add_day(day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  part text := 'logs_line' || to_char(day, '_YYYYMMDD');
  low uuid := kit_first_id(day);
  high uuid := kit_first_id(day + 1);
  policy record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('logs_add_day'));
  IF to_regclass(part) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE logs_line INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)', part);
  EXECUTE format('COMMENT ON TABLE %I IS %L', part, obj_description('logs_line'::regclass, 'pg_class'));
  LOCK TABLE logs_line_default IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('WITH moved AS (DELETE FROM logs_line_default WHERE id >= $1 AND id < $2 RETURNING *)
    INSERT INTO %I SELECT * FROM moved', part) USING low, high;
  EXECUTE format('ALTER TABLE logs_line ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
  -- A partition named directly must not be a way round the table's policies.
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  FOR policy IN SELECT * FROM pg_policies WHERE schemaname = current_schema() AND tablename = 'logs_line' LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR %s TO %s', policy.policyname, part, policy.cmd,
      (SELECT string_agg(quote_ident(role), ', ') FROM unnest(policy.roles) AS role))
      || coalesce(' USING (' || policy.qual || ')', '') || coalesce(' WITH CHECK (' || policy.with_check || ')', '');
  END LOOP;
  RETURN true;
END $$;
