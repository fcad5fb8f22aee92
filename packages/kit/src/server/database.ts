import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Tables } from "./tables.ts";

// `date` stays text (a business day has no time) and bigint becomes a number, which is safe: money is checked as Fen
// and ids are UUIDs. A bigint that doesn't fit is an error, not a wrong figure.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
  return value;
});

export interface Database {
  readonly pool: pg.Pool;
  readonly db: Kysely<Tables>;
  close(): Promise<void>;
}

/** Opens a pool. Nothing is connected yet; the first query is. */
export function openDatabase(url: string, maxConnections = 30): Database {
  const pool = new pg.Pool({ connectionString: url, max: maxConnections, application_name: "zhanggui" });
  // A connection that breaks while idle is replaced at the next query, which will tell if there is trouble.
  pool.on("error", () => {});
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return { pool, db, close: () => db.destroy() };
}
