-- What a push is answered from (internal/snapshots.ts).
CREATE TRIGGER configuration
  AFTER INSERT OR DELETE
  OR UPDATE OF name, app_id, mode, secret_sealed, push_token_sealed, aes_key_sealed, disabled
  ON connect_app FOR EACH ROW EXECUTE FUNCTION kit_configuration_changed();
CREATE TRIGGER configuration
  AFTER INSERT OR DELETE OR UPDATE
  ON connect_channel FOR EACH ROW EXECUTE FUNCTION kit_configuration_changed();
