-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE kit_audit_entry IS 'Who did what, on what, from what to what. Rows are only added; triggers of audited tables and the HTTP side write them.';
COMMENT ON COLUMN kit_audit_entry.at IS 'When it was done, by the server''s clock.';
COMMENT ON COLUMN kit_audit_entry.actor_kind IS 'What did it: account, key, customer, system, wechat or visitor.';
COMMENT ON COLUMN kit_audit_entry.actor_id IS 'The account''s or key''s id, or the name of the part of the server that worked by itself.';
COMMENT ON COLUMN kit_audit_entry.actor_name IS 'As people knew the actor then; it isn''t renamed with it.';
COMMENT ON COLUMN kit_audit_entry.source IS 'Network of the call: an IPv4 address or an IPv6 /64. Empty for the server''s own work.';
COMMENT ON COLUMN kit_audit_entry.trace_id IS 'Trace of the request or task that did it, as in the log.';
COMMENT ON COLUMN kit_audit_entry.call_id IS 'Tells calls of one trace apart; null outside of a call.';
COMMENT ON COLUMN kit_audit_entry.act IS 'Route that was called, or the part of the server that worked by itself.';
COMMENT ON COLUMN kit_audit_entry.kind IS 'What happened to the thing, or that a route was called, a list exported, somebody signed in.';
COMMENT ON COLUMN kit_audit_entry.outcome IS 'Whether it was done, refused or failed.';
COMMENT ON COLUMN kit_audit_entry.thing_kind IS 'Table of the thing that it is about; empty where it is about none.';
COMMENT ON COLUMN kit_audit_entry.thing_id IS 'Id of the thing, of several columns with spaces between; empty where it is about none.';
COMMENT ON COLUMN kit_audit_entry.title IS 'What the thing was called then, 200 characters at most.';
COMMENT ON COLUMN kit_audit_entry.part IS 'Table of the row that changed, which may be a part of the thing; empty for a call.';
COMMENT ON COLUMN kit_audit_entry.was IS 'The columns that changed, as they were; null where there was nothing before. Secrets are left out. {type Record<string, unknown>}';
COMMENT ON COLUMN kit_audit_entry.became IS 'The same columns afterwards; null for what was removed. {type Record<string, unknown>}';
COMMENT ON COLUMN kit_audit_entry.masked IS 'Columns that changed, but whose values aren''t kept.';
COMMENT ON COLUMN kit_audit_entry.details IS 'What else is told of a call, such as how many rows an export had; null if nothing. {type Record<string, unknown>}';

COMMENT ON TABLE kit_audit_seal IS 'The chain: each seal holds the hashes of its entries and stands on the seal before it. Written by the sealing schedule.';
COMMENT ON COLUMN kit_audit_seal.number IS 'Place in the tenant''s chain, from 1 without gaps.';
COMMENT ON COLUMN kit_audit_seal.entries IS 'How many entries it seals.';
COMMENT ON COLUMN kit_audit_seal.first_at IS 'When its first entry was made.';
COMMENT ON COLUMN kit_audit_seal.last_at IS 'When its last entry was made.';
COMMENT ON COLUMN kit_audit_seal.entry_ids IS 'Ids of its entries, in the order of their hashes; empty once they are no longer kept.';
COMMENT ON COLUMN kit_audit_seal.entry_hashes IS 'SHA-256 of each entry, in the same order; empty once they are no longer kept.';
COMMENT ON COLUMN kit_audit_seal.entries_hash IS 'SHA-256 over all entry hashes: it stays when they go.';
COMMENT ON COLUMN kit_audit_seal.previous_hash IS '`hash` of the seal before; zeros for the first.';
COMMENT ON COLUMN kit_audit_seal.hash IS 'SHA-256 over this seal and the one before.';
COMMENT ON COLUMN kit_audit_seal.sealed_at IS 'When it was sealed.';
COMMENT ON COLUMN kit_audit_seal.pruned_at IS 'When its entries were deleted by retention; null while they are kept.';

COMMENT ON TABLE kit_audit_unsealed IS 'Entries that no seal holds yet; a trigger puts them here, sealing takes them out.';
COMMENT ON COLUMN kit_audit_unsealed.entry_id IS 'The entry in kit_audit_entry.';

COMMENT ON TABLE kit_audit_verification IS 'What the last look at a tenant''s chain found, and how far it saw. One row a tenant, written by verification.';
COMMENT ON COLUMN kit_audit_verification.at IS 'When it looked.';
COMMENT ON COLUMN kit_audit_verification.seals IS 'How many seals it saw.';
COMMENT ON COLUMN kit_audit_verification.entries IS 'How many entries these hold.';
COMMENT ON COLUMN kit_audit_verification.last_number IS 'The last seal that it saw: a chain that is shorter later was cut.';
COMMENT ON COLUMN kit_audit_verification.last_hash IS 'Hash of that seal; null for an empty chain.';
COMMENT ON COLUMN kit_audit_verification.findings IS 'What was altered, removed or put in, as a list; empty if all is well.';

