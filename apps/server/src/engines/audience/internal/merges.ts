import { Injectable } from "@nestjs/common";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import { peopleMerged } from "../audience.events.ts";
import { Timeline } from "../timeline.ts";
import type { Openid } from "../../connect/openid.ts";
import { Identities } from "./identities.ts";
import { lockPerson, type LockedPerson, type PersonRow } from "./people.ts";

/** Two records turn out to be one person. */
@Injectable()
export class Merges {
  constructor(
    private readonly identities: Identities,
    private readonly timeline: Timeline,
  ) {}

  /**
   * Gives the person behind an openid their unionid; if it is somebody's already, the two are one. Nothing happens for
   * an openid that nobody has heard of. The caller's transaction has locked nobody yet.
   */
  async link(ctx: TxCtx, openid: Openid, unionid: string): Promise<void> {
    await oneAtATime(ctx);
    const known = await this.identities.find(ctx, openid);
    if (known === undefined) return;
    const { personId } = known;
    const owner = await this.identities.claim(ctx, await lockPerson(ctx, personId), "unionid", unionid);
    if (owner !== personId) await this.merge(ctx, owner, personId);
  }

  /**
   * The record that was there first goes on (B-60) and gets identities, tags and timeline of the other, which stays as
   * a pointer so that old links still lead somewhere. Either may have been merged before: then it is about those who go
   * on for them. The caller's transaction has locked nobody but these two yet.
   *
   * @returns the id that goes on
   * @throws Fault `kit.not_found`
   */
  async merge(ctx: TxCtx, one: string, other: string): Promise<LockedPerson> {
    await oneAtATime(ctx);
    const [a, b] = [await lockedRow(ctx, one), await lockedRow(ctx, other)];
    if (a.id === b.id) return a.id;
    const [kept, gone] = cameBefore(a, b) ? [a, b] : [b, a];
    await this.#moveAll(ctx, gone.id, kept.id);
    await ctx.db.updateTable("audience_person").set({ mergedInto: kept.id }).where("id", "=", gone.id).execute();
    await ctx.db
      .updateTable("audience_person")
      .set({
        ...firstChannelOf(kept, gone),
        lastSeenAt: kept.lastSeenAt > gone.lastSeenAt ? kept.lastSeenAt : gone.lastSeenAt,
      })
      .where("id", "=", kept.id)
      .execute();
    await this.timeline.write(ctx, kept.id, "merged", { from: gone.id, name: gone.displayName });
    await ctx.emit(peopleMerged, { survivorId: kept.id, mergedId: gone.id });
    return kept.id;
  }

  async #moveAll(ctx: TxCtx, gone: LockedPerson, kept: LockedPerson): Promise<void> {
    for (const table of ["audience_identity", "audience_timeline"] as const) {
      await ctx.db.updateTable(table).set({ personId: kept }).where("personId", "=", gone).execute();
    }
    const tags = await ctx.db.deleteFrom("audience_person_tag").where("personId", "=", gone).returningAll().execute();
    if (tags.length === 0) return;
    await ctx.db
      .insertInto("audience_person_tag")
      .values(tags.map((tag) => ({ ...tag, personId: kept })))
      .onConflict((on) => on.doNothing())
      .execute();
  }
}

/**
 * Merges of a tenant wait for each other; they are rare and short. So nobody else's merge can come between following
 * the pointers and locking who goes on, and a merge locks no row that only points: a writer that a merge has overtaken
 * may hold one while it waits for the survivor.
 */
function oneAtATime(ctx: TxCtx): Promise<void> {
  return ctx.lock("audience.merge", "all");
}

/** Read under the lock: what a message noted while we waited for it is in there. */
async function lockedRow(ctx: TxCtx, personId: string): Promise<PersonRow & { id: LockedPerson }> {
  const id = await lockPerson(ctx, personId);
  const row = await ctx.db.selectFrom("audience_person").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  return { ...row, id };
}

function cameBefore(a: PersonRow, b: PersonRow): boolean {
  const ms = a.firstSeenAt.getTime() - b.firstSeenAt.getTime();
  return ms === 0 ? a.id < b.id : ms < 0;
}

/** The channel that brought either of them first. */
function firstChannelOf(kept: PersonRow, gone: PersonRow) {
  const [first] = [kept, gone]
    .filter((row) => row.firstChannelAt !== null)
    .toSorted(
      (a, b) =>
        Number(a.firstChannelAt) - Number(b.firstChannelAt) ||
        ((a.firstChannelBy ?? "") < (b.firstChannelBy ?? "") ? -1 : 1),
    );
  const { firstChannelId, firstChannelAt, firstChannelBy } = first ?? kept;
  return { firstChannelId, firstChannelAt, firstChannelBy };
}
