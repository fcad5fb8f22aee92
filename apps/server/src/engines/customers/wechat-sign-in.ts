import { createHash } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { randomCode } from "@zhanggui/kit/server/random-code";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { z } from "zod";
import { SettingsService } from "../../foundation/settings/settings.service.ts";
import { Contacts } from "../audience/contacts.ts";
import { snapshotPage } from "../connect/call.contract.ts";
import { PageLogin, type PageVisitor } from "../connect/page-login.ts";
import type { customers } from "./customers.contract.ts";
import { actorOf, CustomersService } from "./customers.service.ts";
import { takesNewcomers } from "./customers.settings.ts";
import { browserIn } from "./internal/browser.ts";
import { signInRefused } from "./session.contract.ts";
import { PageScope, returnNotAllowed, signInDeclined, wayLost, wechatCookie } from "./wechat.contract.ts";

/** As long as the cookie of the contract lasts, and twice a code's life. */
const wayMs = 600_000;
const dayMs = 86_400_000;
const sealedFor = "way to WeChat and back";

/** What has to fit when somebody comes back: the browser keeps it, sealed. */
const Way = z.object({
  tenantId: z.uuid(),
  wechatAppId: z.uuid(),
  state: z.string(),
  to: z.string(),
  until: z.number(),
  /** Who was signed in when they set out to link their WeChat; null: they set out to sign in. */
  linkTo: z.object({ personId: z.uuid(), sessionId: z.uuid() }).nullable(),
});
type Way = z.output<typeof Way>;

/** Customers inside WeChat who sign in by it, or link it with what they have: OAuth 2.0, state good once. */
@Injectable()
export class WechatSignIn {
  constructor(
    private readonly runtime: Runtime,
    private readonly settings: SettingsService,
    private readonly pages: PageLogin,
    private readonly contacts: Contacts,
    private readonly customers: CustomersService,
  ) {}

  /**
   * @throws Fault `kit.not_found`, `connect.app_off`, `customers.return_not_allowed`, `customers.sign_in_refused` while
   *   the business reads only
   */
  async begin(visitor: Ctx, { tenantId, ...asked }: Flat<typeof customers.beginWechat>) {
    const ctx = await this.customers.visit(visitor, tenantId);
    return this.#setOut(ctx, { ...asked, linkTo: null });
  }

  /** @throws Fault as `begin` */
  link(ctx: Ctx, asked: Flat<typeof customers.linkWechat>): Promise<Out<typeof customers.linkWechat>> {
    const { id, sessionId } = actorOf(ctx);
    return this.#setOut(ctx, { ...asked, linkTo: { personId: id, sessionId } });
  }

  /**
   * @throws Fault `customers.way_lost`, `customers.sign_in_declined`, `connect.snapshot_page`, `connect.page_login_failed` (both 2501), `connect.wechat_unreachable`,
   *   `customers.sign_in_refused`
   */
  async callback(visitor: Ctx, { code, state, cookies, headers }: Flat<typeof customers.wechatCallback>) {
    const way = this.#way(visitor, cookies[wechatCookie]);
    if (state !== way.state) throw wayLost();
    if (code === undefined) throw signInDeclined();
    const ctx = await this.customers.visit(visitor, way.tenantId);
    await ctx.tx((ctx) => useUp(ctx, way.state));
    const { wechatAppId } = way;
    const came = await this.pages.visitor(ctx, { wechatAppId, code }).catch(async (error: unknown) => {
      // From a snapshot people tap on to WeChat's question, and come back by the same way.
      if (error instanceof Fault && error.code === snapshotPage.code) await giveBack(ctx, way.state);
      throw error;
    });
    const account = (await this.pages.offered(ctx)).find((each) => each.wechatAppId === wechatAppId);
    await this.#know(ctx, way, came);
    const browser = browserIn(headers["user-agent"]);
    const by = { channel: "wechat", address: account?.name ?? "", browser, wechatAppId } as const;
    const openid = { wechatAppId, openid: came.openid };
    const started = await ctx.tx(async (ctx) => {
      const opened = await this.customers.open(ctx, await this.contacts.ofOpenid(ctx, openid), by);
      if (came.profile !== undefined) await this.contacts.agreed(ctx, openid, came.profile);
      return opened;
    });
    const kept = await this.customers.kept(ctx, started, cookies);
    return { body: { location: way.to }, cookies: { ...kept.cookies, [wechatCookie]: null } };
  }