COMMENT ON TABLE kit_configuration IS 'How often a tenant''s configuration has changed; triggers of its tables count. What a process remembers holds as long as this number.';
COMMENT ON COLUMN kit_configuration.version IS 'The count; it only grows.';

COMMENT ON TABLE kit_database IS 'One row about the database itself, made by the first migration run.';
COMMENT ON COLUMN kit_database.tenant_role IS 'The role in which tenants'' statements run; a copy of the database keeps it.';

COMMENT ON TABLE kit_dead IS 'Tasks that were given up after their last try. They wait for somebody to look, and go back to kit_task when tried again.';
COMMENT ON COLUMN kit_dead.queue IS 'Queue, or handler, that gave it up.';
COMMENT ON COLUMN kit_dead.ref IS 'The row it was about: an event, a job, a row of a module.';
COMMENT ON COLUMN kit_dead.key IS 'Its order''s key; null for tasks without order.';
COMMENT ON COLUMN kit_dead.priority IS 'As it was in kit_task: lower goes first.';
COMMENT ON COLUMN kit_dead.attempts IS 'How often it was tried.';
COMMENT ON COLUMN kit_dead.last_error IS 'Why the last try failed, 1000 characters at most.';
COMMENT ON COLUMN kit_dead.died_at IS 'When it was given up.';
COMMENT ON COLUMN kit_dead.letter_id IS 'The dead letter''s own id: an event may be one for several handlers.';

COMMENT ON TABLE kit_event IS 'The event log, by month. Written once by `emit`, never changed; kept as long as the event''s definition says.';
COMMENT ON COLUMN kit_event.id IS 'UUIDv7 of the emit: its order, and its month''s partition.';
COMMENT ON COLUMN kit_event.name IS '`<module>.<what_happened>.v<n>`.';
COMMENT ON COLUMN kit_event.key IS 'What is about the same thing is handled in order; null where the event has no key.';
COMMENT ON COLUMN kit_event.payload IS 'As the event''s definition has it.';
COMMENT ON COLUMN kit_event.actor_kind IS 'What caused it: account, key, customer, system, wechat or visitor.';
COMMENT ON COLUMN kit_event.actor_id IS 'Which account, key or part of the server.';
COMMENT ON COLUMN kit_event.occurred_at IS 'When it was emitted, by the server''s clock.';
COMMENT ON COLUMN kit_event.handlers IS 'The queues it went to. What is in neither kit_task nor kit_dead was done.';

COMMENT ON TABLE kit_event_type IS 'How long events are kept, as running processes said last: pruning meets events that its process doesn''t know.';
COMMENT ON COLUMN kit_event_type.name IS 'The event''s name with its version.';
COMMENT ON COLUMN kit_event_type.keep_days IS 'Days; older ones are deleted nightly.';

COMMENT ON TABLE kit_handled IS 'When a handler was done with an event. By month; goes with the event.';
COMMENT ON COLUMN kit_handled.event_id IS 'The event in kit_event.';
COMMENT ON COLUMN kit_handled.handler IS '`<module>.<verb>` that was done with it.';
COMMENT ON COLUMN kit_handled.attempts IS 'At which try.';
COMMENT ON COLUMN kit_handled.handled_at IS 'When its transaction ended.';

COMMENT ON TABLE kit_idempotency IS 'Calls that may be repeated: one row per key that an account used on a route, kept for a day.';
COMMENT ON COLUMN kit_idempotency.account IS 'The account''s or key''s id that called.';
COMMENT ON COLUMN kit_idempotency.route IS 'The route''s id, `<module>.<name>`.';
COMMENT ON COLUMN kit_idempotency.key IS 'The caller''s `Idempotency-Key`.';
COMMENT ON COLUMN kit_idempotency.hash IS 'SHA-256 of the request: the same key with another request is the caller''s mistake.';
COMMENT ON COLUMN kit_idempotency.state IS '`unknown`: it ran when its process died, and nobody can tell what came of it.';
COMMENT ON COLUMN kit_idempotency.lease IS 'A call that still runs after this died with its process.';
COMMENT ON COLUMN kit_idempotency.reply_sealed IS 'The reply, sealed, for the repeat; null until it is done.';

