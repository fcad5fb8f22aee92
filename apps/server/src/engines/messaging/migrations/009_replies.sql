-- An operator's reply is a delivery too, by nobody's scene and no event: it names who wrote it. A server of before
-- knows no such deliveries, so this isn't additive.
ALTER TABLE messaging_delivery
  ALTER scene_id DROP NOT NULL,
  ALTER scene_version DROP NOT NULL,
  ALTER event_id DROP NOT NULL,
  ALTER scene_name DROP NOT NULL,
  ADD COLUMN author_id text,
  ADD COLUMN author_name text,
  DROP CONSTRAINT messaging_delivery_channel_check,
  ADD CONSTRAINT messaging_delivery_channel_check CHECK (channel IN ('wechat_template', 'mail', 'wechat_reply')),
  ADD CONSTRAINT messaging_delivery_origin_check CHECK (CASE WHEN channel = 'wechat_reply'
    THEN num_nulls(author_id, author_name) = 0 ELSE num_nulls(scene_id, scene_version, event_id, scene_name) = 0 END);
