import { pathToFileURL } from "node:url";
import type pg from "pg";
import type { Migration } from "./files.ts";
import { begin, keepCursor, recordApplied } from "./ledger.ts";
import { patiently, type MigrationSettings } from "./session.ts";

/** What is kept between two batches: how far it has come. */
export type Cursor = string | number | boolean | readonly Cursor[] | { readonly [name: string]: Cursor };

/** A batch's transaction, as the owner, in snake_case. */
export interface BackfillTransaction {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * A file `003_name.ts` exports one as `backfill`, and imports nothing but this type.
 *
 * ```ts
 * import type { Backfill } from "@zhanggui/kit/server/migrate/backfill";
 *
 * export const backfill: Backfill = async (trx, after) => {
 *   const rows = await trx.query<{ id: string }>(
 *     `UPDATE tea_leaf SET name_lower = lower(name) WHERE id IN
 *        (SELECT id FROM tea_leaf WHERE id > $1 ORDER BY id LIMIT 1000 FOR UPDATE) RETURNING id`,
 *     [after ?? "00000000-0000-0000-0000-000000000000"],
 *   );
 *   return rows.map(({ id }) => id).toSorted().at(-1);
 * };
 * ```
 *
 * Each call is a transaction of its own that commits together with what it returns: where the next one goes on, or
 * undefined when there is nothing left. A process that dies loses the batch it was at, and no other.
 */
export type Backfill = (trx: BackfillTransaction, after: Cursor | null) => Promise<Cursor | undefined>;

/** So often what a long one has done is told. */
const tellEvery = 100;

export async function applyBackfill(
  client: pg.Client,
  migration: Migration,
  settings: MigrationSettings,
): Promise<void> {
  const place = `${migration.module}/${migration.name}`;
  const { backfill } = (await import(pathToFileURL(migration.path).href)) as { backfill?: Backfill };
  if (typeof backfill !== "function") throw new Error(`${place} exports no function \`backfill\``);
  const trx: BackfillTransaction = {
    query: async (text, values = []) => (await client.query(text, [...values])).rows as never,
  };
  let { cursor } = await begin(client, migration);
  let isDone = false;
  for (let batches = 1; !isDone; batches++) {
    await patiently(client, settings, place, async () => {
      const next = await backfill(trx, cursor as Cursor | null);
      if (next !== undefined && JSON.stringify(next) === JSON.stringify(cursor)) {
        throw new Error(`${place} would begin again at ${JSON.stringify(next)} for ever`);
      }
      isDone = next === undefined;
      if (isDone) await recordApplied(client, migration);
      else await keepCursor(client, migration, next);
      cursor = next;
    });
    if (batches % tellEvery === 0) settings.log?.info({ migration: place, batches, cursor }, "back-fill under way");
  }
}
