import { Injectable } from "@nestjs/common";
import { owned, type Ctx, type TxCtx } from "@zhanggui/kit/server/ctx";
import { Timeline } from "../timeline.ts";

export interface Openid {
  readonly wechatAppId: string;
  readonly openid: string;
}

export interface Following {
  /** Whether they follow now. */
  readonly following: boolean;
  readonly sentAt: Date;
  /** The message that says so: of two in the same second, the one that came in later counts. */
  readonly inboundId: string;
}

/** Which identities belong to which person. One openid, unionid, phone number or mail address belongs to one person. */
@Injectable()
export class Identities {
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  async personOf(ctx: Ctx, { wechatAppId, openid }: Openid): Promise<string | undefined> {
    const row = await ctx.db
      .selectFrom("audience_identity")
      .select("person_id")
      .where("kind", "=", "openid")
      .where("scope", "=", wechatAppId)
      .where("value", "=", openid)
      .executeTakeFirst();
    return row?.person_id;
  }

  /** The person behind an openid, made if it is new. Of two who make it at once, the unique key lets one through. */
  async personFor(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    seenAt: Date,
  ): Promise<{ personId: string; isNew: boolean }> {
    const known = await this.personOf(ctx, { wechatAppId, openid });
    if (known !== undefined) return { personId: known, isNew: false };
    const person = owned(ctx);
    await ctx.db
      .insertInto("audience_person")
      .values({
        ...person,
        // WeChat has told no names since 2021; the end of the openid tells two strangers apart.
        display_name: `微信用户 ${openid.slice(-6)}`,
        first_channel_id: null,
        first_seen_at: seenAt,
        last_seen_at: seenAt,
        merged_into: null,
      })
      .execute();
    const inserted = await ctx.db
      .insertInto("audience_identity")
      .values({
        ...owned(ctx),
        person_id: person.id,
        kind: "openid",
        scope: wechatAppId,
        value: openid,
        following: null,
        following_since: null,
        following_by: null,
      })
      .onConflict((on) => on.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted !== undefined) return { personId: person.id, isNew: true };
    await ctx.db.deleteFrom("audience_person").where("id", "=", person.id).execute();
    const winner = await this.personOf(ctx, { wechatAppId, openid });
    if (winner === undefined) throw new Error("an openid was taken and is gone again");
    return { personId: winner, isNew: false };
  }

  /**
   * Notes whether an openid follows, unless something later is known. Returns what it was before; undefined if
   * ignored.
   */
  async setFollowing(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    now: Following,
  ): Promise<{ before: boolean | null } | undefined> {
    const row = await ctx.db
      .selectFrom("audience_identity")
      .select(["id", "following", "following_since", "following_by"])
      .where("kind", "=", "openid")
      .where("scope", "=", wechatAppId)
      .where("value", "=", openid)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const knownAt = row.following_since?.getTime() ?? Number.NEGATIVE_INFINITY;
    const sentAt = now.sentAt.getTime();
    if (knownAt > sentAt || (knownAt === sentAt && (row.following_by ?? "") > now.inboundId)) return undefined;
    await ctx.db
      .updateTable("audience_identity")
      .set({ following: now.following, following_since: now.sentAt, following_by: now.inboundId })
      .where("id", "=", row.id)
      .execute();
    return { before: row.following };
  }

  /**
   * Gives a person a unionid, phone number or mail address.
   *
   * @returns whose it is: another person's id if it was taken before
   */
  async claim(ctx: TxCtx, personId: string, kind: "unionid" | "phone" | "mail", value: string): Promise<string> {
    const inserted = await ctx.db
      .insertInto("audience_identity")
      .values({
        ...owned(ctx),
        person_id: personId,
        kind,
        scope: "",
        value,
        following: null,
        following_since: null,
        following_by: null,
      })
      .onConflict((on) => on.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted !== undefined) {
      await this.#timeline.note(ctx, personId, "identity_added", { kind, value });
      return personId;
    }
    const owner = await ctx.db
      .selectFrom("audience_identity")
      .select("person_id")
      .where("kind", "=", kind)
      .where("scope", "=", "")
      .where("value", "=", value)
      .executeTakeFirstOrThrow();
    return owner.person_id;
  }

  /**
   * Two records turned out to be one person (the same unionid): the one that was there first goes on (B-60) and gets
   * identities, tags and timeline of the other, which stays as a pointer so that old links still lead somewhere.
   *
   * @returns the id that goes on
   */
  async merge(ctx: TxCtx, one: string, other: string): Promise<string> {
    // In the order of their ids, so that two merges of the same pair can't lock each other out.
    const rows = await ctx.db
      .selectFrom("audience_person")
      .selectAll()
      .where("id", "in", [one, other])
      .where("merged_into", "is", null)
      .orderBy("id")
      .forUpdate()
      .execute();
    const [kept, gone] = rows.toSorted((a, b) => a.first_seen_at.getTime() - b.first_seen_at.getTime());
    if (kept === undefined || gone === undefined) return kept?.id ?? one;
    await ctx.db
      .updateTable("audience_identity")
      .set({ person_id: kept.id })
      .where("person_id", "=", gone.id)
      .execute();
    await ctx.db
      .updateTable("audience_timeline")
      .set({ person_id: kept.id })
      .where("person_id", "=", gone.id)
      .execute();
    const tags = await ctx.db
      .deleteFrom("audience_person_tag")
      .where("person_id", "=", gone.id)
      .returningAll()
      .execute();
    if (tags.length > 0) {
      const moved = tags.map((tag) => ({ ...tag, person_id: kept.id }));
      await ctx.db
        .insertInto("audience_person_tag")
        .values(moved)
        .onConflict((on) => on.doNothing())
        .execute();
    }
    await ctx.db.updateTable("audience_person").set({ merged_into: kept.id }).where("id", "=", gone.id).execute();
    await ctx.db
      .updateTable("audience_person")
      .set({
        first_channel_id: kept.first_channel_id ?? gone.first_channel_id,
        last_seen_at: kept.last_seen_at > gone.last_seen_at ? kept.last_seen_at : gone.last_seen_at,
      })
      .where("id", "=", kept.id)
      .execute();
    await this.#timeline.note(ctx, kept.id, "merged", { from: gone.id, name: gone.display_name });
    return kept.id;
  }
}
