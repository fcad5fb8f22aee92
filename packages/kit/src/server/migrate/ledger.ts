import type pg from "pg";
import type { Migration } from "./files.ts";

/** What a database knows of its migrations. */
export interface Applied {
  readonly module: string;
  readonly name: string;
  readonly checksum: string;
  readonly additive: boolean;
}

type File = Pick<Migration, "module" | "name" | "checksum" | "additive">;

/** Makes the two tables of migrations: what was applied, and what was begun and isn't over. */
export async function prepareLedger(client: pg.Client): Promise<void> {
  await client.query(`CREATE TABLE IF NOT EXISTS kit_migration (
      module text NOT NULL, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (module, name));
    ALTER TABLE kit_migration ADD COLUMN IF NOT EXISTS additive boolean NOT NULL DEFAULT false;
    CREATE TABLE IF NOT EXISTS kit_migration_begun (
      module text NOT NULL, name text NOT NULL, checksum text NOT NULL, cursor jsonb,
      begun_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (module, name))`);
}

export async function readLedger(client: pg.Client): Promise<Applied[]> {
  const { rows } = await client.query<Applied>("SELECT module, name, checksum, additive FROM kit_migration");
  return rows;
}

/**
 * Which files the database hasn't seen.
 *
 * A file that the database knows and that isn't here is a newer server's: its rows may look as this one never heard of.
 * Only if the newer file says that it merely adds does the older server go on.
 *
 * @throws Error if a file was changed after it had been applied, or if a newer one takes something away
 */
export function pending(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const known = new Map(migrations.map((each) => [`${each.module}/${each.name}`, each]));
  for (const { module, name, checksum, additive } of applied) {
    const place = `${module}/${name}`;
    const file = known.get(place);
    if (file === undefined) {
      if (additive) continue;
      throw new Error(
        `The database knows the migration ${place}, which is not here and doesn't say that it only adds: ` +
          "is this an older version? Start the newer one, or restore the database as it was before.",
      );
    }
    if (file.checksum !== checksum) {
      throw new Error(`${place} was changed after it had been applied: put it back and write a new file`);
    }
    known.delete(place);
  }
  return [...known.values()];
}

/** Whether a newer server has migrated this database: what it made is its own to change. */
export function knowsMore(applied: readonly Applied[], migrations: readonly Migration[]): boolean {
  const known = new Set(migrations.map(({ module, name }) => `${module}/${name}`));
  return applied.some(({ module, name }) => !known.has(`${module}/${name}`));
}

/** In the transaction of the file, or, where it has none, after all of it. */
export async function recordApplied(client: pg.ClientBase, { module, name, checksum, additive }: File): Promise<void> {
  await client.query("INSERT INTO kit_migration (module, name, checksum, additive) VALUES ($1, $2, $3, $4)", [
    module,
    name,
    checksum,
    additive,
  ]);
  await client.query("DELETE FROM kit_migration_begun WHERE module = $1 AND name = $2", [module, name]);
}

/**
 * Notes that a file of several transactions begins, or finds how far an earlier attempt came.
 *
 * @throws Error if the file was changed after an attempt had begun
 */
export async function begin(client: pg.ClientBase, file: File): Promise<{ again: boolean; cursor: unknown }> {
  const { module, name, checksum } = file;
  const { rows } = await client.query<{ checksum: string; cursor: unknown }>(
    "SELECT checksum, cursor FROM kit_migration_begun WHERE module = $1 AND name = $2",
    [module, name],
  );
  const [begun] = rows;
  if (begun === undefined) {
    await client.query("INSERT INTO kit_migration_begun (module, name, checksum) VALUES ($1, $2, $3)", [
      module,
      name,
      checksum,
    ]);
    return { again: false, cursor: null };
  }
  // A file that failed may be mended; one that has changed rows already must finish as it began.
  if (begun.checksum !== checksum && begun.cursor !== null) {
    throw new Error(`${module}/${name} was changed in the middle: put it back, let it finish, and write a new file`);
  }
  return { again: true, cursor: begun.cursor };
}

export async function keepCursor(
  client: pg.ClientBase,
  { module, name, checksum }: File,
  cursor: unknown,
): Promise<void> {
  await client.query("UPDATE kit_migration_begun SET cursor = $3, checksum = $4 WHERE module = $1 AND name = $2", [
    module,
    name,
    JSON.stringify(cursor),
    checksum,
  ]);
}
