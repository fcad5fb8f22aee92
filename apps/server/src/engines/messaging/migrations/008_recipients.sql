-- additive
-- Who a message about somebody really went to, where it was the leader of their channel. Older rows don't say.
ALTER TABLE messaging_delivery ADD COLUMN leader_name text;
