import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyStream } from "pg-copy-streams";

export type CopyValue = string | number | boolean | Date | null | Readonly<Record<string, unknown>>;

let copies = 0;
/** Passing each row through the stream by itself would cost more than making it. */
const chunkLength = 65_536;

/**
 * COPY into a table under row-level security, which PostgreSQL refuses to do directly: through a table of this
 * transaction's own, from which one INSERT takes the rows past the policies and the defaults.
 *
 * @param trx asked for its client at each step: it has none any more when it is over
 */
export async function copyFrom(
  trx: { readonly client: pg.ClientBase; opened(): Promise<void> },
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly CopyValue[]> | AsyncIterable<readonly CopyValue[]>,
): Promise<number> {
  const target = pg.escapeIdentifier(table);
  const buffer = `zg_copy_${++copies}`;
  const names = columns.map((column) => pg.escapeIdentifier(snakeCased(column))).join(", ");
  await trx.opened();
  await trx.client.query(
    `CREATE TEMPORARY TABLE ${buffer} ON COMMIT DROP AS SELECT ${names} FROM ${target} WITH NO DATA`,
  );
  await pipeline(Readable.from(lines(rows, columns.length)), trx.client.query(copyStream(`COPY ${buffer} FROM STDIN`)));
  const { rowCount } = await trx.client.query(`INSERT INTO ${target} (${names}) SELECT ${names} FROM ${buffer}`);
  await trx.client.query(`DROP TABLE ${buffer}`);
  return rowCount ?? 0;
}

async function* lines(
  rows: Iterable<readonly CopyValue[]> | AsyncIterable<readonly CopyValue[]>,
  width: number,
): AsyncIterableIterator<string> {
  let chunk = "";
  for await (const row of rows) {
    if (row.length !== width) throw new RangeError(`a row of ${row.length} values for ${width} columns`);
    chunk += `${row.map(cell).join("\t")}\n`;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

/** COPY's text format (PostgreSQL's documentation of COPY, "Text Format"). */
function cell(value: CopyValue): string {
  if (value === null) return String.raw`\N`;
  const text =
    value instanceof Date ? value.toISOString() : typeof value === "object" ? JSON.stringify(value) : `${value}`;
  return text.replaceAll(/[\\\t\n\r]/g, (character) => escapes[character] ?? character);
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function snakeCased(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
