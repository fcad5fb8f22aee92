import type pg from "pg";

/** Each query returns one column of text. Objects of extensions and of the queue's own schema are not ours. */
const catalogue = {
  tables: `SELECT format('%s %s rls=%s/%s acl=%s comment=%s', c.relkind, c.relname,
      c.relrowsecurity, c.relforcerowsecurity, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(c.relacl) a), obj_description(c.oid, 'pg_class'))
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')`,
  columns: `SELECT format('%s.%s %s %s null=%s default=%s identity=%s generated=%s collation=%s comment=%s', c.relname,
      (SELECT count(*) FROM pg_attribute b WHERE b.attrelid = a.attrelid AND b.attnum BETWEEN 1 AND a.attnum
         AND NOT b.attisdropped), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attcollation::regcollation,
      col_description(a.attrelid, a.attnum))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
      AND NOT a.attisdropped`,
  constraints: `SELECT format('%s %s %s validated=%s', conrelid::regclass, conname,
      pg_get_constraintdef(oid), convalidated)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
  indexes: `SELECT format('%s valid=%s', pg_get_indexdef(indexrelid), indisvalid) FROM pg_index
    JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'public'::regnamespace`,
  policies: `SELECT format('%s %s %s %s %s using=%s check=%s', tablename, policyname,
      permissive, roles, cmd, qual, with_check)
    FROM pg_policies WHERE schemaname = 'public'`,
  functions: `SELECT format('%s acl=%s', pg_get_functiondef(p.oid), p.proacl) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')`,
  triggers: `SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT tgisinternal AND c.relnamespace = 'public'::regnamespace`,
  views: `SELECT format('%s %s', viewname, definition) FROM pg_views WHERE schemaname = 'public'`,
  types: `SELECT format('%s %s', t.typname, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum
      WHERE enumtypid = t.oid)) FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')`,
  options: `SELECT format('%s %s', relname, reloptions) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL`,
} as const;

/**
 * Everything that the schema `public` is, one line per thing, sorted: two databases with the same lines are the same to
 * a server.
 */
export async function describeSchema(client: pg.Client): Promise<string[]> {
  const lines: string[] = [];
  for (const [kind, sql] of Object.entries(catalogue)) {
    const { rows } = await client.query<Record<string, string>>(sql);
    // The tenants' role carries the database's name.
    const texts = rows.map((row) => Object.values(row)[0]?.replaceAll(/\bzg_tenant_\w+/g, "zg_tenant") ?? "");
    lines.push(...texts.map((text) => `${kind}: ${text}`));
  }
  return lines.toSorted();
}
