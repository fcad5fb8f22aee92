-- additive
CREATE TABLE links_link (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  -- Of all tenants: they stand under one host. A deleted link keeps it.
  slug text NOT NULL UNIQUE,
  -- Somebody chose it, and prints it: it is given to nobody else who shortens the same address.
  own_slug boolean NOT NULL DEFAULT false,
  url text NOT NULL,
  title text,
  rules jsonb NOT NULL DEFAULT '[]',
  expires_at timestamptz(3),
  max_clicks integer CHECK (max_clicks > 0),
  password_hash text,
  disabled boolean NOT NULL DEFAULT false,
  deleted_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  -- What is searched: a generated column can't be made of another one.
  words text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN links_link.rules IS 'type LinkRule[] from ./links.contract.ts';
CREATE INDEX links_link_by_expiry ON links_link (tenant_id, expires_at, id);
CREATE INDEX links_link_by_url ON links_link (tenant_id, url, id);
SELECT zg_make_searchable('links_link', 'words', 'deleted_at IS NULL');

CREATE FUNCTION links_say_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.words := concat_ws(E'\n', NEW.slug, NEW.title, NEW.url);
  RETURN NEW;
END $$;
CREATE TRIGGER words BEFORE INSERT OR UPDATE OF title, url ON links_link
  FOR EACH ROW EXECUTE FUNCTION links_say_words();

-- Apart from the links, so that counting locks none of them.
CREATE TABLE links_counter (
  tenant_id uuid NOT NULL,
  link_id uuid NOT NULL,
  clicks integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, link_id),
  FOREIGN KEY (tenant_id, link_id) REFERENCES links_link (tenant_id, id)
) WITH (fillfactor = 50);
CREATE INDEX links_counter_by_clicks ON links_counter (tenant_id, clicks, link_id);

CREATE TABLE links_click (
  tenant_id uuid NOT NULL,
  link_id uuid NOT NULL,
  hour timestamptz(3) NOT NULL,
  clicks integer NOT NULL,
  PRIMARY KEY (tenant_id, link_id, hour),
  FOREIGN KEY (tenant_id, link_id) REFERENCES links_link (tenant_id, id)
) WITH (fillfactor = 50);
CREATE INDEX links_click_by_hour ON links_click (tenant_id, hour);

-- Counts clicks of many links at once and tells for how many of them each link's limit had room. It locks the counters,
-- in one order everywhere, and reads them as they are then, so that a limit holds exactly; the links stay free.
CREATE FUNCTION links_count(tenant_ids uuid[], link_ids uuid[], at timestamptz)
RETURNS TABLE (id uuid, room integer) LANGUAGE sql AS $$
  WITH counted AS (
    UPDATE links_counter AS c SET clicks = c.clicks + held.room
    FROM (
      SELECT c.tenant_id, c.link_id, greatest(0, least(o.times, coalesce(l.max_clicks - c.clicks, o.times))) AS room
      FROM (
        SELECT tenant_id, link_id, count(*)::integer AS times FROM unnest(tenant_ids, link_ids) AS each (tenant_id, link_id)
        GROUP BY 1, 2) AS o
      JOIN links_counter c USING (tenant_id, link_id) JOIN links_link l ON (l.tenant_id, l.id) = (c.tenant_id, c.link_id)
      ORDER BY c.link_id FOR UPDATE OF c) AS held
    WHERE (c.tenant_id, c.link_id) = (held.tenant_id, held.link_id)
    RETURNING c.tenant_id, c.link_id, held.room),
  hours AS (
    INSERT INTO links_click AS h (tenant_id, link_id, hour, clicks)
    SELECT tenant_id, link_id, date_trunc('hour', at), counted.room FROM counted
    WHERE counted.room > 0 ORDER BY link_id
    ON CONFLICT (tenant_id, link_id, hour) DO UPDATE SET clicks = h.clicks + excluded.clicks)
  SELECT link_id, counted.room FROM counted
$$;
