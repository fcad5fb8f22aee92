-- additive
-- What is deleted keeps its row: what it answered and what it sent still names it.
ALTER TABLE messaging_rule ADD deleted_at timestamptz(3);
ALTER TABLE messaging_scene ADD deleted_at timestamptz(3);

-- How narrowly a rule is meant, whatever the message: a channel's own scan before any scan, any scan before a follow, an
-- exact keyword before a contained one; of each, a rule of one app before one of all apps.
CREATE FUNCTION messaging_closeness(moment text, channel_id uuid, match text, wechat_app_id uuid) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (2 * CASE WHEN moment = 'scan' AND channel_id IS NOT NULL THEN 4 WHEN moment = 'scan' THEN 3
    WHEN moment = 'follow' THEN 2 WHEN match = 'exact' THEN 1 ELSE 0 END
    + CASE WHEN wechat_app_id IS NULL THEN 0 ELSE 1 END)::smallint
$$;
ALTER TABLE messaging_rule ADD closeness smallint NOT NULL
  GENERATED ALWAYS AS (messaging_closeness("on", channel_id, match, wechat_app_id)) STORED;
COMMENT ON COLUMN messaging_scene_version.items IS 'type SceneItem[] from ./scene.contract.ts';
COMMENT ON COLUMN messaging_scene_version.trigger IS 'type SceneTrigger from ./scene.contract.ts';
