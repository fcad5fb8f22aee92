import { createHash } from "node:crypto";
import { businessDay } from "@zhanggui/kit/contract/business-day";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Secrets } from "@zhanggui/kit/server/secrets";
import { type AccessToken, stableTokenRules, type StoredToken, type TokenStore } from "@zhanggui/wechat/tokens";
import { WechatError } from "@zhanggui/wechat/transport";
import type { Selectable, Updateable } from "kysely";
import { accessToken as accessTokenColumn, jsTicket as jsTicketColumn } from "../connect.sealed.ts";
import type { ConnectTables } from "../connect.tables.ts";

type Row = ConnectTables["connect_token"];
/** By China's clock, which counts WeChat's days. */
const wechatDay = (at: Date): string => businessDay(at, "Asia/Shanghai");

/** One app's token in its row: each step is one statement, so that any number of processes share it. */
export class DatabaseTokenStore implements TokenStore {
  readonly #ctx: Ctx;
  readonly #appId: string;
  readonly #secrets: Secrets;
  /** Both tables have all the columns that every store needs. */
  readonly #table: "connect_token";
  #forcedHash: string | undefined;

  /**
   * @param appId the row's id of the app, not WeChat's
   * @param table the app's access token, or its JS-SDK ticket, which nobody forces or replaces by hand
   */
  constructor(ctx: Ctx, appId: string, secrets: Secrets, table: "connect_token" | "connect_ticket" = "connect_token") {
    this.#table = table as "connect_token";
    this.#ctx = ctx;
    this.#appId = appId;
    this.#secrets = secrets;
  }

