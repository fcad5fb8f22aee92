-- Substring search that works for Chinese too, where words have no spaces: a text's one- and two-character parts, each
-- behind the tail of its tenant's id, so that one tenant's texts don't lengthen the lists of another's. A GIN index on
-- them finds every text that may hold what is looked for; who asks looks again at the few that are found.
CREATE FUNCTION zg_grams(tenant uuid, word text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT right(tenant::text, 8) || substr(lower(word), n, k)), '{}')
  FROM generate_series(1, length(word)) AS n, generate_series(1, 2) AS k WHERE n + k - 1 <= length(word)
$$;

-- What a text must have to hold `part`: all of the part's pairs, or its only character.
CREATE FUNCTION zg_search_grams(tenant uuid, part text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT right(tenant::text, 8) || substr(lower(part), n, least(length(part), 2))), '{}')
  FROM generate_series(1, greatest(length(part) - 1, 1)) AS n WHERE length(part) > 0
$$;

-- Makes a table's rows findable by any part of one of its texts: `searchIn` of the kit reads the view `<table>_search`.
-- The index's operators aren't leakproof, so row-level security would keep a query from it. The view is therefore the
-- owner's, and sees one tenant by its own WHERE. `rows` narrows what can be found, as a condition on the table.
CREATE FUNCTION zg_make_searchable(searched text, word text, rows text DEFAULT 'true') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  grams text := word || '_grams';
BEGIN
  EXECUTE format('ALTER TABLE %I ADD %I text[] GENERATED ALWAYS AS (zg_grams(tenant_id, %I)) STORED', searched, grams, word);
  EXECUTE format('CREATE INDEX %I ON %I USING gin (%I) WHERE %s', searched || '_by_' || grams, searched, grams, rows);
  EXECUTE format('CREATE VIEW %I AS SELECT id, %I AS grams, %I AS word FROM %I
    WHERE (%s) AND tenant_id = current_setting(''zg.tenant'')::uuid', searched || '_search', grams, word, searched, rows);
END $$;
