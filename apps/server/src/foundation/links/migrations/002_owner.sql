-- additive
-- Whose it is: whoever made it, until it is handed on. Nobody's are those from before, and those that a key made.
ALTER TABLE links_link ADD owner_id uuid;
CREATE INDEX links_link_by_owner ON links_link (tenant_id, owner_id, id);
