import { Injectable } from "@nestjs/common";
import { owned, type Ctx, type TxCtx } from "@zhanggui/kit/server/ctx";
import { Timeline } from "../timeline.ts";
import { lockPerson, type LockedPerson } from "./people.ts";

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

  /**
   * The person behind an openid, held; made if it is new. Of two who make it at once, the unique key lets one through.
   */
  async personFor(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    seenAt: Date,
  ): Promise<{ personId: LockedPerson; isNew: boolean }> {
    const known = await this.personOf(ctx, { wechatAppId, openid });
    if (known !== undefined) return { personId: await lockPerson(ctx, known), isNew: false };
    const person = owned(ctx);
    await ctx.db
      .insertInto("audience_person")
      .values({
        ...person,
        // WeChat has told no names since 2021; the end of the openid tells two strangers apart.
        display_name: `微信用户 ${openid.slice(-6)}`,
        first_channel_id: null,
        first_channel_at: null,
        first_channel_by: null,
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
    if (inserted !== undefined) return { personId: await lockPerson(ctx, person.id), isNew: true };
    await ctx.db.deleteFrom("audience_person").where("id", "=", person.id).execute();
    const winner = await this.personOf(ctx, { wechatAppId, openid });
    if (winner === undefined) throw new Error("an openid was taken and is gone again");
    return { personId: await lockPerson(ctx, winner), isNew: false };
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
  async claim(ctx: TxCtx, personId: LockedPerson, kind: "unionid" | "phone" | "mail", value: string): Promise<string> {
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
      await this.#timeline.write(ctx, personId, "identity_added", { kind, value });
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
}
