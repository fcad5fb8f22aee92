import { sql, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/**
 * Runs a query that claims the first rows of a queue (ORDER BY … LIMIT … FOR UPDATE SKIP LOCKED) along the queue's
 * index.
 *
 * Left alone, PostgreSQL reads and sorts the whole backlog whenever its statistics say that the queue is short, as they
 * do when one has just filled up: at 5,000 waiting rows 2.5 ms a claim instead of 0.04 ms (PostgreSQL 15).
 */
export async function claim<Result>(trx: Transaction<Tables>, query: () => Promise<Result>): Promise<Result> {
  await sql`SET LOCAL enable_bitmapscan = off`.execute(trx);
  const claimed = await query();
  await sql`SET LOCAL enable_bitmapscan = on`.execute(trx);
  return claimed;
}
