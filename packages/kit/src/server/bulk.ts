import { type SelectQueryBuilder, sql } from "kysely";
import { bulkStep } from "../contract/bulk-info.ts";
import type { BulkRoute } from "../contract/bulk.ts";
import { countLimit } from "../contract/count-limit.ts";
import { Fault } from "../contract/fault.ts";
import { internalError, notFound } from "../contract/faults.ts";
import type { ListInfo } from "../contract/list-info.ts";
import type { Flat, Out } from "../contract/route.ts";
import { fill, type LocalizedText } from "../contract/text.ts";
import type { Ctx } from "./ctx.ts";
import { deadlockDetected, serializationFailure, sqlStateOf } from "./sql-state.ts";
import { type Condition, matches, type Matches, narrowed, type Narrows, type Rows } from "./list.ts";

type Reason<R extends BulkRoute> = keyof R["bulk"]["passes"] & string;
interface Chosen {
  readonly ids?: readonly string[];
  readonly except?: readonly string[];
  readonly after?: string;
  readonly preview: boolean;
  /** A row that breaks fails alone: for steps that broke before. */
  readonly isPatient?: boolean;
}
interface Row {
  readonly id: string;
  readonly name: string | null;
  readonly reason: string | null;
}

export interface BulkOptions<R extends BulkRoute, Item> extends Narrows<Item> {
  /** Which rows are passed over, by the reason: what a preview counts. */
  readonly passes: Readonly<Record<Reason<R>, (rows: Rows<Item>) => Condition>>;
  /** Does it to one row, in a transaction of its own; returns why the row is passed over after all. */
  readonly each: (ctx: Ctx, id: string) => Promise<Reason<R> | undefined>;
}

/**
 * One step of what is done to several rows, or the preview of all steps.
 *
 * Rows come by their ids, the newest first: however they change on the way, each comes once, and one that is made
 * meanwhile doesn't come. A fault fails its row, and the step goes on.
 *
 * @param rows the list before anybody narrowed it, as for `listOf`
 * @throws Fault `kit.list_too_long` for a filter that no index serves, while more than `countLimit` rows are left
 */
export async function bulkOf<R extends BulkRoute, Item extends { readonly id: string }>(
  ctx: Ctx,
  { access, bulk: { list } }: R,
  input: Flat<R>,
  // oxlint-disable-next-line no-explicit-any -- whatever tables it is of, its rows are what counts
  rows: SelectQueryBuilder<any, any, Item>,
  { passes, each, ...narrows }: BulkOptions<R, Item>,
): Promise<Out<R>> {
  const given = input as unknown as Chosen & Readonly<Record<string, unknown>>;
  const found = await matches(ctx, { list, access }, given.ids === undefined ? given : {}, rows, narrows);
  const chosen = chosenRows(found, given, passes, nameOf(list, ctx));
  const reply = given.preview ? await preview(ctx, chosen, given) : await step(ctx, chosen, given, each);
  return reply as never;
}

type Query = ReturnType<typeof chosenRows>;

/** What rows are called to whoever asks: by their first field that isn't kept from them. */
function nameOf({ fields }: ListInfo, { actor }: Ctx): string {
  return fields.find(({ readBy }) => readBy === undefined || actor.permissions.has(readBy))?.name ?? "id";
}

/** With the reason for which each is passed over, in the order of the declaration. */
function chosenRows<Item>(
  { all, conditions, found }: Matches<Item>,
  { ids, except = [], after }: Chosen,
  passes: Readonly<Record<string, (rows: Rows<Item>) => Condition>>,
  name: string,
) {
  const id = sql.ref("item.id");
  const chosen = [
    ...conditions,
    ...(ids === undefined ? [] : [sql<boolean>`${id} = ANY (${ids}::uuid[])`]),
    ...(except.length === 0 ? [] : [sql<boolean>`${id} <> ALL (${except}::uuid[])`]),
    ...(after === undefined ? [] : [sql<boolean>`${id} < ${after}::uuid`]),
  ];
  return narrowed(all, chosen, found).select((eb) => {
    const cases = Object.entries(passes).map(([reason, isPassed]) => {
      return sql`WHEN ${isPassed(eb)} THEN ${reason}`;
    });
    const reason = cases.length === 0 ? sql<null>`NULL` : sql<string | null>`CASE ${sql.join(cases, sql` `)} END`;
    return [
      sql<string>`${id}`.as("id"),
      sql<string | null>`${sql.ref(`item.${name}`)}::text`.as("name"),
      reason.as("reason"),
    ];
  });
}

/** Counts what would be done, among the first of those that match: all of a million would take too long to look at. */
async function preview(ctx: Ctx, chosen: Query, { ids }: Chosen) {
  const first = chosen.orderBy(sql.ref("item.id"), "desc").limit(countLimit + 1);
  const counts = await ctx.db
    .selectFrom(first.as("first"))
    .select((eb) => [eb.ref("reason").as("reason"), eb.fn.countAll<number>().as("count")])
    .groupBy("reason")
    .execute();
  const total = counts.reduce((sum, { count }) => sum + Number(count), 0);
  const isMore = total > countLimit;
  const count = (of: string | null): number => Number(counts.find(({ reason }) => reason === of)?.count ?? 0);
  const passed = counts.flatMap(({ reason }) => (reason === null ? [] : [[reason, count(reason)] as const]));
  const gone = ids === undefined ? 0 : new Set(ids).size - total;
  return { done: count(null), passed: Object.fromEntries(passed), gone, failed: [], isMore, next: null };
}

async function step(
  ctx: Ctx,
  chosen: Query,
  { ids, isPatient = false }: Chosen,
  each: (ctx: Ctx, id: string) => Promise<string | undefined>,
) {
  const rows: readonly Row[] = await chosen.orderBy(sql.ref("item.id"), "desc").limit(bulkStep).execute();
  const passed = new Map<string, number>();
  const failed: { id: string; name: string; why: LocalizedText }[] = [];
  let done = 0;
  let lost = 0;
  // A step may be one transaction, which keeps its locks: whoever takes several takes the smallest id first.
  for (const { id, name, reason } of rows.toReversed()) {
    ctx.signal.throwIfAborted();
    try {
      const why = reason ?? (await (isPatient ? ctx.tx((ctx) => each(ctx, id)) : each(ctx, id)));
      if (why === undefined) done += 1;
      else passed.set(why, (passed.get(why) ?? 0) + 1);
    } catch (error) {
      const fault = faultOf(error, isPatient);
      if (fault !== error) ctx.log.error({ err: error, row: id }, "a row of a bulk action broke");
      // It went while others were done.
      if (fault.code === notFound.code) lost += 1;
      else failed.unshift({ id, name: name ?? "", why: sentenceOf(fault) });
    }
  }
  const gone = lost + (ids === undefined ? 0 : new Set(ids).size - rows.length);
  const next = ids === undefined && rows.length === bulkStep ? (rows.at(-1)?.id ?? null) : null;
  return { done, passed: Object.fromEntries(passed), gone, failed, isMore: false, next };
}

/** @throws what is no fault, unless patience is asked for: but who met others only meets them again after all of it */
function faultOf(error: unknown, isPatient: boolean): Fault {
  if (error instanceof Fault) return error;
  if (!isPatient || isMeeting(error)) throw error;
  return internalError({}, { cause: error });
}

function isMeeting(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === deadlockDetected || state === serializationFailure;
}

function sentenceOf({ definition: { text }, details }: Fault): LocalizedText {
  return { zh: fill(text.zh, details), en: fill(text.en, details) };
}
