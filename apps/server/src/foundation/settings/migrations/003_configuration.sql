CREATE TRIGGER configuration
  AFTER INSERT OR DELETE OR UPDATE
  ON settings_value FOR EACH ROW EXECUTE FUNCTION kit_configuration_changed();
