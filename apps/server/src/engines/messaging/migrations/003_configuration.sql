-- Rules answer while WeChat waits, from memory; that one has answered changes nothing of it.
CREATE TRIGGER configuration
  AFTER INSERT OR DELETE OR UPDATE OF name, "on", wechat_app_id, channel_id, keyword, match, reply, enabled
  ON messaging_rule FOR EACH ROW EXECUTE FUNCTION kit_configuration_changed();
