import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { In, Out } from "@zhanggui/kit/contract/route";
import { owned, type Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { PushKeys } from "@zhanggui/wechat/push";
import type { Selectable, Updateable } from "kysely";
import { aesKeyMissing, appTaken, type connect } from "./connect.contract.ts";
import type { ConnectTables } from "./connect.tables.ts";

export type AppRow = Selectable<ConnectTables["connect_app"]>;
export type AppView = Out<typeof connect.bindApp>;

/** The bound apps and their secrets. */
@Injectable()
export class Apps {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async list(ctx: Ctx): Promise<AppView[]> {
    const rows = await ctx.db
      .selectFrom("connect_app")
      .selectAll("connect_app")
      .select((eb) =>
        eb
          .selectFrom("connect_inbound")
          .whereRef("connect_inbound.wechat_app_id", "=", "connect_app.id")
          .select("connect_inbound.received_at")
          .orderBy("connect_inbound.id", "desc")
          .limit(1)
          .as("last_push_at"),
      )
      .orderBy("connect_app.created_at")
      .orderBy("connect_app.id")
      .execute();
    return rows.map((row) => this.#view(row, row.last_push_at));
  }

  async get(ctx: Ctx, id: string): Promise<AppView> {
    const app = (await this.list(ctx)).find((each) => each.id === id);
    if (app === undefined) throw notFound();
    return app;
  }

  async row(ctx: Ctx, id: string): Promise<AppRow> {
    const row = await ctx.db.selectFrom("connect_app").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
  }

  /** @throws Fault `connect.app_taken`, `connect.aes_key_missing` */
  async bind(ctx: Ctx, app: In<typeof connect.bindApp>["body"]): Promise<AppView> {
    if (app.mode !== "plain" && app.encodingAesKey === undefined) throw aesKeyMissing();
    const head = owned(ctx);
    const row = await ctx.db
      .insertInto("connect_app")
      .values({
        ...head,
        name: app.name,
        app_id: app.appId,
        mode: app.mode,
        secret_sealed: this.#seal(head.id, "secret", app.appSecret),
        push_token_sealed: this.#seal(head.id, "push_token", app.pushToken),
        aes_key_sealed: app.encodingAesKey === undefined ? null : this.#seal(head.id, "aes_key", app.encodingAesKey),
        verified_at: null,
      })
      .onConflict((on) => on.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw appTaken({ appId: app.appId });
    return this.#view(row, null);
  }

  /**
   * Changes what is given and nothing else, so that two people who change different things don't undo each other. A
   * secret that is left out stays as it is; with a new token, key or mode WeChat has to check the callback again.
   *
   * @throws Fault `connect.aes_key_missing`, `kit.not_found`
   */
  async update(ctx: Ctx, id: string, change: In<typeof connect.updateApp>["body"]): Promise<AppView> {
    await ctx.tx(async (ctx) => {
      const before = await ctx.db
        .selectFrom("connect_app")
        .selectAll()
        .where("id", "=", id)
        .forUpdate()
        .executeTakeFirst();
      if (before === undefined) throw notFound();
      const { name, mode, disabled, appSecret, pushToken, encodingAesKey } = change;
      const row: Updateable<ConnectTables["connect_app"]> = {};
      if (name !== undefined) row.name = name;
      if (mode !== undefined) row.mode = mode;
      if (disabled !== undefined) row.disabled = disabled;
      if (appSecret !== undefined) row.secret_sealed = this.#seal(before.id, "secret", appSecret);
      if (pushToken !== undefined) row.push_token_sealed = this.#seal(before.id, "push_token", pushToken);
      if (encodingAesKey !== undefined) row.aes_key_sealed = this.#seal(before.id, "aes_key", encodingAesKey);
      const { mode: modeAfter, aes_key_sealed: keyAfter } = { ...before, ...row };
      if (modeAfter !== "plain" && keyAfter === null) throw aesKeyMissing();
      if (pushToken !== undefined || encodingAesKey !== undefined || modeAfter !== before.mode) row.verified_at = null;
      if (Object.keys(row).length > 0) await ctx.db.updateTable("connect_app").set(row).where("id", "=", id).execute();
    });
    return this.get(ctx, id);
  }

  async verified(ctx: Ctx, id: string): Promise<void> {
    await ctx.db.updateTable("connect_app").set({ verified_at: ctx.now() }).where("id", "=", id).execute();
  }

  secret(app: AppRow): string {
    return this.#runtime.secrets.open(app.secret_sealed, `connect_app:${app.id}:secret`);
  }

  pushKeys(app: AppRow): PushKeys {
    const { secrets } = this.#runtime;
    const sealedKey = app.aes_key_sealed;
    return {
      appId: app.app_id,
      token: secrets.open(app.push_token_sealed, `connect_app:${app.id}:push_token`),
      encodingAesKey: sealedKey === null ? undefined : secrets.open(sealedKey, `connect_app:${app.id}:aes_key`),
      mode: app.mode,
    };
  }

  #seal(id: string, field: string, text: string): string {
    return this.#runtime.secrets.seal(text, `connect_app:${id}:${field}`);
  }

  #view(row: AppRow, lastPushAt: Date | null): AppView {
    return {
      id: row.id,
      name: row.name,
      appId: row.app_id,
      mode: row.mode,
      callbackUrl: `${this.#runtime.env.PUBLIC_URL}/api/wechat/callback/${row.id}`,
      disabled: row.disabled,
      verifiedAt: row.verified_at,
      lastPushAt,
      createdAt: row.created_at,
    };
  }
}
