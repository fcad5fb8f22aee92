import { Injectable } from "@nestjs/common";
import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Found as Known } from "@zhanggui/kit/server/search";
import { sql, type SqlBool } from "kysely";
import { type Openid, openidKey } from "../../connect/openid.ts";
import { Timeline } from "../timeline.ts";
import { lockPeople, lockPerson, type LockedPerson } from "./people.ts";
import { placeholderName } from "./placeholder.ts";

export interface Following {
  /** Whether they follow now. */
  readonly following: boolean;
  readonly sentAt: Date;
  /** The message that says so: of two in the same second, the one that came in later counts. */
  readonly inboundId: string;
}

/** Fewer digits than these end too many numbers, and fewer letters begin too many openids. */
const shortestPart = 4;
interface Found {
  readonly personId: string;
}

/** Which identities belong to which person. One openid, unionid, phone number or mail address belongs to one person. */
@Injectable()
export class Identities {
  constructor(private readonly timeline: Timeline) {}

  /** Whose an openid is, and whether it follows, as far as we know; undefined for one that nobody has heard of. */
  find(ctx: Ctx, { wechatAppId, openid }: Openid) {
    return ctx.db
      .selectFrom("audience_identity")
      .select(["personId", "following"])
      .where("kind", "=", "openid")
      .where("scope", "=", wechatAppId)
      .where("value", "=", openid)
      .executeTakeFirst();
  }

  /**
   * The people who are known by what begins with `part`, an openid or a mail address, or by a phone number that ends
   * with it; of a part of less than four characters, by exactly that.
   *
   * @param options `contacts`: whether phone numbers and mail addresses are looked at
   */
  async search(ctx: Ctx, part: string, { contacts }: { readonly contacts: boolean }): Promise<Known> {
    const kinds = contacts ? ["openid", "unionid", "phone", "mail"] : ["openid", "unionid"];
    const begins = sql<SqlBool>`kind = ANY (${kinds}) AND ${
      part.length < shortestPart ? sql`value = ${part}` : sql`value COLLATE "C" ^@ ${part}::text`
    }`;
    const ends = sql<SqlBool>`kind = 'phone' AND ${contacts && part.length >= shortestPart}
      AND reversed ^@ reverse(${part}::text)`;
    // Two questions, each with an index: an OR would read the table.
    const { rows } = await sql<Found>`
      (SELECT person_id FROM audience_identity WHERE ${begins} LIMIT ${countLimit + 1})
      UNION ALL (SELECT person_id FROM audience_identity WHERE ${ends} LIMIT ${countLimit + 1})`.execute(ctx.db);
    return {
      ids: rows.length > countLimit ? undefined : [...new Set(rows.map(({ personId }) => personId))],
      // A value, no EXISTS: PostgreSQL would gather all of the table's before the first row of the list.
      holds: (alias) => sql<SqlBool>`(SELECT true FROM audience_identity
        WHERE person_id = ${sql.ref(`${alias}.id`)} AND ((${begins}) OR (${ends})) LIMIT 1) IS TRUE`,
    };
  }

  /**
   * The person behind an openid, locked; made if new. Of two who make it at once, the unique key lets one through.
   */
  async personFor(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    seenAt: Date,
  ): Promise<{ personId: LockedPerson; isNew: boolean }> {
    const known = await this.find(ctx, { wechatAppId, openid });
    if (known !== undefined) return { personId: await lockPerson(ctx, known.personId), isNew: false };
    const id = newId(ctx.now());
    await ctx.db
      .insertInto("audience_person")
      .values({
        id,
        displayName: placeholderName(openid),
        firstSeenAt: seenAt,
        lastSeenAt: seenAt,
      })
      .execute();
    const inserted = await ctx.db
      .insertInto("audience_identity")
      .values({ personId: id, kind: "openid", scope: wechatAppId, value: openid })
      .onConflict((on) => on.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted !== undefined) return { personId: await lockPerson(ctx, id), isNew: true };
    await ctx.db.deleteFrom("audience_person").where("id", "=", id).execute();
    const winner = await this.find(ctx, { wechatAppId, openid });
    if (winner === undefined) throw new Error("an openid was taken and is gone again");
    return { personId: await lockPerson(ctx, winner.personId), isNew: false };
  }

  /** The people behind those openids that somebody has heard of, locked; by `openidKey`. */
  async known(ctx: TxCtx, openids: readonly Openid[]): Promise<Map<string, LockedPerson>> {
    const found = await ctx.sql<Openid & Found>`
      SELECT scope AS wechat_app_id, value AS openid, person_id
      FROM audience_identity JOIN unnest(${openids.map(({ wechatAppId }) => wechatAppId)}::text[],
        ${openids.map(({ openid }) => openid)}::text[]) AS asked(scope, value) USING (scope, value)
      WHERE kind = 'openid'`;
    const people = await lockPeople(ctx, [...new Set(found.map(({ personId }) => personId))]);
    return new Map(found.map((each) => [openidKey(each), people.get(each.personId) as LockedPerson]));
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
      .select(["id", "following", "followingSince", "followingBy"])
      .where("kind", "=", "openid")
      .where("scope", "=", wechatAppId)
      .where("value", "=", openid)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const knownAt = row.followingSince?.getTime() ?? Number.NEGATIVE_INFINITY;
    const sentAt = now.sentAt.getTime();
    if (knownAt > sentAt || (knownAt === sentAt && (row.followingBy ?? "") > now.inboundId)) return undefined;
    await ctx.db
      .updateTable("audience_identity")
      .set({ following: now.following, followingSince: now.sentAt, followingBy: now.inboundId })
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
      .values({ personId, kind, scope: "", value })
      .onConflict((on) => on.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted !== undefined) {
      await this.timeline.write(ctx, personId, "identity_added", { kind, value });
      return personId;
    }
    const owner = await this.whose(ctx, kind, value);
    if (owner === undefined) throw new Error(`a ${kind} was taken and is gone again`);
    return owner;
  }

  /** Whose a unionid, phone number or mail address is. */
  async whose(ctx: Ctx, kind: "unionid" | "phone" | "mail", value: string): Promise<string | undefined> {
    const owner = await ctx.db
      .selectFrom("audience_identity")
      .select("personId")
      .where("kind", "=", kind)
      .where("scope", "=", "")
      .where("value", "=", value)
      .executeTakeFirst();
    return owner?.personId;
  }
}
