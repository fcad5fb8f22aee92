import { Injectable } from "@nestjs/common";
import { businessDay } from "@zhanggui/kit/contract/business-day";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { clearQuota, clearQuotaOf, quotaLimits, quotaOf } from "@zhanggui/wechat/calls/quotas";
import { outcomeOfWrite, type WechatClient } from "@zhanggui/wechat/client";
import { WechatError } from "@zhanggui/wechat/transport";
import { Apps } from "./apps.ts";
import { faultOf, WechatClients } from "./clients.ts";
import type { connect } from "./connect.contract.ts";
import { wordsOf } from "./internal/words.ts";
import { meteredCalls, type MeteredPath, resetsUsedUp } from "./quota.contract.ts";

type Quotas = Out<typeof connect.getQuota>;
type Resets = Quotas["resets"];
const usedUp = 48006;
const { clearsPerMonth: resetsPerMonth } = quotaLimits;

/** How much of WeChat's quotas an app has used, and setting the counts back. */
@Injectable()
export class Quota {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
  ) {}

  /** @throws Fault `kit.not_found`; what WeChat refuses stands beside its call */
  async get(ctx: Ctx, { wechatAppId }: Flat<typeof connect.getQuota>): Promise<Quotas> {
    const client = await this.clients.of(ctx, wechatAppId, { evenIfOff: true });
    const askedAt = ctx.now();
    const paths = Object.keys(meteredCalls) as MeteredPath[];
    const calls = await Promise.all(paths.map((path) => toldOf(client, path)));
    return { askedAt, calls, resets: await this.resets(ctx, wechatAppId) };
  }

  /**
   * Never repeated by itself: what no answer came to may have cost one of the ten.
   *
   * @throws Fault `connect.resets_used_up`, `connect.app_off`, and what WeChat answers
   */
  async reset(ctx: Ctx, { wechatAppId, path }: Flat<typeof connect.resetQuota>): Promise<Resets> {
    const { appId, name } = await this.apps.bound(ctx, wechatAppId);
    const client = await this.clients.of(ctx, wechatAppId);
    const { left } = await this.resets(ctx, wechatAppId);
    if (left === 0) throw resetsUsedUp({ limit: resetsPerMonth });
    const { id } = await ctx.tx(async (ctx) => {
      await auditAct(ctx, { thing: { kind: "connect_app", id: wechatAppId, title: name }, details: { path } });
      return ctx.db
        .insertInto("connect_quota_reset")
        .values({ wechatAppId, path: path ?? null, byName: ctx.actor.name, at: ctx.now() })
        .returning("id")
        .executeTakeFirstOrThrow();
    });
    const end = (outcome: "done" | "refused", errcode: number | null): Promise<unknown> =>
      ctx.db.updateTable("connect_quota_reset").set({ outcome, errcode }).where("id", "=", id).execute();
    try {
      await (path === undefined ? client.call(clearQuota, { appId }) : client.call(clearQuotaOf, { path }));
    } catch (error) {
      const errcode = error instanceof WechatError ? error.errcode : null;
      if (outcomeOfWrite(error) === "not_done") await end("refused", errcode);
      if (errcode === usedUp) throw resetsUsedUp({ limit: resetsPerMonth }, { cause: error });
      throw faultOf(error) ?? error;
    }
    await end("done", null);
    return this.resets(ctx, wechatAppId);
  }

  /** Of this month, by China's clock. One that WeChat called the last counts as all ten: others may have reset too. */
  async resets(ctx: Ctx, wechatAppId: string): Promise<Resets> {
    const month = businessDay(ctx.now(), "Asia/Shanghai").slice(0, 7);
    const since = Date.parse(`${month}-01T00:00:00+08:00`);
    const rows = await ctx.db
      .selectFrom("connect_quota_reset")
      .selectAll()
      .where("wechatAppId", "=", wechatAppId)
      .orderBy("at", "desc")
      .orderBy("id", "desc")
      .limit(50)
      .execute();
    const ofMonth = rows.filter(({ at }) => at.getTime() >= since);
    const isOver = ofMonth.some(({ errcode }) => errcode === usedUp);
    const used = ofMonth.filter(({ outcome }) => outcome !== "refused").length;
    const [last] = rows;
    return {
      limit: resetsPerMonth,
      used: isOver ? resetsPerMonth : Math.min(used, resetsPerMonth),
      left: isOver ? 0 : Math.max(0, resetsPerMonth - used),
      last: last === undefined ? null : { ...last, by: last.byName },
    };
  }
}

async function toldOf(client: WechatClient, path: MeteredPath): Promise<Quotas["calls"][number]> {
  const nothing = { path, ...meteredCalls[path], used: null, limit: null, remain: null, perMinute: null };
  try {
    const { perDay: limit, used, left: remain, rate } = await client.call(quotaOf, { path });
    const perMinute = rate === undefined ? null : Math.floor((rate.calls * 60) / Math.max(1, rate.seconds));
    return { ...nothing, used, limit, remain, perMinute, trouble: null };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    const { errcode } = fault.details;
    return { ...nothing, trouble: { errcode: typeof errcode === "number" ? errcode : null, ...wordsOf(fault) } };
  }
}
