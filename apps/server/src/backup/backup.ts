import type { Env } from "@zhanggui/kit/server/env";
import type { Logger } from "@zhanggui/kit/server/log";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { OperatorError } from "@zhanggui/kit/server/operator-error";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { version } from "../app.ts";
import { openStorage } from "../foundation/files/open-storage.ts";
import { sealedColumns } from "../sealed-columns.ts";
import { type Entry, type NewEntry, writeArchive } from "./archive.ts";
import { type Manifest, manifestName } from "./manifest.ts";

/** What of a table is held in memory at once. */
const chunkBytes = 4 * 1024 * 1024;
const newline = 10;
/** The name of this database's own role: a restored one has its own. */
export const notCopied: ReadonlySet<string> = new Set(["kit_database"]);

type Counted = Manifest["tables"][number];
/** What is known before the first row is read. */
type About = Omit<Manifest, "tables" | "missing" | "files" | "entries">;

/**
 * `node main.js backup <file>`: database and files in one archive, while the server runs: the database as it was at one
 * moment, then the bytes of the files that it knows.
 *
 * @throws OperatorError if no file is named
 */
export async function backup(env: Env, _log: Logger, path?: string): Promise<void> {
  if (path === undefined) throw new OperatorError("backup takes a file: main.js backup zhanggui.tar.gz");
  const client = new pg.Client({ connectionString: env.DATABASE_DIRECT_URL, application_name: "zhanggui backup" });
  await client.connect();
  const entries: Entry[] = [];
  try {
    await client.query("SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0");
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const about = new Backup(client, env, entries);
    await writeArchive(path, about.entries(), (entry) => entries.push(entry));
    await client.query("COMMIT");
    const { tables, files, missing, keyIds } = about.manifest();
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const said = [
      `${path}: ${tables.length} tables with ${rows} rows, ${files} files`,
      ...missing.map((key) => `  lacks the bytes of ${key}, which the storage doesn't have`),
      ...toldOfKeys(keyIds),
    ];
    process.stdout.write(`${said.join("\n")}\n`);
  } finally {
    await client.end();
  }
}

function toldOfKeys(keyIds: readonly string[]): string[] {
  if (keyIds.length === 0) return ["It holds no sealed secrets."];
  return [`A restore needs these keys in SECRET_KEYS: ${keyIds.join(", ")}. They aren't in it: keep them elsewhere.`];
}

class Backup {
  readonly #client: pg.Client;
  readonly #env: Env;
  readonly #entries: readonly Entry[];
  readonly #tables: Counted[] = [];
  readonly #missing: string[] = [];
  #rest: About | undefined;
  #files = 0;

  constructor(client: pg.Client, env: Env, entries: readonly Entry[]) {
    this.#client = client;
    this.#env = env;
    this.#entries = entries;
  }

  async *entries(): AsyncGenerator<NewEntry, void, undefined> {
    this.#rest = await this.#about();
    for (const { name, columns } of await columnsOf(this.#client)) yield* this.#table(name, columns);
    yield* this.#bytes();
    const manifest = Buffer.from(`${JSON.stringify(this.manifest(), null, 1)}\n`);
    yield { name: manifestName, bytes: manifest.length, chunks: [manifest] };
  }

  manifest(): Manifest {
    if (this.#rest === undefined) throw new Error("nothing was read yet");
    return {
      ...this.#rest,
      tables: this.#tables,
      files: this.#files,
      missing: this.#missing,
      entries: [...this.#entries],
    };
  }

  /** A table's rows as COPY writes them, in parts: a tar has to say first how long each is. */
  async *#table(name: string, columns: readonly string[]): AsyncGenerator<NewEntry, void, undefined> {
    const listed = columns.map((column) => pg.escapeIdentifier(column)).join(", ");
    const rows = this.#client.query(copyTo(`COPY (SELECT ${listed} FROM ${pg.escapeIdentifier(name)}) TO STDOUT`));
    let [count, part, held, kept] = [0, 0, 0, [] as Buffer[]];
    const entry = (): NewEntry => {
      const bytes = Buffer.concat(kept);
      [held, kept] = [0, []];
      return { name: `tables/${name}/${String((part += 1)).padStart(8, "0")}`, bytes: bytes.length, chunks: [bytes] };
    };
    for await (const chunk of rows as AsyncIterable<Buffer>) {
      // COPY writes a line break inside of a text as two characters: each of these ends a row.
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) count += 1;
      kept.push(Buffer.from(chunk));
      held += chunk.length;
      if (held >= chunkBytes) yield entry();
    }
    if (held > 0) yield entry();
    this.#tables.push({ name, columns: [...columns], rows: count });
  }

  async *#bytes(): AsyncGenerator<NewEntry, void, undefined> {
    const storage = openStorage(this.#env);
    const { rows } = await this.#client.query<{ key: string }>(
      "SELECT 'files/' || tenant_id || '/' || id AS key FROM files_file ORDER BY tenant_id, id",
    );
    for (const { key: whole } of rows) {
      for (const key of [whole, `${whole}-small`]) {
        const stored = await storage.stat(key);
        // Opened before it is promised: one that somebody deletes meanwhile is missing, and ends nothing.
        const chunks = stored && (await opened(storage.get(key)));
        if (stored !== undefined && chunks !== undefined) {
          yield { name: key, bytes: stored.sizeBytes, chunks };
          this.#files += 1;
        } else if (key === whole) this.#missing.push(key);
      }
    }
  }

  async #about(): Promise<About> {
    const ask = async <Row extends object>(text: string): Promise<Row[]> => (await this.#client.query<Row>(text)).rows;
    const [postgres] = await ask<{ version: string }>("SELECT current_setting('server_version') AS version");
    const keyIds = new Set<string>();
    for (const { table, column } of await sealedColumns()) {
      const ids = await ask<{ id: string }>(
        `SELECT DISTINCT split_part(${column}, '.', 1) AS id FROM ${table} WHERE ${column} IS NOT NULL`,
      );
      for (const { id } of ids) keyIds.add(id);
    }
    return {
      format: 1,
      product: version,
      postgres: postgres?.version ?? "",
      createdAt: new TurnableClock(this.#env.CLOCK_OFFSET_MS).now().toISOString(),
      keyIds: [...keyIds].toSorted(),
      migrations: await ask("SELECT module, name, checksum FROM kit_migration ORDER BY module, name"),
      sequences: await ask(
        `SELECT sequencename AS name, coalesce(last_value, start_value)::text AS value,
           last_value IS NOT NULL AS "isCalled"
         FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`,
      ),
    };
  }
}

/** Every table with the columns that aren't made from others; partitions are read through their table. */
export async function columnsOf(client: pg.Client): Promise<{ name: string; columns: string[] }[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     GROUP BY 1 ORDER BY 1`,
  );
  return rows.filter(({ name }) => !notCopied.has(name));
}

/** The same bytes, the first of them read already; undefined if there is nothing to read. */
async function opened(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array> | undefined> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next().catch(() => undefined);
  if (first === undefined) return undefined;
  return (async function* () {
    try {
      for (let next = first; !next.done; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  })();
}
