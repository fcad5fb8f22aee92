import { createHash } from "node:crypto";
import pg from "pg";

/** What the tenant role may do with a table that has no tenant: named in the module registry, nothing else. */
export type Privilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";
export type PlatformTables = Readonly<Record<string, readonly Privilege[]>>;

/** The kit's own tables without a tenant. Whoever emits has to know who listens. */
export const kitTables: PlatformTables = {
  kit_database: [],
  kit_maintenance: [],
  kit_event_type: [],
  kit_migration: [],
  kit_migration_begun: [],
  kit_queue: [],
  kit_slow_query: [],
  kit_subscription: ["SELECT"],
};

/** Tables of tenants that they may do less with than with others. */
const narrowed: Readonly<Record<string, readonly Privilege[]>> = {
  kit_audit_entry: ["SELECT", "INSERT"],
  kit_audit_unsealed: ["SELECT", "INSERT"],
  kit_audit_seal: ["SELECT"],
  kit_audit_verification: ["SELECT"],
};
const everything: readonly Privilege[] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** SQLSTATEs of a role that somebody else has just made. */
const roleExists: ReadonlySet<unknown> = new Set(["42710", "23505"]);
const tenant = "current_setting('zg.tenant')::uuid";

/** The tenant role's default name: one per database of a cluster, within PostgreSQL's 63 bytes. */
export function tenantRoleOf(database: string): string {
  const plain = database.replaceAll(/[^a-z0-9_]/gi, "_").slice(0, 40);
  const suffix = plain === database ? "" : `_${createHash("sha256").update(database).digest("hex").slice(0, 8)}`;
  return `zg_tenant_${plain}${suffix}`;
}

/**
 * Makes the role in which tenants' statements run, lets this login step into it, and remembers its name in the
 * database, so that a copy of the database works with the same role.
 *
 * @throws Error naming the two lines that an administrator has to run, where this login may not create roles
 */
export async function createTenantRole(client: pg.ClientBase, role: string): Promise<void> {
  const name = pg.escapeIdentifier(role);
  const { rows } = await client.query<{ exists: boolean; member: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS exists,
            coalesce((SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = $1), false) AS member`,
    [role],
  );
  const { exists, member } = rows[0] ?? { exists: false, member: false };
  try {
    if (!exists) await client.query(`CREATE ROLE ${name} NOLOGIN`).catch(unlessItExists);
    if (!exists || !member) await client.query(`GRANT ${name} TO CURRENT_USER`);
  } catch (cause) {
    const { rows: who } = await client.query<{ login: string }>("SELECT current_user AS login");
    throw new Error(
      `This database login may not create the role in which tenants are kept apart. Let an administrator run:\n` +
        `  CREATE ROLE ${name} NOLOGIN;\n  GRANT ${name} TO ${pg.escapeIdentifier(who[0]?.login ?? "")};`,
      { cause },
    );
  }
  await client.query(`GRANT USAGE ON SCHEMA public TO ${name}`);
}

/**
 * Puts row-level security on every table and partition that has a tenant and lacks it, with the grants and the default
 * that go with it; and gives the platform's tables their listed grants. Repeatable.
 *
 * A partition is reached through its table only: it has the policy, but no grants of its own.
 */
export async function scopeTables(client: pg.ClientBase, role: string, platform: PlatformTables): Promise<void> {
  const name = pg.escapeIdentifier(role);
  const { rows } = await client.query<{ table: string; partition: boolean }>(
    `SELECT quote_ident(c.relname) AS table, c.relispartition AS partition FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'))
     ORDER BY 1`,
  );
  for (const { table, partition } of rows) {
    await client.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
      CREATE POLICY tenant ON ${table} TO ${name} USING (tenant_id = ${tenant}) WITH CHECK (tenant_id = ${tenant});
      ALTER TABLE ${table} ALTER tenant_id SET DEFAULT ${tenant}`);
    const privileges = (narrowed[table] ?? everything).join(", ");
    if (!partition) await client.query(`GRANT ${privileges} ON ${table} TO ${name}`);
  }
  // For the defaults: an identity column needs no grant, a sequence of its own does.
  await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${name}`);
  // An owner's view narrows to one tenant by itself, or the catalogue test refuses it.
  const { rows: views } = await client.query<{ view: string }>(
    "SELECT quote_ident(relname) AS view FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'",
  );
  for (const { view } of views) await client.query(`GRANT SELECT ON ${view} TO ${name}`);
  for (const [table, privileges] of Object.entries(platform)) {
    const { rowCount } = await client.query("SELECT FROM pg_class WHERE oid = to_regclass($1)", [table]);
    if (rowCount === 1 && privileges.length > 0) {
      await client.query(`GRANT ${privileges.join(", ")} ON ${pg.escapeIdentifier(table)} TO ${name}`);
    }
  }
}

function unlessItExists(error: unknown): void {
  if (!(error instanceof Error && "code" in error && roleExists.has(error.code))) throw error;
}
