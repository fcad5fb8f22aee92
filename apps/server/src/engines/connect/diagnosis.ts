import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Apps } from "./apps.ts";
import type { connect } from "./connect.contract.ts";
import { type CheckName, checkNames, type CheckResult } from "./diagnosis.contract.ts";
import { type AskedWechat, CredentialChecks } from "./internal/credential-checks.ts";
import { CallbackChecks } from "./internal/callback-checks.ts";
import { RightsChecks } from "./internal/rights-checks.ts";

type Diagnosis = Out<typeof connect.diagnose>;
const all = Object.keys(checkNames) as CheckName[];

/** Why an app doesn't work, and what to do: each check runs when somebody asks, and what it found last is kept. */
@Injectable()
export class AppDiagnosis {
  constructor(
    private readonly apps: Apps,
    private readonly credentials: CredentialChecks,
    private readonly callbacks: CallbackChecks,
    private readonly rights: RightsChecks,
  ) {}

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { wechatAppId }: Flat<typeof connect.getDiagnosis>): Promise<Diagnosis> {
    await this.apps.bound(ctx, wechatAppId);
    return this.#kept(ctx, wechatAppId);
  }

  /** @throws Fault `kit.not_found` */
  async run(ctx: Ctx, { wechatAppId, checks = all }: Flat<typeof connect.diagnose>): Promise<Diagnosis> {
    const app = await this.apps.bound(ctx, wechatAppId);
    // WeChat is asked once for what several checks read from its answer.
    let asked: Promise<AskedWechat> | undefined;
    const ask = (): Promise<AskedWechat> => (asked ??= this.credentials.ask(app));
    const run: Record<CheckName, () => Promise<CheckResult>> = {
      reach: async () => this.credentials.reach(await ask()),
      allow_list: async () => this.credentials.allowList(await ask()),
      secret: async () => this.credentials.secret(await ask()),
      binding: async () => this.credentials.binding(app, await ask()),
      token: () => this.credentials.token(ctx, app),
      callback: () => this.callbacks.callback(ctx, app),
      pushes: () => this.callbacks.pushes(ctx, app),
      rights: () => this.rights.rights(app),
      web: () => this.rights.web(app),
      quota: () => this.rights.quota(ctx, app),
    };
    const wanted = all.filter((check) => checks.includes(check));
    const found = await Promise.all(wanted.map(async (check) => [check, await run[check]()] as const));
    const ranAt = ctx.now();
    await ctx.tx(async (ctx) => {
      for (const [check, result] of found)
        await ctx.db
          .insertInto("connect_check")
          .values({ wechatAppId, check, ranAt, result: JSON.stringify(result) as never })
          .onConflict((on) =>
            on
              .columns(["tenantId", "wechatAppId", "check"])
              .doUpdateSet(({ ref }) => ({ ranAt: ref("excluded.ranAt"), result: ref("excluded.result") })),
          )
          .execute();
    });
    return this.#kept(ctx, wechatAppId);
  }

  async #kept(ctx: Ctx, wechatAppId: string): Promise<Diagnosis> {
    const rows = await ctx.db.selectFrom("connect_check").selectAll().where("wechatAppId", "=", wechatAppId).execute();
    const kept = new Map(rows.map((row) => [row.check, row]));
    return {
      checks: all.map((check) => {
        const row = kept.get(check);
        return { check, ranAt: row?.ranAt ?? null, result: row?.result ?? null };
      }),
    };
  }
}
