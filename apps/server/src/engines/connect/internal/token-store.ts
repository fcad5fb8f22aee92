import { createHash } from "node:crypto";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { Secrets } from "@zhanggui/kit/server/secrets";
import type { AccessToken, StoredToken, TokenStore } from "@zhanggui/wechat/tokens";
import { accessToken as accessTokenColumn } from "../connect.sealed.ts";

/** One app's token in its row: each step is one statement, so that any number of processes share it. */
export class DatabaseTokenStore implements TokenStore {
  readonly #ctx: Ctx;
  readonly #appId: string;
  readonly #secrets: Secrets;

  /** @param appId the row's id of the app, not WeChat's */
  constructor(ctx: Ctx, appId: string, secrets: Secrets) {
    this.#ctx = ctx;
    this.#appId = appId;
    this.#secrets = secrets;
  }

  async read(): Promise<StoredToken | null> {
    const row = await this.#ctx.db
      .selectFrom("connect_token")
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
      .insertInto("connect_token")
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
            eb.or([eb("connect_token.leaseUntil", "is", null), eb("connect_token.leaseUntil", "<=", now)]),
          ),
      )
      .returning("leaseOwner")
      .executeTakeFirst();
    return row !== undefined;
  }

  async write(owner: string, token: AccessToken): Promise<boolean> {
    const row = await this.#ctx.db
      .updateTable("connect_token")
      .set({
        valueSealed: this.#secrets.seal(token.value, this.#context),
        valueHash: hashOf(token.value),
        expiresAt: token.expiresAt,
        voided: false,
      })
      .where("wechatAppId", "=", this.#appId)
      .where("leaseOwner", "=", owner)
      .where("leaseUntil", ">", this.#ctx.now())
      .returning("wechatAppId")
      .executeTakeFirst();
    return row !== undefined;
  }

  async release(owner: string): Promise<void> {
    await this.#ctx.db
      .updateTable("connect_token")
      .set({ leaseOwner: null, leaseUntil: null })
      .where("wechatAppId", "=", this.#appId)
      .where("leaseOwner", "=", owner)
      .execute();
  }

  async invalidate(value: string): Promise<void> {
    await this.#ctx.db
      .updateTable("connect_token")
      .set({ voided: true })
      .where("wechatAppId", "=", this.#appId)
      .where("valueHash", "=", hashOf(value))
      .execute();
  }

  get #context(): string {
    return accessTokenColumn.context({ wechat_app_id: this.#appId });
  }
}

/** Finds a value without opening it. A token is random, so its hash tells nothing. */
function hashOf(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}
