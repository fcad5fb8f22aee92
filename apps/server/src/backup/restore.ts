import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { verifyChains } from "@zhanggui/kit/server/audit/verify";
import { openDatabase } from "@zhanggui/kit/server/database";
import type { Env } from "@zhanggui/kit/server/env";
import type { Logger } from "@zhanggui/kit/server/log";
import { migrate } from "@zhanggui/kit/server/migrate";
import { readMigrations } from "@zhanggui/kit/server/migrate/files";
import { OperatorError } from "@zhanggui/kit/server/operator-error";
import { poolOptions } from "@zhanggui/kit/server/pool";
import { keyIdOf } from "@zhanggui/kit/server/secrets";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { openStorage } from "../foundation/files/open-storage.ts";
import { assertStorage } from "../foundation/files/storage.ts";
import { migrationFolders } from "../migrations.ts";
import { readArchive } from "./archive.ts";
import { type Manifest, verifiedManifest } from "./manifest.ts";

/**
 * `node main.js restore <file> [--replace]`: brings an archive back, and verifies what it brought: rows, audit chains,
 * files. Everything that can be wrong with archive, keys or database is found before anything is touched.
 *
 * @throws OperatorError saying what is wrong, and what to do
 */
export async function restore(env: Env, log: Logger, ...words: readonly string[]): Promise<void> {
  const [path, ...more] = words.filter((word) => word !== "--replace");
  if (path === undefined || more.length > 0)
    throw new OperatorError("restore takes a file: main.js restore zhanggui.tar.gz [--replace]");
  const manifest = await verifiedManifest(path);
  demandKeys(manifest, env);
  await demandMigrations(manifest);
  await assertStorage(openStorage(env));
  const client = new pg.Client({ connectionString: env.DATABASE_DIRECT_URL, application_name: "zhanggui restore" });
  await client.connect();
  try {
    await makeRoom(client, words.includes("--replace"));
    const known = new Set(manifest.migrations.map(({ module, name }) => `${module}/${name}`));
    const url = env.DATABASE_DIRECT_URL;
    await migrate(url, migrationFolders(), { log, only: ({ module, name }) => known.has(`${module}/${name}`) });
    await client.query("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0");
    await load(client, path, manifest);
    await migrate(url, migrationFolders(), { log });
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
  const files = await putFiles(env, path, manifest);
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  process.stdout.write(
    `${manifest.tables.length} tables with ${rows} rows, ${files} files: all as they were written\n`,
  );
  for (const key of manifest.missing) process.stdout.write(`  ${key} had no bytes when the archive was made\n`);
  await verifyAudit(env);
}

function demandKeys({ keyIds }: Manifest, { SECRET_KEYS: keys }: Env): void {
  const held = new Set(keys.map((key) => keyIdOf(Buffer.from(key, "base64"))));
  const lacking = keyIds.filter((id) => !held.has(id));
  if (lacking.length === 0) return;
  throw new OperatorError(
    `The archive's secrets are sealed with ${lacking.join(", ")}, and SECRET_KEYS holds ${[...held].join(", ")}.\n` +
      "  Put the keys of then behind the present ones; `main.js reseal` can seal everything anew afterwards.",
  );
}

async function demandMigrations({ migrations, product }: Manifest): Promise<void> {
  const own = await readMigrations(migrationFolders());
  const checksums = new Map(own.map(({ module, name, checksum }) => [`${module}/${name}`, checksum]));
  const unknown = migrations.find(({ module, name, checksum }) => checksums.get(`${module}/${name}`) !== checksum);
  if (unknown === undefined) return;
  throw new OperatorError(
    `The archive is of version ${product}, whose ${unknown.module}/${unknown.name} this version doesn't have:\n` +
      "  restore it with that version or a newer one.",
  );
}

/** Sees to it that the database is empty, and that nobody works on it. */
async function makeRoom(client: pg.Client, replaces: boolean): Promise<void> {
  const { rows: others } = await client.query<{ name: string }>(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'zhanggui%'`,
  );
  if (others.length > 0) throw new OperatorError("A server still works on this database: stop every process first.");
  const { rows } = await client.query<{ tables: number }>(
    `SELECT count(*)::int AS tables FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
  );
  if ((rows[0]?.tables ?? 0) === 0) return;
  if (!replaces)
    throw new OperatorError(
      `This database isn't empty (${rows[0]?.tables} tables). With --replace everything in it is dropped first.`,
    );
  await client.query("BEGIN; DROP SCHEMA public CASCADE; CREATE SCHEMA public; COMMIT");
}

/** All rows in one transaction: triggers that would write more sleep, and foreign keys are held at its end. */
async function load(client: pg.Client, path: string, { tables, sequences }: Manifest): Promise<void> {
  const named = tables.map(({ name }) => pg.escapeIdentifier(name));
  await client.query("BEGIN");
  try {
    const { rows: keys } = await client.query<{ drop: string; add: string }>(
      `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
         format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS add
       FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace`,
    );
    for (const { drop } of keys) await client.query(drop);
    for (const name of named) await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
    await client.query(`TRUNCATE ${named.join(", ")}`);
    await copyRows(client, path, tables);
    for (const name of named) await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
    for (const { add } of keys) await client.query(add);
    for (const { name, value, isCalled } of sequences)
      await client.query("SELECT setval($1::text::regclass, $2::bigint, $3)", [
        pg.escapeIdentifier(name),
        value,
        isCalled,
      ]);
    for (const { name, rows: wanted } of tables) {
      const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${pg.escapeIdentifier(name)}`);
      if (Number(rows[0]?.n) !== wanted) throw new OperatorError(`${name} has ${rows[0]?.n} rows, not ${wanted}`);
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function copyRows(client: pg.Client, path: string, tables: Manifest["tables"]): Promise<void> {
  let [current, rows] = [undefined as string | undefined, undefined as Writable | undefined];
  const end = async (): Promise<void> => {
    if (rows === undefined) return;
    rows.end();
    await finished(rows);
  };
  for await (const { name, chunks } of readArchive(path)) {
    const [place, table] = name.split("/");
    if (place !== "tables") continue;
    if (table !== current) {
      await end();
      const columns = tables.find((each) => each.name === table)?.columns ?? [];
      const listed = columns.map((column) => pg.escapeIdentifier(column)).join(", ");
      rows = client.query(copyFrom(`COPY ${pg.escapeIdentifier(table ?? "")} (${listed}) FROM STDIN`));
      current = table;
    }
    // A row that doesn't fit breaks the stream, also while we wait for it to take more.
    for await (const chunk of chunks) if (rows?.write(chunk) === false) await once(rows, "drain");
  }
  await end();
}

/** Puts the files back and reads each again. */
async function putFiles(env: Env, path: string, { entries }: Manifest): Promise<number> {
  const storage = openStorage(env);
  const sums = new Map(entries.map(({ name, sha256 }) => [name, sha256]));
  let files = 0;
  for await (const { name, chunks } of readArchive(path)) {
    if (!name.startsWith("files/")) continue;
    await storage.put(name, chunks as AsyncIterable<Uint8Array>);
    const hash = createHash("sha256");
    for await (const chunk of storage.get(name)) hash.update(chunk);
    if (hash.digest("hex") !== sums.get(name))
      throw new OperatorError(`${name} isn't in ${storage.place} as it was put there. The database is restored.`);
    files += 1;
  }
  return files;
}

async function verifyAudit(env: Env): Promise<void> {
  const database = openDatabase(env.DATABASE_URL, poolOptions(env));
  let [chains, broken] = [0, 0];
  try {
    for await (const { tenantId, findings } of verifyChains(database)) {
      chains += 1;
      if (findings.length === 0) continue;
      broken += 1;
      process.stdout.write(`The audit log of ${tenantId} doesn't hold: ${findings.length} findings (main.js audit)\n`);
    }
  } finally {
    await database.close();
  }
  process.stdout.write(`${chains} audit chain${chains === 1 ? "" : "s"} verified, ${broken} broken\n`);
  if (broken > 0) process.exitCode = 1;
}
