-- Times in milliseconds (see kit/002_defaults.sql), ids and birthdays by default.
ALTER TABLE messaging_rule
  ALTER id SET DEFAULT zg_id(),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE messaging_scene
  ALTER id SET DEFAULT zg_id(),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE messaging_scene_version
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE messaging_delivery
  ALTER id SET DEFAULT zg_id(),
  ALTER due_at TYPE timestamptz(3),
  ALTER lease_until TYPE timestamptz(3),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now(),
  ALTER updated_at TYPE timestamptz(3);
ALTER TABLE messaging_step
  ALTER id SET DEFAULT zg_id(),
  ALTER at TYPE timestamptz(3);
ALTER TABLE messaging_receipt
  ALTER received_at TYPE timestamptz(3);

-- As the contract calls them, so that a row is a reply.
ALTER TABLE messaging_rule RENAME on_kind TO "on";
ALTER TABLE messaging_delivery RENAME address TO "to";
ALTER TABLE messaging_delivery RENAME reason_zh TO zh;
ALTER TABLE messaging_delivery RENAME reason_en TO en;

-- What the columns hold (read by `./zg tables`).
COMMENT ON COLUMN messaging_delivery.content IS 'type Record<string, unknown>';
COMMENT ON COLUMN messaging_step.details IS 'type Record<string, unknown>';
COMMENT ON COLUMN messaging_scene_version.items IS 'type SceneItem[] from ./messaging.contract.ts';
COMMENT ON COLUMN messaging_scene_version.trigger IS 'type SceneTrigger from ./messaging.contract.ts';
