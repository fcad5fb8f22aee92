-- additive
-- Codes that were asked for. Neither a code nor the address that it went to stands here readable: of the first there is
-- a keyed hash, of the second another one to find it by, and what people may see of it. Both lie sealed beside until
-- the message is on its way.
CREATE TABLE codes_code (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  purpose text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('phone', 'mail')),
  address_hash text NOT NULL,
  address_masked text NOT NULL,
  network text NOT NULL,
  device text,
  code_hash text NOT NULL,
  message_sealed text,
  -- Nobody at that address is to be written to: it is answered as any other, and nothing goes out.
  is_withheld boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed', 'used', 'replaced', 'guessed')),
  failure text,
  tries integer NOT NULL DEFAULT 0,
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id)
);
-- By each of these codes are counted before another one is sent.
CREATE INDEX codes_code_by_address ON codes_code (tenant_id, address_hash, created_at);
CREATE INDEX codes_code_by_network ON codes_code (tenant_id, network, created_at);
CREATE INDEX codes_code_by_device ON codes_code (tenant_id, device, created_at) WHERE device IS NOT NULL;
CREATE INDEX codes_code_by_use ON codes_code (tenant_id, used_at) WHERE used_at IS NOT NULL;

-- Challenges that were solved: each is good once, in whatever process. They are of nobody's business.
CREATE TABLE codes_proof (
  nonce text PRIMARY KEY,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX codes_proof_by_end ON codes_proof (expires_at);

COMMENT ON TABLE codes_code IS 'Verification codes that were asked for, by customers and by programs.';
COMMENT ON COLUMN codes_code.purpose IS 'What it is good for; a code of one purpose is no code of another.';
COMMENT ON COLUMN codes_code.channel IS 'How it was sent.';
COMMENT ON COLUMN codes_code.address_hash IS 'Keyed hash of the address, to find and count by.';
COMMENT ON COLUMN codes_code.address_masked IS 'What people may see of the address.';
COMMENT ON COLUMN codes_code.network IS 'The network that asked, as attempts are counted by: an IPv4 address, an IPv6 /64.';
COMMENT ON COLUMN codes_code.device IS 'The device that asked, as it names itself; null where it names none.';
COMMENT ON COLUMN codes_code.code_hash IS 'Keyed hash of the code.';
COMMENT ON COLUMN codes_code.message_sealed IS 'Address and code, sealed, until the message is on its way; null afterwards.';
COMMENT ON COLUMN codes_code.is_withheld IS 'True where nobody is to be written to: it was answered like any other, and nothing was sent.';
COMMENT ON COLUMN codes_code.state IS 'What became of it; one that only ran out of time stays sent.';
COMMENT ON COLUMN codes_code.failure IS 'Why it could not be sent; null unless it failed.';
COMMENT ON COLUMN codes_code.tries IS 'Wrong codes that were entered.';
COMMENT ON COLUMN codes_code.expires_at IS 'From when it is good for nothing.';
COMMENT ON COLUMN codes_code.used_at IS 'When it was entered; null until then.';

COMMENT ON TABLE codes_proof IS 'Solved challenges of the proof of work, until they expire: each is good once. The server''s own.';
COMMENT ON COLUMN codes_proof.nonce IS 'What tells the challenge from others.';
COMMENT ON COLUMN codes_proof.expires_at IS 'From when the challenge would be refused anyway.';
