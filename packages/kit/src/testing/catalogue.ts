import type pg from "pg";
import type { PlatformTables } from "../server/policies.ts";

export interface CatalogueExceptions {
  /** Tables without a tenant, and what the tenant role may do with them. */
  readonly platformTables: PlatformTables;
  /** Views, functions and indexes that are meant to be as they are, each with its reason. */
  readonly allowed?: Readonly<Record<string, string>>;
}

const ownersView = `c.relnamespace = 'public'::regnamespace AND (c.relkind = 'm' OR c.relkind = 'v'
  AND NOT coalesce(c.reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on'])`;
/** Whatever else a view's WHERE says, the last thing it asks of each row is the tenant. */
const tenantOfRow = String.raw`\(tenant_id = \(current_setting\(''zg\.tenant''::text\)\)::uuid\)`;
const isOneTenants = String.raw`pg_get_viewdef(c.oid) ~ 'AND ${tenantOfRow}\);$'`;

/** One query per rule; each row says what breaks it, with the name that an exception would list, if any may. */
const rules: readonly string[] = [
  `SELECT c.relname AS name, 'the table ' || c.relname || ' has neither a tenant_id nor a place in the registry' AS wrong
   FROM tables c WHERE NOT c.has_tenant AND NOT c.relname = ANY($1)`,
  `SELECT c.relname AS name, 'the table ' || c.relname || ' has no row-level security with the policy "tenant"' AS wrong
   FROM tables c WHERE c.has_tenant AND NOT (c.relrowsecurity AND EXISTS (
     SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant' AND p.polpermissive AND p.polcmd = '*'
       AND pg_get_expr(p.polqual, c.oid) LIKE '%zg.tenant%' AND pg_get_expr(p.polwithcheck, c.oid) LIKE '%zg.tenant%')
     AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'tenant' AND p.polpermissive))`,
  `SELECT c.relname AS name, 'the partition ' || c.relname || ' can be reached beside its table' AS wrong
   FROM tables c, kit_database WHERE c.relispartition
     AND has_table_privilege(tenant_role, c.oid, 'SELECT, INSERT, UPDATE, DELETE')`,
  `SELECT k.conname AS name, 'the foreign key ' || k.conname || ' could lead to another tenant: put tenant_id into it' AS wrong
   FROM pg_constraint k JOIN tables f ON f.oid = k.confrelid AND f.has_tenant
   WHERE k.contype = 'f' AND NOT EXISTS (
     SELECT FROM unnest(k.conkey, k.confkey) AS pair(here, there)
     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here AND a.attname = 'tenant_id'
     JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there AND b.attname = 'tenant_id')`,
  `SELECT c.relname AS name, 'the view ' || c.relname || ' shows what its owner sees: make it security_invoker' AS wrong
   FROM pg_class c WHERE ${ownersView} AND NOT (c.relname LIKE '%\\_search' AND ${isOneTenants})`,
  `SELECT '' AS name, 'the view ' || c.relname || ' shows the rows of all tenants: end its WHERE with AND '
     || 'tenant_id = current_setting(''zg.tenant'')::uuid' AS wrong
   FROM pg_class c WHERE ${ownersView} AND NOT ${isOneTenants}`,
  `SELECT p.proname AS name, 'the function ' || p.proname || ' runs as its owner (SECURITY DEFINER)' AS wrong
   FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef`,
  `SELECT i.relname AS name, 'the index ' || i.relname || ' can''t be used under row-level security: '
     || 'its operators are not leakproof, or it is on an expression (use a generated column)' AS wrong
   FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN tables t ON t.oid = x.indrelid AND t.has_tenant
   CROSS JOIN LATERAL unnest(x.indkey::int2[], x.indclass::oid[]) AS key(attribute, class)
   WHERE key.class IS NOT NULL
     -- What zg_make_searchable makes is read through its view.
     AND NOT (i.relname LIKE '%\\_grams' AND to_regclass(quote_ident(t.relname || '_search')) IS NOT NULL)
     AND (key.attribute = 0 OR NOT EXISTS (
     SELECT FROM pg_opclass oc JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoppurpose = 's'
       AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
     JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_proc p ON p.oid = o.oprcode
     WHERE oc.oid = key.class AND p.proleakproof))`,
  `SELECT t.relname || '.' || a.attname AS name,
     t.relname || '.' || a.attname || ' is finer than a millisecond, which JavaScript would cut: timestamptz(3)' AS wrong
   FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped
   WHERE t.has_tenant AND a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)
     AND (a.atttypmod <> 3 OR a.atttypid = 'timestamp'::regtype)`,
  `SELECT c.relname AS name, 'tenants may do more with ' || c.relname || ' than the registry says' AS wrong
   FROM tables c, kit_database, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
   WHERE NOT c.has_tenant AND has_table_privilege(tenant_role, c.oid, privilege)
     AND NOT coalesce(($2::jsonb -> c.relname::text) ? privilege, false)`,
  `SELECT t.relname AS name, 'nobody says what a row of ' || t.relname || ' is: COMMENT ON TABLE' AS wrong
   FROM tables t WHERE coalesce(obj_description(t.oid, 'pg_class'), '') = ''`,
  `SELECT t.relname || '.' || a.attname AS name,
     'nobody says what ' || t.relname || '.' || a.attname || ' holds: COMMENT ON COLUMN' AS wrong
   FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
   -- A type is for the generator of row types; it tells people nothing.
   WHERE regexp_replace(coalesce(col_description(t.oid, a.attnum), ''), '^type .*$|\\{type .*\\}$', '') !~ '\\S'`,
];

/**
 * What of a database's catalogue row-level security doesn't hold apart, or nobody describes, a sentence each. Empty
 * when tenants are apart, every index can be used, and every table and column says what it holds.
 */
export async function catalogueViolations(
  client: pg.ClientBase,
  { platformTables, allowed = {} }: CatalogueExceptions,
): Promise<string[]> {
  const found: { name: string; wrong: string }[] = [];
  for (const rule of rules) {
    const parameters = [Object.keys(platformTables), JSON.stringify(platformTables)];
    const { rows } = await client.query<{ name: string; wrong: string }>(
      `WITH tables AS (
         SELECT c.oid, c.relname, c.relrowsecurity, c.relispartition, EXISTS (
           SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         ) AS has_tenant
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p'))
       SELECT DISTINCT * FROM (${rule}) AS found WHERE $1::text[] IS NOT NULL AND $2::jsonb IS NOT NULL ORDER BY 1`,
      parameters,
    );
    found.push(...rows);
  }
  return found.filter(({ name }) => name === "" || allowed[name] === undefined).map(({ wrong }) => wrong);
}