  async #setOut(
    ctx: Ctx,
    asked: {
      wechatAppId?: string | undefined;
      scope: z.output<typeof PageScope>;
      to?: string | undefined;
      linkTo: Way["linkTo"];
    },
  ) {
    const { scope, linkTo } = asked;
    const offered = await this.pages.offered(ctx);
    const wechatAppId = asked.wechatAppId ?? (offered.length === 1 ? offered[0]?.wechatAppId : undefined);
    if (wechatAppId === undefined) throw notFound();
    const to = await this.pages.safeReturn(ctx, asked.to ?? `/customer?tenant=${ctx.tenantId}`, wechatAppId);
    if (to === undefined) throw returnNotAllowed({ errors: [{ field: "to" }] });
    const state = randomCode(32);
    const redirectUrl = `${this.runtime.env.PUBLIC_URL}/api/customers/wechat/callback`;
    const location = await this.pages.urlFor(ctx, { wechatAppId, scope, state, redirectUrl });
    const until = ctx.now().getTime() + wayMs;
    const way: Way = { tenantId: ctx.tenantId, wechatAppId, state, to, until, linkTo };
    return {
      body: { location },
      cookies: { [wechatCookie]: this.runtime.secrets.seal(JSON.stringify(way), sealedFor) },
    };
  }

  #way(visitor: Ctx, cookie: string | undefined): Way {
    try {
      const way = Way.parse(JSON.parse(this.runtime.secrets.open(cookie ?? "", sealedFor)));
      if (way.until > visitor.now().getTime()) return way;
    } catch (cause) {
      throw wayLost({}, { cause });
    }
    throw wayLost();
  }

  /** Makes a person of them, or one with whoever they are already. @throws Fault `customers.sign_in_refused` */
  async #know(ctx: Ctx, { wechatAppId, linkTo }: Way, { openid, unionid }: PageVisitor): Promise<void> {
    const known = await this.contacts.whoseOpenid(ctx, { wechatAppId, openid });
    const isNew = known === undefined && !(unionid !== undefined && (await this.contacts.knowsUnionid(ctx, unionid)));
    if (isNew && linkTo === null && !(await this.settings.get(ctx, takesNewcomers))) throw signInRefused();
    await this.contacts.meet(ctx, { wechatAppId, openid }, unionid);
    if (linkTo === null) return;
    const { personId, sessionId } = linkTo;
    // Who signed out meanwhile links nothing any more.
    if (!(await this.customers.stands(ctx, sessionId))) throw wayLost();
    const now = await this.contacts.whoseOpenid(ctx, { wechatAppId, openid });
    if (now !== undefined && now !== personId) await this.contacts.same(ctx, personId, now);
  }
}

const hashOf = (state: string): string => createHash("sha256").update(state).digest("base64url");

async function giveBack(ctx: Ctx, state: string): Promise<void> {
  await ctx.db.deleteFrom("customers_used_state").where("stateHash", "=", hashOf(state)).execute();
}

/** @throws Fault `customers.way_lost` for one that has come back before */
async function useUp(ctx: TxCtx, state: string): Promise<void> {
  const stateHash = hashOf(state);
  await ctx.db
    .deleteFrom("customers_used_state")
    .where("at", "<", new Date(ctx.now().getTime() - dayMs))
    .execute();
  await ctx.db
    .insertInto("customers_used_state")
    .values({ stateHash, at: ctx.now() })
    .onConflict((on) => on.doNothing())
    .returning("id")
    .executeTakeFirstOrThrow(() => wayLost());
}
