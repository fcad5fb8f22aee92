import { Injectable } from "@nestjs/common";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { constraintOf } from "@zhanggui/kit/server/sql-state";
import { getStableToken } from "@zhanggui/wechat/calls/tokens";
import { type CallLog, WechatError, WechatUnreachable } from "@zhanggui/wechat/transport";
import { boundElsewhere } from "../connect.contract.ts";
import type { AppCredentials } from "../app.contract.ts";
import { appSecret } from "../connect.sealed.ts";

/**
 * What WeChat says to a secret that isn't the account's (any more), or to an account that is gone. Not a frozen one
 * (40243), nor an address that isn't allowed (40164): those come to whoever has the right secret too.
 */
const secretRefused: ReadonlySet<number> = new Set([40001, 40013, 40125]);

/** What WeChat says to an AppID and a secret. `refused`: it knows that the secret is wrong. */
export interface Proof {
  readonly outcome: "proven" | "refused" | "unknown";
  readonly errcode?: number;
}

/**
 * Whose an AppID is: the tenant's to whose secret WeChat has given a token. The database holds that there is one such
 * binding (`connect_app_proven`); here is decided what becomes of a second.
 */
@Injectable()
export class Proofs {
  constructor(private readonly runtime: Runtime) {}

  /** Whether WeChat gives a token for these now. */
  async check({ appId, appSecret: secret }: AppCredentials): Promise<Proof> {
    const { env, clock, log } = this.runtime;
    const report = (entry: CallLog): void => log.info({ ...entry, appId }, "asked WeChat whose an AppID is");
    try {
      await getStableToken({
        apiUrl: env.WECHAT_API_URL,
        appId,
        secret,
        force: false,
        now: () => clock.now(),
        log: report,
      });
      return { outcome: "proven" };
    } catch (error) {
      if (error instanceof WechatError && secretRefused.has(error.errcode))
        return { outcome: "refused", errcode: error.errcode };
      if (error instanceof WechatError || error instanceof WechatUnreachable) return { outcome: "unknown" };
      throw error;
    }
  }

  /**
   * Runs `write`, which writes down that the caller's binding is proven. If another tenant's is too, theirs has to be
   * proven again: a secret that was changed at WeChat since proves nothing any more, and the AppID changes hands.
   *
   * @throws Fault `connect.bound_elsewhere`; only who has the account's secret gets there
   */
  async claim<Result>(appId: string, write: () => Promise<Result>): Promise<Result> {
    try {
      return await write();
    } catch (error) {
      if (constraintOf(error) !== "connect_app_proven") throw error;
    }
    await this.#askHolder(appId);
    try {
      return await write();
    } catch (cause) {
      if (constraintOf(cause) !== "connect_app_proven") throw cause;
      throw boundElsewhere({ appId }, { cause });
    }
  }

  async #askHolder(appId: string): Promise<void> {
    const db = this.runtime.unscopedDb();
    const holder = await db
      .selectFrom("connect_app")
      .select(["id", "tenantId", "secretSealed"])
      .where("appId", "=", appId)
      .where("provenAt", "is not", null)
      .executeTakeFirst();
    if (holder === undefined) return;
    const secret = this.runtime.secrets.open(holder.secretSealed, appSecret.context(holder));
    if ((await this.check({ appId, appSecret: secret })).outcome !== "refused") return;
    await db
      .updateTable("connect_app")
      .set({ provenAt: null })
      .where("id", "=", holder.id)
      // Not of one that was entered anew meanwhile.
      .where("secretSealed", "=", holder.secretSealed)
      .execute();
    const { log } = this.runtime.ctx(holder.tenantId);
    log.warn({ wechatAppId: holder.id, appId }, "WeChat refuses the app's secret; the AppID was proven elsewhere");
  }
}
