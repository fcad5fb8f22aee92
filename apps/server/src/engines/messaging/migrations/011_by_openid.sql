-- no-transaction
-- additive
-- What was sent to somebody at WeChat, in its order: beside what they wrote it makes the conversation.
CREATE INDEX CONCURRENTLY messaging_delivery_by_openid ON messaging_delivery (tenant_id, wechat_app_id, "to", id)
  WHERE channel IN ('wechat_template', 'wechat_reply');
