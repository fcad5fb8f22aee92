import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { authorizeUrl, pageGrant, type PageScope, pageUser } from "@zhanggui/wechat/calls/page-login";
import { callOpenly } from "@zhanggui/wechat/client";
import { type CallLog, WechatError } from "@zhanggui/wechat/transport";
import { SettingsService } from "../../foundation/settings/settings.service.ts";
import { Apps, type AppRow } from "./apps.ts";
import { appOff, pageLoginFailed, snapshotPage } from "./call.contract.ts";
import { faultOf } from "./clients.ts";
import { pageDomains } from "./connect.settings.ts";

/** Who came back from WeChat. Name and picture only where they agreed to tell them. */
export interface PageVisitor {
  readonly openid: string;
  readonly unionid: string | undefined;
  readonly profile: { readonly name: string; readonly pictureUrl: string | undefined } | undefined;
}

/** What became of a code, by WeChat's errcode: where the way to WeChat has to be taken anew, and why. */
const codeTroubles: Readonly<Record<number, { readonly zh: string; readonly en: string }>> = {
  40029: { zh: "授权码无效，请重新登录。", en: "WeChat doesn't know this sign-in. Begin anew." },
  40163: { zh: "这次授权已经用过，请重新登录。", en: "This sign-in was used already. Begin anew." },
  42003: { zh: "授权已过期，请重新登录。", en: "This sign-in has expired. Begin anew." },
};

/** Pages inside WeChat that ask who looks at them: the way there, and what comes back (OAuth 2.0). */
@Injectable()
export class PageLogin {
  constructor(
    private readonly runtime: Runtime,
    private readonly apps: Apps,
    private readonly settings: SettingsService,
  ) {}

  /** The accounts that pages can ask by: those that are on, and known to be this tenant's. */
  async offered(ctx: Ctx): Promise<{ wechatAppId: string; name: string }[]> {
    const rows = await ctx.db
      .selectFrom("connect_app")
      .select(["id as wechatAppId", "name"])
      .where("unboundAt", "is", null)
      .where("disabled", "=", false)
      .where("kind", "=", "official")
      .where("provenAt", "is not", null)
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
    return rows;
  }

  /** @throws Fault `kit.not_found` for no such account, `connect.app_off` */
  async urlFor(
    ctx: Ctx,
    asked: { wechatAppId: string; scope: PageScope; state: string; redirectUrl: string },
  ): Promise<string> {
    const { wechatAppId, ...rest } = asked;
    const { appId } = await this.#usable(ctx, wechatAppId);
    return authorizeUrl({ openUrl: this.runtime.env.WECHAT_OPEN_URL, appId, ...rest });
  }

  /**
   * A code works once, so this is never repeated.
   *
   * @throws Fault `connect.snapshot_page` for a visitor whom WeChat made up, `connect.page_login_failed` (2501), `connect.app_off`, `connect.wechat_unreachable`
   */
  async visitor(ctx: Ctx, { wechatAppId, code }: { wechatAppId: string; code: string }): Promise<PageVisitor> {
    const app = await this.#usable(ctx, wechatAppId);
    const secret = this.apps.secret(app);
    const log = (entry: CallLog): void => ctx.log.info({ ...entry, wechatAppId }, "called WeChat");
    const options = { apiUrl: this.runtime.env.WECHAT_API_URL, log, secrets: [secret, code] };
    try {
      const grant = await callOpenly(options, pageGrant, { appId: app.appId, secret, code });
      const { openid, unionid, accessToken } = grant;
      if (grant.isSnapshot) throw snapshotPage();
      if (!grant.scopes.includes("snsapi_userinfo")) return { openid, unionid, profile: undefined };
      const user = await callOpenly({ ...options, secrets: [accessToken] }, pageUser, { accessToken, openid });
      const { name, pictureUrl } = user;
      return { openid, unionid: unionid ?? user.unionid, profile: { name, pictureUrl } };
    } catch (error) {
      if (!(error instanceof WechatError)) throw faultOf(error) ?? error;
      const { errcode } = error;
      const fallback = { zh: "请稍后再试，或联系商家。", en: "Try again later, or ask the business." };
      const { zh, en } = codeTroubles[errcode] ?? fallback;
      throw pageLoginFailed({ errcode, explanationZh: zh, explanationEn: en }, { cause: error });
    }
  }

  /**
   * Where somebody may be sent back to: a page of this server, or of a domain that the business has named. Undefined
   * for any other: who could send people elsewhere from here could take them in.
   */
  async safeReturn(ctx: Ctx, to: string, wechatAppId?: string): Promise<string | undefined> {
    const { PUBLIC_URL: base } = this.runtime.env;
    if (!URL.canParse(to, base)) return undefined;
    const url = new URL(to, base);
    // A path that begins with two slashes would lead to another host.
    if (url.origin === new URL(base).origin && !url.pathname.startsWith("//"))
      return `${url.pathname}${url.search}${url.hash}`;
    if (url.origin === new URL(base).origin) return undefined;
    return (await this.isOwnPage(ctx, url, wechatAppId)) ? url.href : undefined;
  }

  /** Whether a page is this server's, or of a domain that the business has named: over HTTPS, without a port. */
  async isOwnPage(ctx: Ctx, url: URL, wechatAppId?: string): Promise<boolean> {
    if (url.username !== "" || url.password !== "") return false;
    if (url.origin === new URL(this.runtime.env.PUBLIC_URL).origin) return true;
    const of = wechatAppId === undefined ? {} : { appId: wechatAppId };
    const domains = await this.settings.get(ctx, pageDomains, of);
    return url.protocol === "https:" && url.port === "" && domains.includes(url.hostname);
  }

  async #usable(ctx: Ctx, wechatAppId: string): Promise<AppRow> {
    const app = await this.apps.bound(ctx, wechatAppId);
    if (app.provenAt === null) throw notFound();
    if (app.disabled) throw appOff({ name: app.name });
    return app;
  }
}
