-- additive
-- The try of a push whose answer couldn't be handed over: the connection was closed before. Null: none that we know of.
ALTER TABLE connect_inbound ADD COLUMN lost_try smallint;

-- Who wrote, one row for each person of an app: what they said last, and whether somebody still owes them an answer.
CREATE TABLE connect_conversation (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  openid text NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'answered', 'closed', 'missed', 'left')),
  -- When they wrote what nothing has answered yet.
  waiting_since timestamptz(3),
  -- Who or what answered or closed it: `messaging.rule:<id>`, or an account's id.
  settled_by text,
  -- That account's name of then.
  settled_name text,
  last_id uuid NOT NULL,
  last_at timestamptz(3) NOT NULL,
  last_kind text NOT NULL,
  last_text text,
  -- The order of the list, the largest first: who waits, whoever has waited longest before the others; then the rest,
  -- the latest first. In milliseconds since 1970; no time is later than 1e14 ms.
  attention bigint NOT NULL GENERATED ALWAYS AS (CASE WHEN waiting_since IS NULL
    THEN (extract(epoch FROM last_at - '1970-01-01Z'::timestamptz) * 1000)::bigint
    ELSE 100000000000000 - (extract(epoch FROM waiting_since - '1970-01-01Z'::timestamptz) * 1000)::bigint END) STORED,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, openid),
  CHECK ((state = 'waiting') = (waiting_since IS NOT NULL)),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
  -- Room for the next words of somebody who waits: no index knows of them.
) WITH (fillfactor = 80);
CREATE INDEX connect_conversation_by_attention ON connect_conversation (tenant_id, attention, id);
CREATE INDEX connect_conversation_by_state ON connect_conversation (tenant_id, state, attention, id);
CREATE INDEX connect_conversation_by_app ON connect_conversation (tenant_id, wechat_app_id, attention, id);
CREATE INDEX connect_conversation_by_openid ON connect_conversation (tenant_id, openid);

-- Kept by the statement that stores the messages, in one order everywhere, so that two of them never wait for each
-- other in a circle. What came earlier than what is known changes nothing.
CREATE FUNCTION connect_note_conversations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added
    WHERE kind IN ('text', 'image', 'voice', 'video', 'shortvideo', 'location', 'link')) THEN RETURN NULL; END IF;
  INSERT INTO connect_conversation AS c
    (tenant_id, wechat_app_id, openid, state, waiting_since, settled_by, last_id, last_at, last_kind, last_text)
  SELECT tenant_id, wechat_app_id, openid,
    CASE WHEN max(reply_by) FILTER (WHERE latest = 1) IS NULL THEN 'waiting' ELSE 'answered' END,
    min(at) FILTER (WHERE answers = 0), max(reply_by) FILTER (WHERE latest = 1),
    (array_agg(id) FILTER (WHERE latest = 1))[1], max(at) FILTER (WHERE latest = 1),
    max(kind) FILTER (WHERE latest = 1), max(text) FILTER (WHERE latest = 1)
  FROM (
    SELECT tenant_id, wechat_app_id, openid, id, kind, reply_by, least(sent_at, received_at) AS at,
      left(content->>'Content', 2000) AS text,
      row_number() OVER later AS latest, count(reply_by) OVER later AS answers
    FROM added WHERE kind IN ('text', 'image', 'voice', 'video', 'shortvideo', 'location', 'link')
    WINDOW later AS (PARTITION BY tenant_id, wechat_app_id, openid ORDER BY id DESC)
  ) said
  GROUP BY tenant_id, wechat_app_id, openid ORDER BY tenant_id, wechat_app_id, openid
  ON CONFLICT (tenant_id, wechat_app_id, openid) DO UPDATE SET
    state = excluded.state, settled_by = excluded.settled_by, settled_name = NULL,
    waiting_since = CASE WHEN excluded.state = 'waiting' THEN coalesce(c.waiting_since, excluded.waiting_since) END,
    last_id = excluded.last_id, last_at = excluded.last_at,
    last_kind = excluded.last_kind, last_text = excluded.last_text
  WHERE c.last_id < excluded.last_id;
  RETURN NULL;
END $$;
CREATE TRIGGER conversations AFTER INSERT ON connect_inbound REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION connect_note_conversations();
