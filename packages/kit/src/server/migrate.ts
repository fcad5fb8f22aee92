import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { createTenantRole, type PlatformTables, scopeTables, tenantRoleOf } from "./policies.ts";

/** Where a module keeps its numbered SQL files: `001_name.sql`, `002_…`. */
export interface MigrationFolder {
  readonly module: string;
  readonly folder: string;
  /** Its tables without a tenant, and what tenants may do with them. */
  readonly platformTables?: PlatformTables;
}

export interface MigrateOptions {
  /** The role in which tenants' statements run; each database has one of its own unless this says otherwise. */
  readonly tenantRole?: string;
}

export interface Migration {
  readonly module: string;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

// Any constant that no other program uses on the same database: "zhanggui" in ASCII, as PostgreSQL's bigint.
const advisoryLock = "8820992158880462185";

/**
 * Brings the database up to date, each file in a transaction of its own. Processes that start together take turns.
 *
 * @returns the names of the files that were applied now
 * @throws Error if a file that was applied before has changed since, or is gone
 */
export async function migrate(
  databaseUrl: string,
  folders: readonly MigrationFolder[],
  { tenantRole }: MigrateOptions = {},
): Promise<string[]> {
  const migrations = await readMigrations(folders);
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "zhanggui migrate" });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(${advisoryLock})`);
    await client.query(`CREATE TABLE IF NOT EXISTS kit_migration (
      module text NOT NULL, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (module, name))`);
    const { rows } = await client.query<Pick<Migration, "module" | "name" | "checksum">>(
      "SELECT module, name, checksum FROM kit_migration",
    );
    const missing = pending(migrations, rows);
    const role = await ensureTenantRole(client, tenantRole);
    const platform: PlatformTables = Object.assign({}, ...folders.map((each) => each.platformTables ?? {}));
    for (const migration of missing) {
      await apply(client, migration, () => scopeTables(client, role, platform));
    }
    return missing.map(({ module, name }) => `${module}/${name}`);
  } finally {
    await client.end();
  }
}

/** Reads the files of every folder, in the order of the folders and then of their numbers. */
export async function readMigrations(folders: readonly MigrationFolder[]): Promise<Migration[]> {
  const lists = folders.map(async ({ module, folder }) => {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
    const wrong = names.find((name, index) => !name.startsWith(`${String(index + 1).padStart(3, "0")}_`));
    if (wrong !== undefined) throw new Error(`${folder}: ${wrong} breaks the numbering 001_, 002_, …`);
    return Promise.all(
      names.map(async (name) => {
        const sql = await readFile(join(folder, name), "utf8");
        return { module, name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
      }),
    );
  });
  return (await Promise.all(lists)).flat();
}

function pending(
  migrations: readonly Migration[],
  applied: readonly Pick<Migration, "module" | "name" | "checksum">[],
): Migration[] {
  const known = new Map(migrations.map((each) => [`${each.module}/${each.name}`, each]));
  for (const { module, name, checksum } of applied) {
    const file = known.get(`${module}/${name}`);
    if (file === undefined) {
      throw new Error(
        `The database knows the migration ${module}/${name}, which is not here: is this an older version?`,
      );
    }
    if (file.checksum !== checksum) {
      throw new Error(`${module}/${name} was changed after it had been applied: put it back and write a new file`);
    }
    known.delete(`${module}/${name}`);
  }
  return [...known.values()];
}

/** Who runs tenants' statements: remembered in the database, because a copy of it keeps the role and not the name. */
async function ensureTenantRole(client: pg.Client, wanted: string | undefined): Promise<string> {
  await client.query("CREATE TABLE IF NOT EXISTS kit_database (tenant_role text NOT NULL)");
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  const role = rows[0]?.tenant_role ?? wanted ?? tenantRoleOf(client.database ?? "postgres");
  await createTenantRole(client, role);
  if (rows.length === 0) await client.query("INSERT INTO kit_database VALUES ($1)", [role]);
  return role;
}

async function apply(client: pg.Client, migration: Migration, then: () => Promise<void>): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(migration.sql);
    await then();
    const { module, name, checksum } = migration;
    await client.query("INSERT INTO kit_migration (module, name, checksum) VALUES ($1, $2, $3)", [
      module,
      name,
      checksum,
    ]);
    await client.query("COMMIT");
  } catch (cause) {
    await client.query("ROLLBACK");
    throw new Error(`The migration ${migration.module}/${migration.name} failed`, { cause });
  }
}
