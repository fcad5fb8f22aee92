-- A channel's figures, counted as its messages come in: counting them for each look at the list would read every message
-- ever received, and old ones are deleted. Who has come in by it:
CREATE TABLE connect_channel_visitor (
  tenant_id uuid NOT NULL,
  channel_id uuid NOT NULL,
  openid text NOT NULL,
  PRIMARY KEY (tenant_id, channel_id, openid),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES connect_channel (tenant_id, id)
);
-- In some parts that are added up, or all pushes of a busy channel would wait for one row.
CREATE TABLE connect_channel_count (
  tenant_id uuid NOT NULL,
  channel_id uuid NOT NULL,
  part smallint NOT NULL,
  scans integer NOT NULL,
  people integer NOT NULL,
  PRIMARY KEY (tenant_id, channel_id, part),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES connect_channel (tenant_id, id)
) WITH (fillfactor = 50);

-- In one order everywhere, and after the messages, so that two statements never wait for each other in a circle.
CREATE FUNCTION connect_count_channels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added WHERE channel_id IS NOT NULL) THEN RETURN NULL; END IF;
  WITH come AS MATERIALIZED (
    INSERT INTO connect_channel_visitor (tenant_id, channel_id, openid)
    SELECT DISTINCT tenant_id, channel_id, openid FROM added WHERE channel_id IS NOT NULL
    ORDER BY tenant_id, channel_id, openid
    ON CONFLICT DO NOTHING RETURNING tenant_id, channel_id
  )
  INSERT INTO connect_channel_count AS c (tenant_id, channel_id, part, scans, people)
  SELECT tenant_id, channel_id, pg_backend_pid() % 16, count(*), (SELECT count(*) FROM come
    WHERE come.tenant_id = added.tenant_id AND come.channel_id = added.channel_id)
  FROM added WHERE channel_id IS NOT NULL GROUP BY tenant_id, channel_id ORDER BY tenant_id, channel_id
  ON CONFLICT (tenant_id, channel_id, part)
    DO UPDATE SET scans = c.scans + excluded.scans, people = c.people + excluded.people;
  RETURN NULL;
END $$;
CREATE TRIGGER figures AFTER INSERT ON connect_inbound REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION connect_count_channels();

INSERT INTO connect_channel_visitor (tenant_id, channel_id, openid)
SELECT DISTINCT tenant_id, channel_id, openid FROM connect_inbound WHERE channel_id IS NOT NULL;
INSERT INTO connect_channel_count (tenant_id, channel_id, part, scans, people)
SELECT tenant_id, channel_id, 0, count(*), count(DISTINCT openid)
FROM connect_inbound WHERE channel_id IS NOT NULL GROUP BY tenant_id, channel_id;
DROP INDEX connect_inbound_by_channel;
