import pg from "pg";
import type { SealedColumn } from "./sealed-column.ts";
import type { Secrets } from "./secrets.ts";

/** What became of one column. */
export interface ResealedColumn {
  readonly table: string;
  readonly column: string;
  /** Values that carry the newest key's seal since this run. */
  resealed: number;
  /** Values that no key of the ring opens: left as they are. */
  unreadable: number;
  /** Values that, at the end, still carry another key's seal, the unreadable ones among them. */
  left: number;
}

export interface ResealOptions {
  readonly batch?: number;
  /** After each batch, with what was done so far. */
  readonly onBatch?: (progress: ResealedColumn) => void | Promise<void>;
}

interface Row {
  readonly key: string[];
  readonly sealed: string;
}

/**
 * Seals every declared column anew with the ring's first key. Each batch is one statement that takes a value's place
 * only if nobody changed it meanwhile, so the server may go on working, and a run that was broken off is simply
 * repeated. What a server with the old ring seals in the meantime is found by the second pass, or is counted as left.
 *
 * @param databaseUrl the owner's, who sees every tenant's rows
 */
export async function reseal(
  databaseUrl: string,
  secrets: Secrets,
  columns: readonly SealedColumn[],
  options: ResealOptions = {},
): Promise<ResealedColumn[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "zhanggui reseal" });
  // A connection that breaks fails the statement under way, which tells.
  client.on("error", () => {});
  await client.connect();
  try {
    const results: ResealedColumn[] = [];
    for (const column of columns) results.push(await resealColumn(client, secrets, column, options));
    return results;
  } finally {
    await client.end();
  }
}

async function resealColumn(
  client: pg.Client,
  secrets: Secrets,
  column: SealedColumn,
  options: ResealOptions,
): Promise<ResealedColumn> {
  const progress = { table: column.table, column: column.column, resealed: 0, unreadable: 0, left: 0 };
  const types = await keyTypes(client, column);
  // Not migrated yet: nothing is sealed there.
  if (types === undefined) return progress;
  for (let pass = 1; pass <= 2; pass++) {
    progress.unreadable = 0;
    await sweep(client, secrets, column, types, progress, options);
    progress.left = await countOthers(client, secrets, column);
    if (progress.left === progress.unreadable) break;
  }
  return progress;
}

/** Once through the rows that carry another key's seal, in the order of their key. */
async function sweep(
  client: pg.Client,
  secrets: Secrets,
  column: SealedColumn,
  types: readonly string[],
  progress: ResealedColumn,
  { batch = 500, onBatch }: ResealOptions,
): Promise<void> {
  let after: string[] | undefined;
  for (;;) {
    const rows = await nextRows(client, secrets, column, after, batch);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.key;
    const replaced: { row: Row; by: string }[] = [];
    for (const row of rows) {
      const context = column.context(Object.fromEntries(column.key.map((name, index) => [name, row.key[index] ?? ""])));
      try {
        replaced.push({ row, by: secrets.reseal(row.sealed, context) });
      } catch {
        progress.unreadable += 1;
      }
    }
    progress.resealed += await replace(client, column, types, replaced);
    await onBatch?.(progress);
  }
}

async function nextRows(
  client: pg.Client,
  secrets: Secrets,
  { table, column, key }: SealedColumn,
  after: readonly string[] | undefined,
  limit: number,
): Promise<Row[]> {
  const keys = key.join(", ");
  const from = after === undefined ? "" : `AND (${keys}) > (${key.map((_, index) => `$${index + 3}`).join(", ")})`;
  const { rows } = await client.query<Row>(
    `SELECT ARRAY[${key.map((name) => `${name}::text`).join(", ")}] AS key, ${column} AS sealed
     FROM ${table} WHERE ${column} IS NOT NULL AND NOT starts_with(${column}, $1) ${from} ORDER BY ${keys} LIMIT $2`,
    [`${secrets.keyId}.`, limit, ...(after ?? [])],
  );
  return rows;
}

async function replace(
  client: pg.Client,
  { table, column, key }: SealedColumn,
  types: readonly string[],
  replaced: readonly { row: Row; by: string }[],
): Promise<number> {
  if (replaced.length === 0) return 0;
  const values = [
    ...key.map((_, index) => replaced.map(({ row }) => row.key[index])),
    replaced.map(({ row }) => row.sealed),
    replaced.map(({ by }) => by),
  ];
  const names = [...key.map((_, index) => `key${index}`), "before", "after"];
  // With the key's own types, so that its index finds the rows.
  const lists = [...types, "text", "text"].map((type, index) => `$${index + 1}::${type}[]`).join(", ");
  const result = await client.query(
    `UPDATE ${table} AS t SET ${column} = v.after
     FROM unnest(${lists}) AS v(${names.join(", ")})
     WHERE ${key.map((name, index) => `t.${name} = v.key${index}`).join(" AND ")} AND t.${column} = v.before`,
    values,
  );
  return result.rowCount ?? 0;
}

/** The types of the key's columns; undefined where there is no such table. */
async function keyTypes(client: pg.Client, { table, key }: SealedColumn): Promise<string[] | undefined> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attname = ANY($2)`,
    [table, key],
  );
  if (rows.length === 0) return undefined;
  return key.map((name) => rows.find((row) => row.name === name)?.type ?? "text");
}

async function countOthers(client: pg.Client, secrets: Secrets, { table, column }: SealedColumn): Promise<number> {
  const { rows } = await client.query<{ left: number }>(
    `SELECT count(*)::int AS left FROM ${table} WHERE ${column} IS NOT NULL AND NOT starts_with(${column}, $1)`,
    [`${secrets.keyId}.`],
  );
  return rows[0]?.left ?? 0;
}
