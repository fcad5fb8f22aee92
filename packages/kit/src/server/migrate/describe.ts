import pg from "pg";

/** What columns of these names hold in every table. A migration may say it of its own table in another way. */
const everywhere: Readonly<Record<string, string>> = {
  tenant_id: "The business whose row it is: row-level security compares it with the ctx''s tenant.",
  id: "UUIDv7: what was made later has a greater one.",
  created_at: "When the row was made, by the server''s clock.",
  trace_id: "Trace of the request or task that it came from: 32 hex digits, as in the log.",
};
const grams = "One- and two-character parts of the column before _grams, for the search; PostgreSQL makes it.";

/** Each row is a comment that lacks, as a statement. A partition is described as its table is. */
const lacking = `
  WITH described AS (
    SELECT c.oid, c.relname, c.relispartition, coalesce(
      (SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid AND c.relispartition), c.oid) AS whole
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  )
  SELECT format('COMMENT ON TABLE %I IS %L', relname, said) AS text
  FROM (SELECT *, obj_description(whole, 'pg_class') AS said FROM described WHERE relispartition) AS part
  WHERE said IS NOT NULL AND obj_description(oid, 'pg_class') IS DISTINCT FROM said
  UNION ALL
  SELECT format('COMMENT ON COLUMN %I.%I IS %L', relname, attname, said)
  FROM (SELECT d.*, a.attname, a.attnum, coalesce(
      (SELECT col_description(whole, b.attnum) FROM pg_attribute b WHERE b.attrelid = whole AND b.attname = a.attname),
      CASE ${Object.entries(everywhere)
        .map(([name, said]) => `WHEN a.attname = '${name}' THEN '${said}'`)
        .join(" ")}
      WHEN a.attname LIKE '%\\_grams' AND a.attgenerated <> '' THEN '${grams}' END) AS said
    FROM described d JOIN pg_attribute a ON a.attrelid = d.oid AND a.attnum > 0 AND NOT a.attisdropped) AS part
  WHERE said IS NOT NULL AND col_description(oid, attnum) IS DISTINCT FROM said
`;

/**
 * Says in the catalogue what needs no saying table by table: the columns that mean the same everywhere, and partitions,
 * which are what their table is. Repeatable; does nothing where all of it is said.
 */
export async function describeTables(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ text: string }>(lacking);
  if (rows.length > 0) await client.query(rows.map(({ text }) => text).join(";\n"));
}
