import { type RawBuilder, sql } from "kysely";
import { businessDay } from "../contract/business-day.ts";
import { addDays, dayStart } from "../contract/day.ts";
import { type DailyFigures, figureDays } from "../contract/figures.ts";
import type { Ctx } from "./ctx.ts";
import { LruMap } from "./lru.ts";
import { firstIdAt } from "./queue/event-log.ts";
import type { TableName, Tables } from "./tables.ts";

/** From a moment up to, not including, another. */
export interface Span {
  readonly from: Date;
  readonly until: Date;
}
/** How many there were in each of the spans. It reads no more of an index than what lies in them. */
export type CountIn = (ctx: Ctx, spans: readonly Span[]) => Promise<readonly number[]>;

const weeks = 4;
/** As many days are remembered, of all tenants; what was used least recently goes first. */
const daysKept = 20_000;

/**
 * Figures by the day. Days that are over are counted once a day and process, and then remembered: what is read again
 * and again is yesterday, today, and the same part of four days before. So nothing is written when something happens.
 */
export class DailyCounts {
  readonly #kept = new LruMap<string, number>(daysKept);

  /**
   * @param name what is counted, within this object
   * @param zone whose days they are
   */
  async of(ctx: Ctx, name: string, zone: string, count: CountIn): Promise<DailyFigures> {
    const now = ctx.now();
    const today = businessDay(now, zone);
    const days = Array.from({ length: figureDays }, (_, index) => addDays(today, index + 1 - figureDays));
    const key = (day: string): string => `${ctx.tenantId} ${zone} ${today} ${name} ${day}`;
    const open = days.filter((day) => this.#kept.get(key(day)) === undefined);
    const sinceMidnightMs = now.getTime() - dayStart(today, zone).getTime();
    const before = Array.from({ length: weeks }, (_, index) => addDays(today, -7 * (index + 1)));
    const spans = [
      ...open.map((day) => ({ from: dayStart(day, zone), until: dayStart(addDays(day, 1), zone) })),
      ...before.map((day) => {
        const from = dayStart(day, zone);
        return { from, until: new Date(from.getTime() + sinceMidnightMs) };
      }),
    ];
    const counts = await count(ctx, spans);
    const fresh = new Map(open.map((day, index) => [day, counts[index] ?? 0]));
    // Yesterday's may still change: what was sent before midnight and fails after it.
    for (const [day, counted] of fresh) if (day < addDays(today, -1)) this.#kept.set(key(day), counted);
    const figures = days.map((day) => ({ day, count: fresh.get(day) ?? this.#kept.get(key(day)) ?? 0 }));
    const first = figures.find((each) => each.count > 0)?.day ?? today;
    const likeToday = counts.slice(open.length).filter((_, index) => (before[index] ?? "") >= first);
    const usual = likeToday.length === 0 ? null : likeToday.reduce((sum, each) => sum + each, 0) / likeToday.length;
    return { days: figures, usual };
  }
}

/**
 * Counts rows by the time that their id begins with, or by a column; of those that `where` leaves. There is an index
 * over `tenant_id`, what `where` compares, and the id or the column: then nothing but the index is read.
 */
export function rowsIn<Table extends TableName>(
  table: Table,
  { column, where = sql`true` }: { column?: keyof Tables[Table] & string; where?: RawBuilder<unknown> } = {},
): CountIn {
  return async (ctx, spans) => {
    const at = sql.ref(column ?? "id");
    const type = sql.raw(column === undefined ? "uuid[]" : "timestamptz[]");
    const bound = (moment: Date): string => (column === undefined ? firstIdAt(moment) : moment.toISOString());
    const [from, until] = [spans.map((span) => bound(span.from)), spans.map((span) => bound(span.until))];
    const rowsOfSpan = sql`${sql.table(table)} WHERE ${where} AND ${at} >= s.beginning AND ${at} < s.ending`;
    const { rows } = await sql<{ count: number }>`
      SELECT (SELECT count(*) FROM ${rowsOfSpan}) AS count
      FROM unnest(${from}::${type}, ${until}::${type}) WITH ORDINALITY AS s(beginning, ending, n) ORDER BY n
    `.execute(ctx.db);
    return rows.map(({ count }) => count);
  };
}
