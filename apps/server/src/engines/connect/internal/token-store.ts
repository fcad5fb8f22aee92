import { createHash } from "node:crypto";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { Secrets } from "@zhanggui/kit/server/secrets";
import type { AccessToken, StoredToken, TokenStore } from "@zhanggui/wechat/tokens";

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
      .select(["value_sealed", "expires_at", "voided"])
      .where("wechat_app_id", "=", this.#appId)
      .executeTakeFirst();
    if (row === undefined || row.value_sealed === null || row.expires_at === null) return null;
    return {
      value: this.#secrets.open(row.value_sealed, this.#context),
      expiresAt: row.expires_at,
      voided: row.voided,
    };
  }

  async tryLease(owner: string, ttlMs: number): Promise<boolean> {
    const now = this.#ctx.now();
    const until = new Date(now.getTime() + ttlMs);
    const row = await this.#ctx.db
      .insertInto("connect_token")
      .values({
        tenant_id: this.#ctx.tenantId,
        wechat_app_id: this.#appId,
        value_sealed: null,
        value_hash: null,
        expires_at: null,
        lease_owner: owner,
        lease_until: until,
      })
      .onConflict((on) =>
        on
          .columns(["tenant_id", "wechat_app_id"])
          .doUpdateSet({ lease_owner: owner, lease_until: until })
          .where((eb) =>
            eb.or([eb("connect_token.lease_until", "is", null), eb("connect_token.lease_until", "<=", now)]),
          ),
      )
      .returning("lease_owner")
      .executeTakeFirst();
    return row !== undefined;
  }

  async write(owner: string, token: AccessToken): Promise<boolean> {
    const row = await this.#ctx.db
      .updateTable("connect_token")
      .set({
        value_sealed: this.#secrets.seal(token.value, this.#context),
        value_hash: hashOf(token.value),
        expires_at: token.expiresAt,
        voided: false,
      })
      .where("wechat_app_id", "=", this.#appId)
      .where("lease_owner", "=", owner)
      .where("lease_until", ">", this.#ctx.now())
      .returning("wechat_app_id")
      .executeTakeFirst();
    return row !== undefined;
  }

  async release(owner: string): Promise<void> {
    await this.#ctx.db
      .updateTable("connect_token")
      .set({ lease_owner: null, lease_until: null })
      .where("wechat_app_id", "=", this.#appId)
      .where("lease_owner", "=", owner)
      .execute();
  }

  async invalidate(value: string): Promise<void> {
    await this.#ctx.db
      .updateTable("connect_token")
      .set({ voided: true })
      .where("wechat_app_id", "=", this.#appId)
      .where("value_hash", "=", hashOf(value))
      .execute();
  }

  get #context(): string {
    return `connect_token:${this.#appId}`;
  }
}

/** Finds a value without opening it. A token is random, so its hash tells nothing. */
function hashOf(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}