  async read(): Promise<StoredToken | null> {
    const row = await this.#ctx.db
      .selectFrom(this.#table)
      .select(["valueSealed", "expiresAt", "voided"])
      .where("wechatAppId", "=", this.#appId)
      .executeTakeFirst();
    if (row === undefined || row.valueSealed === null || row.expiresAt === null) return null;
    return {
      value: this.#secrets.open(row.valueSealed, this.#context),
      expiresAt: row.expiresAt,
      voided: row.voided,
    };
  }

  async tryLease(owner: string, ttlMs: number): Promise<boolean> {
    const now = this.#ctx.now();
    const until = new Date(now.getTime() + ttlMs);
    const row = await this.#ctx.db
      .insertInto(this.#table)
      .values({
        wechatAppId: this.#appId,
        leaseOwner: owner,
        leaseUntil: until,
      })
      .onConflict((on) =>
        on
          .columns(["tenantId", "wechatAppId"])
          .doUpdateSet({ leaseOwner: owner, leaseUntil: until })
          .where((eb) =>
            eb.or([eb(`${this.#table}.leaseUntil`, "is", null), eb(`${this.#table}.leaseUntil`, "<=", now)]),
          ),
      )
      .returning("leaseOwner")
      .executeTakeFirst();
    return row !== undefined;
  }

  async write(owner: string, token: AccessToken): Promise<boolean> {
    const row = await this.#ctx.db
      .updateTable(this.#table)
      .set(this.#valueOf(token, hashOf(token.value) === this.#forcedHash ? "forced" : "wechat"))
      .where("wechatAppId", "=", this.#appId)
      .where("leaseOwner", "=", owner)
      .where("leaseUntil", ">", this.#ctx.now())
      .returning("wechatAppId")
      .executeTakeFirst();
    return row !== undefined;
  }

  /**
   * Puts an administrator's value in whatever stands there. It ends any lease: a refresh that was under way writes
   * nothing any more, and takes this one instead.
   */
  async replaceByHand(ctx: TxCtx, token: AccessToken): Promise<void> {
    const values = { ...this.#valueOf(token, "hand"), leaseOwner: null, leaseUntil: null };
    await ctx.db
      .insertInto(this.#table)
      .values({ wechatAppId: this.#appId, ...values })
      .onConflict((on) => on.columns(["tenantId", "wechatAppId"]).doUpdateSet(values))
      .execute();
  }

  /** That a value about to be written was forced: WeChat's answer doesn't say so. */
  markForced({ value }: AccessToken): void {
    this.#forcedHash = hashOf(value);
  }

  /**
   * Counts a forced refresh before it is asked for, whoever wants it: `stableTokenRules` has how many there are. False:
   * WeChat would only repeat its token.
   */
  async spendForced(): Promise<boolean> {
    const now = this.#ctx.now();
    const today = wechatDay(now);
    const { forcedPerDay, forcedApartMs } = stableTokenRules;
    const rows = await this.#ctx.sql`
      UPDATE connect_token SET forced_on = ${today}::date, forced_at = ${now},
        forced_count = CASE WHEN forced_on = ${today}::date THEN forced_count + 1 ELSE 1 END
      WHERE wechat_app_id = ${this.#appId}
        AND (forced_at IS NULL OR forced_at <= ${new Date(now.getTime() - forcedApartMs)})
        AND (forced_on IS DISTINCT FROM ${today}::date OR forced_count < ${forcedPerDay})
      RETURNING wechat_app_id`;
    return rows.length > 0;
  }

  /** That WeChat gave none, for whoever looks why. What is thrown holds no secret. */
  async noteFailure(error: unknown): Promise<void> {
    const isAnswer = error instanceof WechatError;
    const said = isAnswer ? error.errmsg : error instanceof Error ? error.message : String(error);
    await this.#ctx.db
      .updateTable(this.#table)
      .set({
        failedAt: this.#ctx.now(),
        failedBecause: said.slice(0, 300).toWellFormed(),
        failedErrcode: isAnswer ? error.errcode : null,
      })
      .where("wechatAppId", "=", this.#appId)
      .execute();
  }

  async release(owner: string): Promise<void> {
    await this.#ctx.db
      .updateTable(this.#table)
      .set({ leaseOwner: null, leaseUntil: null })
      .where("wechatAppId", "=", this.#appId)
      .where("leaseOwner", "=", owner)
      .execute();
  }

  async invalidate(value: string): Promise<void> {
    await this.#ctx.db
      .updateTable(this.#table)
      .set({ voided: true })
      .where("wechatAppId", "=", this.#appId)
      .where("valueHash", "=", hashOf(value))
      .execute();
  }

  #valueOf({ value, expiresAt }: AccessToken, source: NonNullable<Selectable<Row>["source"]>) {
    return {
      valueSealed: this.#secrets.seal(value, this.#context),
      valueHash: hashOf(value),
      tail: value.slice(-4),
      expiresAt,
      voided: false,
      source,
      obtainedAt: this.#ctx.now(),
      failedAt: null,
      failedBecause: null,
      failedErrcode: null,
    };
  }

  get #context(): string {
    const column = this.#table === accessTokenColumn.table ? accessTokenColumn : jsTicketColumn;
    return column.context({ wechat_app_id: this.#appId });
  }
}

/** Finds a value without opening it. A token is random, so its hash tells nothing. */
function hashOf(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}

/** What a secret that is no longer the app's was given; how often WeChat was forced today stays. */
export async function forgetTokens(ctx: TxCtx, wechatAppId: string): Promise<void> {
  const nothing: Updateable<Row> = {
    valueSealed: null,
    valueHash: null,
    tail: null,
    expiresAt: null,
    source: null,
    obtainedAt: null,
    leaseOwner: null,
    leaseUntil: null,
    failedAt: null,
    failedBecause: null,
    failedErrcode: null,
  };
  await ctx.db.updateTable("connect_token").set(nothing).where("wechatAppId", "=", wechatAppId).execute();
  await ctx.db.deleteFrom("connect_ticket").where("wechatAppId", "=", wechatAppId).execute();
}

/** How often it was forced on the day of `at`. */
export function forcedToday({ forcedOn, forcedCount }: Pick<Selectable<Row>, "forcedOn" | "forcedCount">, at: Date) {
  return forcedOn === wechatDay(at) ? forcedCount : 0;
}
