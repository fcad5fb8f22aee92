-- additive
CREATE TABLE connect_media (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  inbound_id uuid NOT NULL,
  file_id uuid,
  fetched_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, inbound_id)
);
COMMENT ON TABLE connect_media IS 'Voice and video that customers sent, once somebody has asked for it: WeChat keeps them for three days, we as long as the message.';
COMMENT ON COLUMN connect_media.inbound_id IS 'The message.';
COMMENT ON COLUMN connect_media.file_id IS 'The file that holds it; null: WeChat had forgotten it already.';
COMMENT ON COLUMN connect_media.fetched_at IS 'When WeChat was asked.';
