import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { type UserInfo, userInfo } from "@zhanggui/wechat/calls/users";
import { WechatError } from "@zhanggui/wechat/transport";
import { Apps } from "../../connect/apps.ts";
import { WechatClients } from "../../connect/clients.ts";
import type { Openid } from "../../connect/openid.ts";
import { sql } from "kysely";
import type { audience } from "../audience.contract.ts";
import { Identities } from "./identities.ts";
import { Merges } from "./merges.ts";
import { findPerson, lockPerson } from "./people.ts";
import { isPlaceholder } from "./placeholder.ts";

/** What WeChat says in place of a name since 2022-11. */
const nameless = "微信用户";

/** What WeChat tells of those who follow, and of those who agree on a page. */
@Injectable()
export class Profiles {
  constructor(
    private readonly clients: WechatClients,
    private readonly merges: Merges,
    private readonly identities: Identities,
    private readonly apps: Apps,
  ) {}

  /** By account. @throws Fault `kit.not_found` */
  async list(ctx: Ctx, { personId }: Flat<typeof audience.listProfiles>): Promise<Out<typeof audience.listProfiles>> {
    const person = await findPerson(ctx, personId);
    if (person === undefined) throw notFound();
    const [rows, apps] = await Promise.all([
      ctx.db
        .selectFrom("audience_identity")
        .innerJoin("audience_profile", (join) =>
          join
            .onRef("audience_profile.openid", "=", "audience_identity.value")
            .on(sql<boolean>`audience_profile.wechat_app_id::text = audience_identity.scope`),
        )
        .selectAll("audience_profile")
        .where("audience_identity.personId", "=", person.id)
        .where("audience_identity.kind", "=", "openid")
        .orderBy("audience_profile.id")
        .execute(),
      this.apps.states(ctx),
    ]);
    return { items: rows.map((row) => ({ ...row, wechatAppName: apps.get(row.wechatAppId)?.name ?? "" })) };
  }

  /**
   * The name and picture that somebody agreed to tell. A name stands for them where nobody has given them another.
   */
  async agreed(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    { name, pictureUrl }: { readonly name: string; readonly pictureUrl: string | undefined },
  ): Promise<void> {
    const nickname = name
      .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "")
      .trim()
      .slice(0, 60);
    const values = { nickname, pictureUrl: pictureUrl ?? null, agreedAt: ctx.now() };
    await ctx.db
      .insertInto("audience_profile")
      .values({ wechatAppId, openid, ...values })
      .onConflict((on) => on.columns(["tenantId", "wechatAppId", "openid"]).doUpdateSet(values))
      .execute();
    if (nickname === "" || nickname === nameless) return;
    const known = await this.identities.find(ctx, { wechatAppId, openid });
    if (known === undefined) return;
    const personId = await lockPerson(ctx, known.personId);
    const { displayName } = await ctx.db
      .selectFrom("audience_person")
      .select("displayName")
      .where("id", "=", personId)
      .executeTakeFirstOrThrow();
    if (!isPlaceholder(displayName)) return;
    await ctx.db.updateTable("audience_person").set({ displayName: nickname }).where("id", "=", personId).execute();
  }

  /** Links the openid's person to the unionid; if that is somebody already, the two are one. */
  async fetch(ctx: Ctx, { wechatAppId, openid }: Openid): Promise<void> {
    const client = await this.clients.of(ctx, wechatAppId);
    let unionid: string | undefined;
    try {
      const told = await client.call(userInfo, { openid });
      ({ unionid } = told);
      await ctx.tx((ctx) => keep(ctx, { wechatAppId, openid }, told));
    } catch (error) {
      // They may have left before we asked; trying again won't bring them back.
      if (!(error instanceof WechatError) || error.kind !== "recipient") throw error;
      ctx.log.info({ openid, errcode: error.errcode }, "WeChat tells nothing about this openid");
    }
    if (unionid === undefined) return;
    const known = unionid;
    await ctx.tx((ctx) => this.merges.link(ctx, { wechatAppId, openid }, known));
  }
}

/** Of somebody who doesn't follow WeChat tells nothing but the ids: what it told before stays. */
async function keep(ctx: TxCtx, { wechatAppId, openid }: Openid, told: UserInfo): Promise<void> {
  const { unionid = null, follows } = told;
  const values = {
    fetchedAt: ctx.now(),
    ...(unionid === null ? {} : { unionid }),
    ...(follows
      ? {
          followedAt: told.followedAt ?? null,
          followScene: told.followScene ?? null,
          language: told.language ?? null,
          remark: told.remark ?? null,
          tagIds: JSON.stringify(told.tagIds) as never,
        }
      : {}),
  };
  await ctx.db
    .insertInto("audience_profile")
    .values({ wechatAppId, openid, ...values })
    .onConflict((on) => on.columns(["tenantId", "wechatAppId", "openid"]).doUpdateSet(values))
    .execute();
}
