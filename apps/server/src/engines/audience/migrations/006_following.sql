-- additive
-- Whether any account is followed, beside the person, so that the list can be narrowed by it with an index.
ALTER TABLE audience_person ADD following boolean NOT NULL DEFAULT false;

CREATE FUNCTION audience_note_following() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  whose uuid;
BEGIN
  FOREACH whose IN ARRAY CASE WHEN TG_OP = 'UPDATE' THEN ARRAY[OLD.person_id, NEW.person_id] ELSE ARRAY[NEW.person_id] END LOOP
    UPDATE audience_person p SET following = now.following FROM (
      SELECT coalesce(bool_or(i.following), false) AS following FROM audience_identity i
      WHERE i.tenant_id = NEW.tenant_id AND i.person_id = whose) now
    WHERE p.tenant_id = NEW.tenant_id AND p.id = whose AND p.following <> now.following;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER following_new AFTER INSERT ON audience_identity
  FOR EACH ROW WHEN (NEW.following) EXECUTE FUNCTION audience_note_following();
CREATE TRIGGER following_changed AFTER UPDATE OF following, person_id ON audience_identity
  FOR EACH ROW WHEN (OLD.following IS DISTINCT FROM NEW.following OR OLD.person_id <> NEW.person_id)
  EXECUTE FUNCTION audience_note_following();

CREATE INDEX audience_person_by_following ON audience_person (tenant_id, following, last_seen_at, id)
  WHERE merged_into IS NULL;
