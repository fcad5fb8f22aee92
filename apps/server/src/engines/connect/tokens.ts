import { randomUUID } from "node:crypto";
import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { apiAddresses } from "@zhanggui/wechat/calls/quotas";
import { userInfo } from "@zhanggui/wechat/calls/users";
import { TokenFailure, WechatClient } from "@zhanggui/wechat/client";
import { explainErrcode } from "@zhanggui/wechat/errcodes";
import { stableTokenRules } from "@zhanggui/wechat/tokens";
import { WechatError, WechatUnreachable } from "@zhanggui/wechat/transport";
import type { Selectable } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import { Apps, type AppRow } from "./apps.ts";
import { faultOf, WechatClients } from "./clients.ts";
import { writtenKinds } from "./kinds.ts";
import type { connect } from "./connect.contract.ts";
import type { ConnectTables } from "./connect.tables.ts";
import { forcedToday } from "./internal/token-store.ts";
import { forcedTooOften, forcedTooSoon, refreshUnderWay, tokenRefused } from "./token.contract.ts";

type State = Out<typeof connect.getToken>;
type Row = Selectable<ConnectTables["connect_token"]>;

/** WeChat gives another one in the last five minutes of the old one; a minute later it surely does. */
const renewBeforeMs = stableTokenRules.renewalMs - 60_000;
/** How long one refresh may take before another process may take over; two requests to WeChat take less. */
const leaseMs = 25_000;

/** Access tokens as administrators see them: how old they are, and what can be done where one makes trouble. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly runtime: Runtime,
    private readonly apps: Apps,
    private readonly clients: WechatClients,
    private readonly tenants: Tenants,
  ) {}

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { wechatAppId }: Flat<typeof connect.getToken>): Promise<State> {
    return this.stateOf(ctx, await this.apps.bound(ctx, wechatAppId));
  }

  async stateOf(ctx: Ctx, app: AppRow): Promise<State> {
    const row = await ctx.db
      .selectFrom("connect_token")
      .selectAll()
      .where("wechatAppId", "=", app.id)
      .executeTakeFirst();
    return view(row, ctx.now());
  }

  /**
   * Every call reads the stored token, so all processes use this one from their next call on; a refresh that is under
   * way writes nothing any more. WeChat tries it first, unless it can't be reached: then it is taken as it is.
   *
   * @throws Fault `connect.token_refused`, `kit.not_found`
   */
  async replace(
    ctx: Ctx,
    { wechatAppId, accessToken: value, validMinutes }: Flat<typeof connect.replaceToken>,
  ): Promise<State> {
    const app = await this.apps.bound(ctx, wechatAppId);
    if ((await this.try(value)) === "refused" || (await this.#isOthers(ctx, app, value))) {
      throw tokenRefused({ errcode: 40001, errors: [{ field: "accessToken" }] });
    }
    const expiresAt = new Date(ctx.now().getTime() + validMinutes * 60_000);
    const { store } = this.clients.tokensOf(app);
    await ctx.tx(async (ctx) => {
      await store.replaceByHand(ctx, { value, expiresAt });
      await auditAct(ctx, { thing: thingOf(app), details: { expiresAt } });
    });
    return this.stateOf(ctx, app);
  }

  /**
   * @throws Fault `connect.forced_too_often`, `connect.forced_too_soon`, `connect.refresh_under_way`, and what WeChat
   *   answers
   */
  async force(ctx: Ctx, { wechatAppId }: Flat<typeof connect.forceToken>): Promise<Out<typeof connect.forceToken>> {
    const app = await this.apps.bound(ctx, wechatAppId);
    const { store, ask } = this.clients.tokensOf(app);
    const owner = randomUUID();
    if (!(await store.tryLease(owner, leaseMs))) throw refreshUnderWay();
    try {
      const before = await store.read();
      if (!(await store.spendForced())) throw await this.#whyNotForced(ctx, app);
      await auditAct(ctx, { thing: thingOf(app) });
      const token = await ask(true);
      await store.write(owner, token);
      return { ...(await this.stateOf(ctx, app)), isRefreshing: false, isNew: token.value !== before?.value };
    } catch (error) {
      throw faultOf(error) ?? error;
    } finally {
      await store.release(owner);
    }
  }

  /** Renews what is about to end, or what WeChat has refused, before anybody needs it. For the schedule. */
  refreshAhead(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const rows = await ctx.db
        .selectFrom("connect_app")
        .innerJoin("connect_token", "connect_token.wechatAppId", "connect_app.id")
        .selectAll("connect_app")
        .where("connect_app.unboundAt", "is", null)
        .where("connect_app.disabled", "=", false)
        .where("connect_token.valueSealed", "is not", null)
        .where((eb) =>
          eb.or([
            eb("connect_token.expiresAt", "<=", new Date(ctx.now().getTime() + renewBeforeMs)),
            eb("connect_token.voided", "=", true),
          ]),
        )
        .execute();
      // Each by itself: that WeChat refuses one says nothing about the others, and a note of it stands in its row.
      await Promise.all(
        rows.map(async (app) => {
          try {
            await this.clients.tokensOf(app).coordinator.get();
          } catch (error) {
            ctx.log.warn({ err: error, wechatAppId: app.id }, "an access token could not be renewed ahead of time");
          }
        }),
      );
    });
  }

  /**
   * Whether it is another account's: with that all calls would be made in the other's name. Somebody who wrote to this
   * account is unknown to any other (40003); where nobody has written yet, it can't be told.
   */
  async #isOthers(ctx: Ctx, app: AppRow, value: string): Promise<boolean> {
    const rows = ctx.db.selectFrom("connect_inbound").select("openid").where("wechatAppId", "=", app.id);
    // What WeChat reports of a mass sending comes from the account itself.
    const said = rows.where("kind", "in", ["event:subscribe", "event:SCAN", "event:CLICK", ...writtenKinds]);
    const known = await said.orderBy("id", "desc").limit(1).executeTakeFirst();
    if (known === undefined || app.kind !== "official") return false;
    try {
      await this.#clientOf(value).call(userInfo, { openid: known.openid });
      return false;
    } catch (error) {
      return error instanceof WechatError && (error.errcode === 40003 || error.errcode === 49003);
    }
  }

  #clientOf(value: string): WechatClient {
    return new WechatClient({
      apiUrl: this.runtime.env.WECHAT_API_URL,
      tokens: { get: async () => value, replace: () => Promise.reject(new Error("it is this one that is tried")) },
      log: (entry) => this.runtime.log.info(entry, "tried an access token"),
    });
  }

  /** A harmless call with the very value. `unreached` says nothing about the token. */
  async try(value: string): Promise<"accepted" | "refused" | "unreached"> {
    try {
      await this.#clientOf(value).call(apiAddresses);
      return "accepted";
    } catch (error) {
      if (error instanceof TokenFailure) return "refused";
      if (error instanceof WechatError) return "accepted";
      if (error instanceof WechatUnreachable) return "unreached";
      throw error;
    }
  }

  async #whyNotForced(ctx: Ctx, app: AppRow): Promise<Error> {
    const { forced } = await this.stateOf(ctx, app);
    if (forced.today >= forced.limit) return forcedTooOften({ limit: forced.limit });
    const again = new Date(forced.lastAt ?? 0).getTime() + stableTokenRules.forcedApartMs;
    return forcedTooSoon({ seconds: Math.max(1, Math.ceil((again - ctx.now().getTime()) / 1000)) });
  }
}

