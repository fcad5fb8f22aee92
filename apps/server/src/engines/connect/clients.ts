import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { notePastSpan } from "@zhanggui/kit/server/tracing/spans";
import { TokenFailure, WechatClient } from "@zhanggui/wechat/client";
import { explainErrcode } from "@zhanggui/wechat/errcodes";
import { jsTicket } from "@zhanggui/wechat/calls/page-login";
import { getStableToken } from "@zhanggui/wechat/calls/tokens";
import { type AccessToken, TokenCoordinator } from "@zhanggui/wechat/tokens";
import { WechatError, WechatUnreachable, type CallLog } from "@zhanggui/wechat/transport";
import { Apps, type AppRow } from "./apps.ts";
import { NotificationsService } from "../../foundation/notifications/notifications.service.ts";
import { appOff, wechatRefused, wechatUnreachable } from "./call.contract.ts";
import { connectWrite } from "./connect.contract.ts";
import { appFailing } from "./connect.notifications.ts";
import { DatabaseTokenStore } from "./internal/token-store.ts";

const dayMs = 86_400_000;
/** WeChat is busy, or was asked too often: it says nothing about the secret (recalled). */
const passing: ReadonlySet<number> = new Set([-1, 45009, 45011]);

/** What one process has for an app and its secret. */
export interface AppTokens {
  readonly secretSealed: string;
  readonly client: WechatClient;
  readonly coordinator: TokenCoordinator;
  readonly store: DatabaseTokenStore;
  /** Of the tickets that pages sign their JS-SDK configuration with. */
  readonly tickets: TokenCoordinator;
  /** Asks WeChat for a token, for whoever holds the store's lease. */
  readonly ask: (force: boolean) => Promise<AccessToken>;
}

/** A client of WeChat per bound app. Other engines ask here when they have to call WeChat. */
@Injectable()
export class WechatClients {
  /** One coordinator per app and secret, so that the callers of this process share one refresh. */
  readonly #made = new Map<string, AppTokens>();

  constructor(
    private readonly runtime: Runtime,
    private readonly apps: Apps,
    private readonly notifications: NotificationsService,
  ) {}

  /** @throws Fault `kit.not_found`; `connect.app_off`, but to whoever only tests it */
  async of(ctx: Ctx, wechatAppId: string, { evenIfOff = false } = {}): Promise<WechatClient> {
    const app = await this.apps.bound(ctx, wechatAppId);
    if (app.disabled && !evenIfOff) throw appOff({ name: app.name, errors: [{ field: "wechatAppId" }] });
    return this.tokensOf(app).client;
  }

  /** One that is off too: its token is kept fresh for when it is on again. */
  tokensOf(app: AppRow): AppTokens {
    const known = this.#made.get(app.id);
    if (known?.secretSealed === app.secretSealed) return known;
    const made = this.#make(app);
    this.#made.set(app.id, made);
    return made;
  }

  /** Calls WeChat for an app; what WeChat refuses is told to whoever called. @throws Fault as `of`, and `connect.*` */
  async ask<Reply>(ctx: Ctx, wechatAppId: string, run: (client: WechatClient) => Promise<Reply>): Promise<Reply> {
    const client = await this.of(ctx, wechatAppId);
    try {
      return await run(client);
    } catch (error) {
      throw faultOf(error) ?? error;
    }
  }

  /** Whether WeChat's host answers at all, whatever it says. @throws TypeError if it doesn't */
  async check(signal: AbortSignal): Promise<string> {
    const { WECHAT_API_URL: url } = this.runtime.env;
    const answer = await fetch(url, { method: "HEAD", redirect: "manual", signal });
    await answer.body?.cancel();
    return new URL(url).host;
  }

  #make(app: AppRow): AppTokens {
    const { env, secrets, clock, log } = this.runtime;
    const secret = this.apps.secret(app);
    const report = (entry: CallLog): void => {
      log.info({ ...entry, wechatAppId: app.id }, "called WeChat");
      traceCall(env.WECHAT_API_URL, entry);
    };
    // A client outlives the request that made it, and so must its ctx.
    const ctx = this.runtime.ctx(app.tenantId);
    const store = new DatabaseTokenStore(ctx, app.id, secrets);
    const ask = async (force: boolean): Promise<AccessToken> => {
      const { WECHAT_API_URL: apiUrl } = env;
      const request = { apiUrl, appId: app.appId, secret, force, now: () => clock.now(), log: report };
      const token = await getStableToken(request).catch(async (error: unknown) => {
        await store.noteFailure(error);
        if (error instanceof WechatError && !passing.has(error.errcode)) await this.#tellOf(ctx, app, error);
        throw error;
      });
      await this.apps.proven(ctx, app);
      if (force) store.markForced(token);
      return token;
    };
    const coordinator = new TokenCoordinator({
      store,
      now: () => clock.now(),
      // One that is too soon, or more than the day has, only brings the same token again.
      fetchToken: async ({ force }) => ask(force && (await store.spendForced())),
    });
    const client = new WechatClient({ apiUrl: env.WECHAT_API_URL, tokens: coordinator, log: report });
    const tickets = new TokenCoordinator({
      store: new DatabaseTokenStore(ctx, app.id, secrets, "connect_ticket"),
      now: () => clock.now(),
      // WeChat repeats the ticket as long as it lives; nothing forces another.
      fetchToken: async () => {
        const askedAt = clock.now().getTime();
        const { ticket: value, expiresInSeconds } = await client.call(jsTicket, { type: "jsapi" });
        return { value, expiresAt: new Date(askedAt + expiresInSeconds * 1000) };
      },
    });
    return { secretSealed: app.secretSealed, client, coordinator, store, ask, tickets };
  }

  /** Once a day and app: each call that needs a token finds it out anew. */
  async #tellOf(ctx: Ctx, { id, name: appName }: AppRow, { errcode }: WechatError): Promise<void> {
    const { zh, en } = explainErrcode(errcode);
    const day = Math.floor(ctx.now().getTime() / dayMs);
    const key = `${id} ${day}`;
    await ctx.tx((ctx) =>
      this.notifications.notify(
        ctx,
        appFailing,
        { appName, why: { zh, en } },
        { to: { holdersOf: connectWrite }, key },
      ),
    );
  }
}

/** A call of WeChat as a span below whatever called it. */
function traceCall(apiUrl: string, { method, path, durationMs, outcome, errcode }: CallLog): void {
  const attributes = {
    "http.request.method": method,
    "url.path": path,
    "server.address": new URL(apiUrl).hostname,
    "wechat.errcode": errcode,
  };
  const error = outcome === "ok" ? undefined : new Error(errcode === undefined ? outcome : `errcode ${errcode}`);
  notePastSpan(`${method} ${path}`, durationMs, { kind: "client", attributes }, error);
}

/** What a failed call of WeChat's means to whoever asked for it; undefined for an error that isn't WeChat's. */
export function faultOf(error: unknown): Fault | undefined {
  const cause = error instanceof TokenFailure ? error.cause : error;
  if (cause instanceof Fault) return cause;
  if (cause instanceof WechatError) {
    const { zh, en } = explainErrcode(cause.errcode);
    return wechatRefused({ errcode: cause.errcode, explanationZh: zh, explanationEn: en, rid: cause.rid }, { cause });
  }
  if (cause instanceof WechatUnreachable || error instanceof TokenFailure) {
    return wechatUnreachable({ reason: cause instanceof Error ? cause.message : String(cause) }, { cause: error });
  }
  return undefined;
}
