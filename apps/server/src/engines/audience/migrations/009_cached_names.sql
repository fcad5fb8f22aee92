-- additive
-- How people are called is kept in memory (audience.caches.ts). Few are renamed, so few transactions tell of it.
CREATE TRIGGER renamed AFTER UPDATE OF display_name ON audience_person
  FOR EACH ROW WHEN (OLD.display_name IS DISTINCT FROM NEW.display_name)
  EXECUTE FUNCTION kit_forget_cached('audience.names', 'id');
CREATE TRIGGER gone AFTER DELETE ON audience_person
  FOR EACH ROW EXECUTE FUNCTION kit_forget_cached('audience.names', 'id');
