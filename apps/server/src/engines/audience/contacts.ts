import { Injectable } from "@nestjs/common";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Identities } from "./internal/identities.ts";
import type { Openid } from "../connect/openid.ts";
import { Merges } from "./internal/merges.ts";
import { Profiles } from "./internal/profiles.ts";
import { addPerson, lockPerson } from "./internal/people.ts";

/** For engines that know somebody by a phone number or a mail address which they have shown to be theirs. */
@Injectable()
export class Contacts {
  constructor(
    private readonly identities: Identities,
    private readonly merges: Merges,
    private readonly profiles: Profiles,
  ) {}

  /** Whether a record still stands for somebody: it is there, and wasn't merged into another. */
  async stands(ctx: Ctx, personId: string): Promise<boolean> {
    const row = await ctx.db
      .selectFrom("audience_person")
      .select("id")
      .where("id", "=", personId)
      .where("mergedInto", "is", null)
      .executeTakeFirst();
    return row !== undefined;
  }

  /**
   * For whoever WeChat has named on a page: makes a person of an openid that nobody has heard of. Their unionid, where
   * WeChat tells it, may make them one with somebody who is known by another account. In transactions of its own: a
   * merge locks nobody after others.
   */
  async meet(ctx: Ctx, openid: Openid, unionid: string | undefined): Promise<void> {
    await ctx.tx((ctx) => this.identities.personFor(ctx, openid, ctx.now()));
    if (unionid !== undefined) await ctx.tx((ctx) => this.merges.link(ctx, openid, unionid));
  }

  /** Who that is, locked. */
  async ofOpenid(ctx: TxCtx, openid: Openid): Promise<string> {
    return (await this.identities.personFor(ctx, openid, ctx.now())).personId;
  }

  /** The name and picture that they agreed to tell on a page. */
  agreed(ctx: TxCtx, openid: Openid, profile: Parameters<Profiles["agreed"]>[2]): Promise<void> {
    return this.profiles.agreed(ctx, openid, profile);
  }

  /** Whose an openid is; undefined for one that nobody has heard of. */
  async whoseOpenid(ctx: Ctx, openid: Openid): Promise<string | undefined> {
    return (await this.identities.find(ctx, openid))?.personId;
  }

  /** Whether somebody is known whom WeChat calls so, by whichever account. */
  async knowsUnionid(ctx: Ctx, unionid: string): Promise<boolean> {
    return (await this.identities.whose(ctx, "unionid", unionid)) !== undefined;
  }

  /**
   * Somebody has shown that both are they: the one that was there first goes on (B-60).
   *
   * @returns the id that goes on
   */
  same(ctx: Ctx, one: string, other: string): Promise<string> {
    return ctx.tx((ctx) => this.merges.merge(ctx, one, other));
  }

  /**
   * For whoever has shown that a phone number or a mail address is theirs: who they are, locked; a new person if nobody
   * has it yet. Of two who come at once, both are the same one.
   */
  async ofContact(ctx: TxCtx, kind: "phone" | "mail", value: string, displayName: string): Promise<string> {
    const known = await this.identities.whose(ctx, kind, value);
    if (known !== undefined) return lockPerson(ctx, known);
    const added = await addPerson(ctx, displayName);
    const owner = await this.identities.claim(ctx, added, kind, value);
    if (owner === added) return added;
    await ctx.db.deleteFrom("audience_person").where("id", "=", added).execute();
    return lockPerson(ctx, owner);
  }
}
