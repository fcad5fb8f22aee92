import { sql } from "kysely";
import { z } from "zod";
import { type Setting, setting } from "../contract/setting.ts";
import type { LocalizedText } from "../contract/text.ts";
import type { Ctx, TxCtx } from "./ctx.ts";
import { firstIdAt } from "./queue/event-log.ts";
import type { TableName, Tables } from "./tables.ts";

const dayMs = 86_400_000;
const kept = { zh: "保留期限", en: "How long things are kept" };
const forEver = { zh: "更早的每天自动删除；0 为永久保留。", en: "What is older is deleted once a day; 0: for ever." };
/** Few enough that a batch locks nothing for long. */
const batch = 1000;

/** What is old enough to go. */
export interface Old {
  readonly before: Date;
  /** The smallest id (a UUIDv7) of that moment. */
  readonly beforeId: string;
  /** No more than so many in one go. */
  readonly limit: number;
}
/** Deletes a batch of the ctx's tenant; returns how many. It finds them by an index. */
export type Prune = (ctx: TxCtx, old: Old) => Promise<number>;

/** For how many days a tenant keeps some of its rows, and what deletes those of before. */
export interface Retention {
  readonly setting: Setting<number>;
  readonly prunes: readonly Prune[];
}

/**
 * Declares a retention: a setting in days, 0 for ever, which the module lists under `keeps`. Once a day, tenant by
 * tenant, what is older is deleted in batches, by one `prune` after the other.
 *
 * ```ts
 * export const keepInbound = retention("connect.keepInboundDays", 180, { zh: "收到的消息", en: "messages received" },
 *   rowsOf("connect_inbound"));
 * ```
 */
export function retention(
  key: `${string}.${string}`,
  days: number,
  what: LocalizedText,
  ...prunes: readonly Prune[]
): Retention {
  const text = { zh: `${what.zh}保留的天数`, en: `For how many days ${what.en} are kept` };
  return { setting: setting(key, z.int().min(0).max(36_500), days, text, { help: forEver, group: kept }), prunes };
}

/**
 * Deletes rows by the time that their id begins with, which needs no index of its own, or by a column: then there has
 * to be an index over `tenant_id` and it.
 */
export function rowsOf<Table extends TableName>(table: Table, column?: keyof Tables[Table] & string): Prune {
  return async (ctx, { before, beforeId, limit }) => {
    const at = sql.ref(column ?? "id");
    const rows = sql.table(table);
    const end = column === undefined ? beforeId : before;
    // A range, not a list of rows: whatever PostgreSQL knows of the table, the index is the way to it.
    const { numAffectedRows = 0n } = await sql`
      DELETE FROM ${rows} WHERE ${at} < ${end}
        AND ${at} <= coalesce(
          (SELECT ${at} FROM ${rows} WHERE ${at} < ${end} ORDER BY ${at} OFFSET ${limit - 1} LIMIT 1), ${end})
    `.execute(ctx.db);
    return Number(numAffectedRows);
  };
}

/**
 * Deletes what the ctx's tenant keeps no longer.
 *
 * @returns how much that was
 */
export async function pruneOld(ctx: Ctx, { prunes }: Retention, days: number): Promise<number> {
  if (days === 0) return 0;
  const before = new Date(ctx.now().getTime() - days * dayMs);
  const old: Old = { before, beforeId: firstIdAt(before), limit: batch };
  let pruned = 0;
  for (const prune of prunes) {
    for (let gone = batch; gone >= batch; pruned += gone) gone = await ctx.tx((ctx) => prune(ctx, old));
  }
  return pruned;
}
