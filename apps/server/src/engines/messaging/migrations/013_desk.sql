-- Rules have several words, several parts of an answer, an order of their own and hours; what they send later is a
-- delivery. A server of before knows the one word and the one text, so this isn't additive.
ALTER TABLE messaging_rule
  ADD COLUMN keywords text[] NOT NULL DEFAULT '{}',
  ADD COLUMN replies jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN event_key text,
  ADD COLUMN priority smallint NOT NULL DEFAULT 0,
  ADD COLUMN active_from text,
  ADD COLUMN active_until text,
  ADD COLUMN cap_minutes integer,
  ADD COLUMN words text NOT NULL DEFAULT '';
UPDATE messaging_rule SET
  keywords = CASE WHEN keyword IS NULL THEN '{}' ELSE ARRAY[keyword] END,
  replies = jsonb_build_array(jsonb_build_object('type', 'text', 'text', reply)),
  words = concat_ws(' ', keyword, reply);
DROP TRIGGER configuration ON messaging_rule;
ALTER TABLE messaging_rule
  DROP COLUMN closeness,
  DROP COLUMN keyword,
  DROP COLUMN reply,
  DROP CONSTRAINT IF EXISTS messaging_rule_on_kind_check,
  DROP CONSTRAINT IF EXISTS messaging_rule_match_check,
  ADD CONSTRAINT messaging_rule_on_check
    CHECK ("on" IN ('follow', 'scan', 'keyword', 'click', 'enter', 'default')),
  ADD CONSTRAINT messaging_rule_match_check CHECK (match IN ('exact', 'contains', 'starts', 'pattern')),
  ADD CONSTRAINT messaging_rule_hours_check CHECK ((active_from IS NULL) = (active_until IS NULL));
DROP FUNCTION messaging_closeness (text, uuid, text, uuid);

-- How narrowly a rule is meant: a channel's own scan before any scan, any scan before a follow, an exact keyword before
-- one that a message begins with or has; a button's own tap before any tap; of each, a rule of one app before one of all
-- apps.
CREATE FUNCTION messaging_closeness(moment text, channel_id uuid, match text, event_key text, wechat_app_id uuid)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (2 * CASE
      WHEN moment = 'scan' AND channel_id IS NOT NULL THEN 6 WHEN moment = 'scan' THEN 5
      WHEN moment = 'follow' THEN 4
      WHEN moment = 'keyword' THEN CASE match WHEN 'exact' THEN 3 WHEN 'starts' THEN 2 ELSE 1 END
      WHEN moment = 'click' AND event_key IS NOT NULL THEN 2 ELSE 1 END
    + CASE WHEN wechat_app_id IS NULL THEN 0 ELSE 1 END)::smallint
$$;
ALTER TABLE messaging_rule ADD closeness smallint NOT NULL
  GENERATED ALWAYS AS (messaging_closeness("on", channel_id, match, event_key, wechat_app_id)) STORED;
-- Rules answer while WeChat waits, from memory; that one has answered changes nothing of it.
CREATE TRIGGER configuration
  AFTER INSERT OR DELETE OR UPDATE OF name, "on", wechat_app_id, channel_id, keywords, match, replies, event_key, priority,
    active_from, active_until, cap_minutes, enabled
  ON messaging_rule FOR EACH ROW EXECUTE FUNCTION kit_configuration_changed();
COMMENT ON COLUMN messaging_rule."on" IS 'What it answers: a follow, a scan, words, a tap on the menu, somebody who opens a mini-program''s chat, or what no other rule does.';
COMMENT ON COLUMN messaging_rule.keywords IS 'The words or patterns, of which one is enough, for keyword rules; empty for others.';
COMMENT ON COLUMN messaging_rule.match IS 'Whether the message is a word, has it, begins with it, or has what a pattern says.';
COMMENT ON COLUMN messaging_rule.replies IS 'What is answered, in order. {type ReplyPart[] from ./rule.contract.ts}';
COMMENT ON COLUMN messaging_rule.event_key IS 'Only taps on the button with this key; null: on any.';
COMMENT ON COLUMN messaging_rule.priority IS 'Of several that match, the largest answers, then the closest; 0 unless told.';
COMMENT ON COLUMN messaging_rule.active_from IS 'From when on it answers, `HH:MM` by the tenant''s clock; null: always.';
COMMENT ON COLUMN messaging_rule.active_until IS 'Until when, exclusive; earlier than active_from it is over midnight. Null with it.';
COMMENT ON COLUMN messaging_rule.cap_minutes IS 'To one person it is answered once in so many minutes; null: each time.';
COMMENT ON COLUMN messaging_rule.words IS 'Its words and texts, for searching; written with them.';
COMMENT ON COLUMN messaging_rule.closeness IS 'How narrowly it is meant: of several that match and have the same priority, the largest answers.';

