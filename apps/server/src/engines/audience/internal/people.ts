import { notFound } from "@zhanggui/kit/contract/faults";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Selectable } from "kysely";
import type { AudienceTables } from "../audience.tables.ts";

export type PersonRow = Selectable<AudienceTables["audience_person"]>;

declare const lockedBrand: unique symbol;

/**
 * The id of a person whose row this transaction has locked: until it ends, nobody merges them into another. Whoever
 * writes about a person asks for this type, so that nobody forgets to lock them first.
 */
export type LockedPerson = string & { readonly [lockedBrand]: true };

/**
 * Locks a person, or whoever they were merged into, until the transaction ends.
 *
 * A transaction that writes locks one person and never asks for a second: only a merge does, and merges of a tenant go
 * one at a time. So nobody waits in a circle. The lock is the strong one from the start, for two who have a shared
 * lock who then update the row would wait for each other.
 *
 * @throws Fault `kit.not_found`
 */
export async function lockPerson(ctx: TxCtx, personId: string): Promise<LockedPerson> {
  // If a merge has the row, this waits for it and then looks again: who was merged away meanwhile is not returned.
  const locked = await ctx.db
    .selectFrom("audience_person")
    .select("id")
    .where("id", "=", personId)
    .where("mergedInto", "is", null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (locked !== undefined) return locked.id as LockedPerson;
  const successor = await findPerson(ctx, personId);
  if (successor === undefined) throw notFound();
  return lockPerson(ctx, successor.id);
}

/** Adds a person whom nobody else sees before the transaction ends: it is as good as locked. */
export async function addPerson(ctx: TxCtx, displayName: string): Promise<LockedPerson> {
  const now = ctx.now();
  const { id } = await ctx.db
    .insertInto("audience_person")
    .values({ displayName, firstSeenAt: now, lastSeenAt: now })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id as LockedPerson;
}

/**
 * The same for several, in one order everywhere. By the id that was asked for.
 *
 * @throws Fault `kit.not_found`
 */
export async function lockPeople(ctx: TxCtx, ids: readonly string[]): Promise<ReadonlyMap<string, LockedPerson>> {
  const rows = await ctx.sql<{ id: LockedPerson }>`
    SELECT id FROM audience_person WHERE id = ANY (${ids}::uuid[]) AND merged_into IS NULL
    ORDER BY id FOR NO KEY UPDATE`;
  const locked = new Map<string, LockedPerson>(rows.map(({ id }) => [id, id]));
  for (const id of ids) if (!locked.has(id)) locked.set(id, await lockPerson(ctx, id));
  return locked;
}

/** The person, or whoever they were merged into: as it stands now, which is good enough for reading. */
export async function findPerson(ctx: Ctx, personId: string): Promise<PersonRow | undefined> {
  const row = await ctx.db.selectFrom("audience_person").selectAll().where("id", "=", personId).executeTakeFirst();
  return row === undefined || row.mergedInto === null ? row : findPerson(ctx, row.mergedInto);
}