COMMENT ON TABLE kit_job IS 'Jobs: what they are given and how they went. The task in kit_task has the job''s id as `ref`.';
COMMENT ON COLUMN kit_job.name IS '`<module>.<job>`.';
COMMENT ON COLUMN kit_job.payload IS 'As the job''s definition has it.';
COMMENT ON COLUMN kit_job.state IS '`retrying` has failed before, `waiting` never began.';
COMMENT ON COLUMN kit_job.singleton_key IS 'Only one that waits may have it; null: any number.';
COMMENT ON COLUMN kit_job.progress IS 'What the job last said of how far it is; null before.';
COMMENT ON COLUMN kit_job.actor_id IS 'For whom it works.';
COMMENT ON COLUMN kit_job.updated_at IS 'When its state or progress changed last.';

COMMENT ON TABLE kit_lane IS 'Keys under way: somebody works on one, or its first task failed and waits. A key without a row is free.';
COMMENT ON COLUMN kit_lane.queue IS 'The queue.';
COMMENT ON COLUMN kit_lane.key IS 'The key: its tasks run one after the other.';
COMMENT ON COLUMN kit_lane.lease IS 'The claim that works on it; null while it waits.';
COMMENT ON COLUMN kit_lane.until IS 'End of the lease, or of the wait; null: its time has come.';

COMMENT ON TABLE kit_listening IS 'Which tenants want to hear of which events by a handler that is for listeners only. Written by the handler''s module.';
COMMENT ON COLUMN kit_listening.event_name IS 'The event''s name with its version.';
COMMENT ON COLUMN kit_listening.handler IS 'The handler, such as webhooks''.';

COMMENT ON TABLE kit_maintenance IS 'One row while the server is closed for work on it, none while it is open. Written by the console or `main.js maintenance`.';
COMMENT ON COLUMN kit_maintenance.is_on IS 'Always true: the key that makes it one row.';
COMMENT ON COLUMN kit_maintenance.since IS 'When it was closed.';
COMMENT ON COLUMN kit_maintenance.message_zh IS 'What people are told in Chinese; may be empty.';
COMMENT ON COLUMN kit_maintenance.message_en IS 'The same in English.';
COMMENT ON COLUMN kit_maintenance.ends_at IS 'When it is expected to end; null: nobody has said.';
COMMENT ON COLUMN kit_maintenance.begun_by IS 'Who closed it: an account''s name, or main.js.';

COMMENT ON TABLE kit_migration IS 'Files that were applied, by the migration runner. A file that is here is never changed.';
COMMENT ON COLUMN kit_migration.module IS 'The module whose folder the file is in; `kit` for the kit.';
COMMENT ON COLUMN kit_migration.name IS 'The file''s name with its number.';
COMMENT ON COLUMN kit_migration.checksum IS 'SHA-256 of the file, in hexadecimal.';
COMMENT ON COLUMN kit_migration.applied_at IS 'When, by the database''s clock.';
COMMENT ON COLUMN kit_migration.additive IS 'Whether a server of the version before can go on beside it.';

COMMENT ON TABLE kit_migration_begun IS 'Files of several transactions that are under way or were broken off.';
COMMENT ON COLUMN kit_migration_begun.module IS 'The module whose folder the file is in.';
COMMENT ON COLUMN kit_migration_begun.name IS 'The file''s name with its number.';
COMMENT ON COLUMN kit_migration_begun.checksum IS 'SHA-256 of the file as it was when begun.';
COMMENT ON COLUMN kit_migration_begun.cursor IS 'Where a back-fill''s next batch goes on; null before the first.';
COMMENT ON COLUMN kit_migration_begun.begun_at IS 'When, by the database''s clock.';

COMMENT ON TABLE kit_queue IS 'The queues that running processes work off; they say so hourly. One not named for a week is an orphan.';
COMMENT ON COLUMN kit_queue.name IS 'The queue''s or handler''s name.';
COMMENT ON COLUMN kit_queue.seen_at IS 'When a process named it last.';

COMMENT ON TABLE kit_schedule IS 'What runs at its times: the platform''s (tenant ffffffff-…), and tenants'' own. When it runs next is its task''s due_at.';
COMMENT ON COLUMN kit_schedule.name IS '`<module>.<what>`.';
COMMENT ON COLUMN kit_schedule.cron IS 'Five fields: minute, hour, day, month, weekday.';
COMMENT ON COLUMN kit_schedule.time_zone IS 'Whose clock the fields mean, an IANA name.';
COMMENT ON COLUMN kit_schedule.last_at IS 'When it ran last; null before the first run.';
COMMENT ON COLUMN kit_schedule.last_error IS 'Why the last run failed; null if it didn''t.';
COMMENT ON COLUMN kit_schedule.began_at IS 'When the run under way began; null while none is.';
COMMENT ON COLUMN kit_schedule.took_ms IS 'How long the last run took, in milliseconds; null before the first.';
COMMENT ON COLUMN kit_schedule.paused_at IS 'Since when it rests; null while it runs at its times.';