ALTER TABLE messaging_delivery
  ADD COLUMN automatic text CHECK (automatic IN ('rule', 'busy')),
  ADD COLUMN rule_id uuid,
  DROP CONSTRAINT messaging_delivery_origin_check,
  ADD CONSTRAINT messaging_delivery_origin_check CHECK (CASE WHEN channel = 'wechat_reply'
    THEN num_nulls(author_id, author_name) = CASE WHEN automatic IS NULL THEN 0 ELSE 2 END
    ELSE num_nulls(scene_id, scene_version, event_id, scene_name) = 0 AND automatic IS NULL END),
  ADD CONSTRAINT messaging_delivery_rule_check CHECK ((automatic IS NOT DISTINCT FROM 'rule') = (rule_id IS NOT NULL));
COMMENT ON COLUMN messaging_delivery.automatic IS 'What wrote a customer-service message, where nobody did: a rule, or the word that all are busy; null otherwise.';
COMMENT ON COLUMN messaging_delivery.rule_id IS 'That rule; null otherwise.';

-- What is said to somebody now and then only.
CREATE TABLE messaging_told (
  tenant_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  openid text NOT NULL,
  what text NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, wechat_app_id, openid, what)
);
COMMENT ON TABLE messaging_told IS 'When somebody was last told what is said now and then only: that all are busy, or a rule''s answer.';
COMMENT ON COLUMN messaging_told.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN messaging_told.openid IS 'Who was told.';
COMMENT ON COLUMN messaging_told.what IS '`busy`, or the rule''s id.';
COMMENT ON COLUMN messaging_told.at IS 'When.';

CREATE TABLE messaging_note (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  conversation_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('note', 'assigned', 'taken', 'handed_over', 'released', 'closed', 'snoozed')),
  author_id text,
  author_name text,
  to_id uuid,
  to_name text,
  text text,
  until timestamptz(3),
  at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX messaging_note_by_conversation ON messaging_note (tenant_id, conversation_id, id);
COMMENT ON TABLE messaging_note IS 'What staff note in a conversation, and what they do to it; never sent. Rows are only added.';
COMMENT ON COLUMN messaging_note.conversation_id IS 'The conversation.';
COMMENT ON COLUMN messaging_note.kind IS '`note`: words alone; otherwise what was done.';
COMMENT ON COLUMN messaging_note.author_id IS 'The account that did it; null: the server, by turns.';
COMMENT ON COLUMN messaging_note.author_name IS 'That one''s name of then; null with it.';
COMMENT ON COLUMN messaging_note.to_id IS 'The account that it was given to; null where it was given to nobody.';
COMMENT ON COLUMN messaging_note.to_name IS 'That one''s name of then; null with it.';
COMMENT ON COLUMN messaging_note.text IS 'What they wrote for their colleagues; null: nothing.';
COMMENT ON COLUMN messaging_note.until IS 'Until when it was put off; null for other kinds.';
COMMENT ON COLUMN messaging_note.at IS 'When.';

CREATE TABLE messaging_duty (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  since timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, account_id)
);
COMMENT ON TABLE messaging_duty IS 'Who takes new conversations now: a row for as long as they are on duty.';
COMMENT ON COLUMN messaging_duty.account_id IS 'The account.';
COMMENT ON COLUMN messaging_duty.since IS 'Since when.';

CREATE TABLE messaging_canned (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  owner_id uuid,
  shortcut text NOT NULL,
  text text NOT NULL,
  used integer NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX messaging_canned_by_shortcut ON messaging_canned (tenant_id, owner_id, shortcut) NULLS NOT DISTINCT;
COMMENT ON TABLE messaging_canned IS 'Answers that staff write again and again.';
COMMENT ON COLUMN messaging_canned.owner_id IS 'Whose own it is; null: everybody''s.';
COMMENT ON COLUMN messaging_canned.shortcut IS 'What is typed behind `/` to find it.';
COMMENT ON COLUMN messaging_canned.text IS 'A template over person, app and staff.';
COMMENT ON COLUMN messaging_canned.used IS 'How often it was put into an answer.';

CREATE TABLE messaging_picture (
  tenant_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  file_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, delivery_id)
);
COMMENT ON TABLE messaging_picture IS 'Files that answers send as pictures: kept for as long as the answer is.';
COMMENT ON COLUMN messaging_picture.delivery_id IS 'The answer.';
COMMENT ON COLUMN messaging_picture.file_id IS 'The file.';
