-- Conversations are somebody's to answer, unread, put off. `snoozed` is a state that a server of before doesn't know, so
-- this isn't additive.
ALTER TABLE connect_app ADD kind text NOT NULL DEFAULT 'official' CHECK (kind IN ('official', 'miniprogram'));
COMMENT ON COLUMN connect_app.kind IS 'Whether it is an official account or a mini-program: they may write under different conditions.';

ALTER TABLE connect_conversation
  ADD COLUMN assignee_id uuid,
  ADD COLUMN assigned_at timestamptz(3),
  ADD COLUMN unread integer NOT NULL DEFAULT 0,
  ADD COLUMN snoozed_until timestamptz(3),
  DROP CONSTRAINT connect_conversation_state_check,
  ADD CONSTRAINT connect_conversation_state_check
    CHECK (state IN ('waiting', 'answered', 'closed', 'missed', 'left', 'snoozed')),
  ADD CONSTRAINT connect_conversation_assigned_check CHECK ((assignee_id IS NULL) = (assigned_at IS NULL)),
  ADD CONSTRAINT connect_conversation_snoozed_check CHECK ((state = 'snoozed') = (snoozed_until IS NOT NULL));
COMMENT ON COLUMN connect_conversation.assignee_id IS 'The account whose it is to answer; it stays when the conversation is closed. Null: anybody''s.';
COMMENT ON COLUMN connect_conversation.assigned_at IS 'Since when it is theirs; null with it.';
COMMENT ON COLUMN connect_conversation.unread IS 'How many messages have come since somebody who answers looked.';
COMMENT ON COLUMN connect_conversation.snoozed_until IS 'Until when it was put off; null but in state snoozed.';
COMMENT ON COLUMN connect_conversation.state IS '`missed`: nobody answered while they could be answered; `left`: they follow no more; `snoozed`: put off by somebody.';

ALTER TABLE connect_inbound ADD leaves_waiting boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN connect_inbound.leaves_waiting IS 'The reply at once, if any, answers nobody: it is still to be sent, or only says that somebody will.';
