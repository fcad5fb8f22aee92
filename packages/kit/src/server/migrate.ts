import type pg from "pg";
import type { Audited } from "../contract/audited.ts";
import { auditTables } from "./audit/triggers.ts";
import { applyBackfill } from "./migrate/backfill.ts";
import { applyConcurrent, indexStatements } from "./migrate/concurrent.ts";
import { describeTables } from "./migrate/describe.ts";
import { type Migration, type MigrationFolder, readMigrations } from "./migrate/files.ts";
import { knowsMore, pending, prepareLedger, readLedger, recordApplied } from "./migrate/ledger.ts";
import {
  exclusiveSession,
  type MigrateOptions,
  type MigrationSettings,
  patiently,
  settingsOf,
} from "./migrate/session.ts";
import { createTenantRole, type PlatformTables, scopeTables, tenantRoleOf } from "./policies.ts";

/**
 * Brings the database up to date, file by file. Processes that start together take turns.
 *
 * @param databaseUrl PostgreSQL itself: the turns are locks of a session, which a pooler in between would lose
 * @returns the names of the files that were applied now
 * @throws Error if a file that was applied before has changed since, if a newer server has taken something away, or if
 *   a file fails; the files before it stay applied
 */
export async function migrate(
  databaseUrl: string,
  folders: readonly MigrationFolder[],
  options: MigrateOptions = {},
): Promise<string[]> {
  const settings = settingsOf(options);
  const { only } = settings;
  const migrations = (await readMigrations(folders)).filter((each) => only?.(each) ?? true);
  // What can't be run is found before anything is.
  for (const migration of migrations) if (migration.kind === "concurrent") indexStatements(migration);
  return exclusiveSession(databaseUrl, settings, async (client) => {
    await prepareLedger(client);
    const applied = await readLedger(client);
    const missing = pending(migrations, applied);
    const role = await ensureTenantRole(client, settings.tenantRole);
    const platform: PlatformTables = Object.assign({}, ...folders.map((each) => each.platformTables ?? {}));
    const scope = (): Promise<void> => scopeTables(client, role, platform);
    for (const migration of missing) await apply(client, migration, settings, scope);
    if (only !== undefined) return missing.map(placeOf);
    const audited: Audited = Object.assign({}, ...folders.map((each) => each.audited ?? {}));
    await patiently(client, settings, "what tables hold", () => describeTables(client));
    const isOlder = knowsMore(applied, migrations);
    await patiently(client, settings, "the audited tables", () => auditTables(client, audited, { isOlder }));
    return missing.map(placeOf);
  });
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

/** @param scope puts the tables that the file made behind row-level security, in the file's transaction */
async function apply(
  client: pg.Client,
  migration: Migration,
  settings: MigrationSettings,
  scope: () => Promise<void>,
): Promise<void> {
  try {
    if (migration.kind === "concurrent") await applyConcurrent(client, migration);
    else if (migration.kind === "backfill") await applyBackfill(client, migration, settings);
    else await applyWhole(client, migration, settings, scope);
  } catch (cause) {
    await client.query("ROLLBACK").catch(() => {});
    throw new Error(`The migration ${placeOf(migration)} failed`, { cause });
  }
}

async function applyWhole(
  client: pg.Client,
  migration: Migration,
  settings: MigrationSettings,
  scope: () => Promise<void>,
): Promise<void> {
  await patiently(client, settings, placeOf(migration), async () => {
    await client.query(migration.text);
    await scope();
    await recordApplied(client, migration);
  });
}

function placeOf({ module, name }: Pick<Migration, "module" | "name">): string {
  return `${module}/${name}`;
}
