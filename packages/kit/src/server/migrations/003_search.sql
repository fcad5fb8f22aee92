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
