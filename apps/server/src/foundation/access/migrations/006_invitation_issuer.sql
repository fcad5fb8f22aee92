-- additive
-- The account that made it: it is good for as long as that one could make it again.
ALTER TABLE access_invitation ADD issued_by uuid;