const thingOf = ({ id, name: title }: AppRow) => ({ kind: "connect_app", id, title });

function view(row: Row | undefined, now: Date): State {
  const forced = { limit: stableTokenRules.forcedPerDay, today: 0, lastAt: null };
  const none: State = {
    state: "none",
    masked: null,
    source: null,
    obtainedAt: null,
    expiresAt: null,
    renewsAt: null,
    isRefreshing: false,
    failure: null,
    forced,
  };
  if (row === undefined) return none;
  const { valueSealed, tail, source, obtainedAt, expiresAt, voided, leaseUntil, failedAt, failedErrcode } = row;
  const endsInMs = expiresAt === null ? 0 : expiresAt.getTime() - now.getTime();
  const state = ((): State["state"] => {
    if (valueSealed === null) return "none";
    if (voided) return "refused";
    if (endsInMs <= 0) return "expired";
    return endsInMs <= renewBeforeMs ? "ending" : "good";
  })();
  return {
    ...none,
    state,
    masked: tail === null ? null : `••••••••${tail}`,
    source,
    obtainedAt,
    expiresAt,
    renewsAt: expiresAt === null ? null : new Date(expiresAt.getTime() - renewBeforeMs),
    isRefreshing: leaseUntil !== null && leaseUntil > now,
    failure:
      failedAt === null
        ? null
        : { at: failedAt, errcode: failedErrcode, said: row.failedBecause ?? "", ...whyFailed(failedErrcode) },
    forced: { ...forced, today: forcedToday(row, now), lastAt: row.forcedAt },
  };
}

function whyFailed(errcode: number | null): { zh: string; en: string } {
  if (errcode === null) return { zh: "连接不上微信。", en: "WeChat could not be reached." };
  const { zh, en } = explainErrcode(errcode);
  return { zh, en };
}