COMMENT ON TABLE kit_slow_query IS 'Statements that took long, without their values; of all tenants. Kept for thirty days, written in batches by each process.';
COMMENT ON COLUMN kit_slow_query.id IS 'Counts up; no meaning beyond order.';
COMMENT ON COLUMN kit_slow_query.at IS 'When it began.';
COMMENT ON COLUMN kit_slow_query.duration_ms IS 'How long it took, in milliseconds.';
COMMENT ON COLUMN kit_slow_query.lock_ms IS 'Of that, how long it was seen waiting for another''s lock; to 250 ms.';
COMMENT ON COLUMN kit_slow_query.rows IS 'Rows that it returned or changed; 0 if it failed.';
COMMENT ON COLUMN kit_slow_query.login IS 'The database''s login that ran it.';
COMMENT ON COLUMN kit_slow_query.database IS 'The database it ran on.';
COMMENT ON COLUMN kit_slow_query.text IS 'As it was sent, with `$1` in the place of values; 10,000 characters at most.';

COMMENT ON TABLE kit_subscription IS 'Which queues an event goes to, as running processes say hourly.';
COMMENT ON COLUMN kit_subscription.event_name IS 'The event''s name with its version.';
COMMENT ON COLUMN kit_subscription.handler IS 'The queue that gets it.';
COMMENT ON COLUMN kit_subscription.seen_at IS 'When a process named it last: after a week it gets nothing any more.';
COMMENT ON COLUMN kit_subscription.keyed IS 'Whether its tasks keep the order of the event''s key.';
COMMENT ON COLUMN kit_subscription.replaced_by IS 'The handler that a renamed one became; null otherwise.';
COMMENT ON COLUMN kit_subscription.by_tenant IS 'Only tenants in kit_listening get it.';
COMMENT ON COLUMN kit_subscription.one_lane IS 'All of a tenant''s tasks run one after the other.';

COMMENT ON TABLE kit_task IS 'What is still to be done, and nothing else: done tasks are deleted, given-up ones move to kit_dead.';
COMMENT ON COLUMN kit_task.queue IS 'The queue, or handler, that works it off.';
COMMENT ON COLUMN kit_task.ref IS 'The row it is about: an event, a job, a row of a module.';
COMMENT ON COLUMN kit_task.seq IS 'Order of coming.';
COMMENT ON COLUMN kit_task.key IS 'Tasks of one key run in order, one at a time; null: no order.';
COMMENT ON COLUMN kit_task.priority IS 'Lower goes first, within a tenant.';
COMMENT ON COLUMN kit_task.attempts IS 'How often it was claimed.';
COMMENT ON COLUMN kit_task.retried IS 'It failed before, so it runs alone.';
COMMENT ON COLUMN kit_task.due_at IS 'Not before this time; null: ready now. While claimed, the end of the lease.';
COMMENT ON COLUMN kit_task.lease IS 'The claim that works on it; null: none.';
COMMENT ON COLUMN kit_task.begun IS 'A call outside is under way; still true when the lease is over: nobody can tell what came of it.';
COMMENT ON COLUMN kit_task.last_error IS 'Why the last try failed; null before a failure.';

-- As before (006_queue.sql), but that a month says what it holds, as its table does.
CREATE OR REPLACE FUNCTION kit_add_month(parent text, month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  part text := parent || to_char(month, '_YYYYMM');
  id_column text := CASE parent WHEN 'kit_event' THEN 'id' ELSE 'event_id' END;
  low uuid := kit_first_id(month);
  high uuid := kit_first_id((month + interval '1 month')::date);
  policy record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('kit_add_month'));
  IF to_regclass(part) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING COMMENTS)', part, parent);
  EXECUTE format('COMMENT ON TABLE %I IS %L', part, obj_description(to_regclass(parent), 'pg_class'));
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
  EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *) INSERT INTO %I SELECT * FROM moved',
    parent || '_default', id_column, id_column, part) USING low, high;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, low, high);
  -- A partition named directly must not be a way round the table's policies.
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  FOR policy IN SELECT * FROM pg_policies WHERE schemaname = current_schema() AND tablename = parent LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR %s TO %s', policy.policyname, part, policy.cmd,
      (SELECT string_agg(quote_ident(role), ', ') FROM unnest(policy.roles) AS role))
      || coalesce(' USING (' || policy.qual || ')', '') || coalesce(' WITH CHECK (' || policy.with_check || ')', '');
  END LOOP;
  RETURN true;
END $$;
