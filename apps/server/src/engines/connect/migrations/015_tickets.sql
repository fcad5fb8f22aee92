-- additive
-- Tickets that pages sign their JS-SDK configuration with: kept and renewed as access tokens are.
CREATE TABLE connect_ticket (
  tenant_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  value_sealed text,
  value_hash text,
  expires_at timestamptz(3),
  voided boolean NOT NULL DEFAULT false,
  lease_owner text,
  lease_until timestamptz(3),
  obtained_at timestamptz(3),
  source text,
  tail text,
  failed_at timestamptz(3),
  failed_because text,
  failed_errcode integer,
  PRIMARY KEY (tenant_id, wechat_app_id),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);
COMMENT ON TABLE connect_ticket IS 'The one JS-SDK ticket of an app, and who may renew it; as connect_token has its access token.';
COMMENT ON COLUMN connect_ticket.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_ticket.value_sealed IS 'The ticket, sealed; null before the first.';
COMMENT ON COLUMN connect_ticket.value_hash IS 'SHA-256 of it; null before the first.';
COMMENT ON COLUMN connect_ticket.expires_at IS 'From when it is too old, by our clock; null before the first.';
COMMENT ON COLUMN connect_ticket.voided IS 'Never: WeChat is told signatures, not tickets.';
COMMENT ON COLUMN connect_ticket.lease_owner IS 'The process that renews it now; null: none.';
COMMENT ON COLUMN connect_ticket.lease_until IS 'Until when we believe that one lives; null: none renews.';
COMMENT ON COLUMN connect_ticket.obtained_at IS 'When this value came; null before the first.';
COMMENT ON COLUMN connect_ticket.source IS 'Always WeChat; null before the first.';
COMMENT ON COLUMN connect_ticket.tail IS 'Its last four characters; null before the first.';
COMMENT ON COLUMN connect_ticket.failed_at IS 'When WeChat last gave none; null: it has given one since, or never failed.';
COMMENT ON COLUMN connect_ticket.failed_because IS 'What was said then; null as failed_at.';
COMMENT ON COLUMN connect_ticket.failed_errcode IS 'WeChat''s errcode of then; null as failed_at, or if nothing answered.';
