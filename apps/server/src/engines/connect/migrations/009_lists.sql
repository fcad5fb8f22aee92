-- additive
-- A channel that is off: its code is still out there, and answers as one that nobody knows.
ALTER TABLE connect_channel ADD enabled boolean NOT NULL DEFAULT true;
-- An app that is unbound keeps its row: its people, its channels and what was sent still name it.
ALTER TABLE connect_app ADD unbound_at timestamptz(3);
