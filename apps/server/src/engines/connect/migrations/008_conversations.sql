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
  -- The latest answer of an account that arrived: what was said before it is settled, even if it is noted later.
  answered_id uuid,
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
