import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { SealedColumn } from "@zhanggui/kit/server/sealed-column";
import type { PushKeys } from "@zhanggui/wechat/push";
import type { Selectable, Updateable } from "kysely";
import { aesKeyMissing, appTaken, type connect } from "./connect.contract.ts";
import { aesKey as aesKeyColumn, appSecret as secretColumn, pushToken as tokenColumn } from "./connect.sealed.ts";
import type { ConnectTables } from "./connect.tables.ts";

export type AppRow = Selectable<ConnectTables["connect_app"]>;
export type AppView = Out<typeof connect.bindApp>;

/** The bound apps and their secrets. */
@Injectable()
export class Apps {
  constructor(private readonly runtime: Runtime) {}

  async list(ctx: Ctx): Promise<AppView[]> {
    const rows = await ctx.db
      .selectFrom("connect_app")
      .selectAll("connect_app")
      .select((eb) =>
        eb
          .selectFrom("connect_inbound")
          .whereRef("connect_inbound.wechatAppId", "=", "connect_app.id")
          .select("connect_inbound.receivedAt")
          .orderBy("connect_inbound.id", "desc")
          .limit(1)
          .as("lastPushAt"),
      )
      .orderBy("connect_app.createdAt")
      .orderBy("connect_app.id")
      .execute();
    return rows.map((row) => this.#view(row));
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
  async bind(ctx: Ctx, app: Flat<typeof connect.bindApp>): Promise<AppView> {
    if (app.mode !== "plain" && app.encodingAesKey === undefined) throw aesKeyMissing();
    const id = newId(ctx.now());
    const row = await ctx.db
      .insertInto("connect_app")
      .values({
        id,
        name: app.name,
        appId: app.appId,
        mode: app.mode,
        secretSealed: this.#seal(secretColumn, id, app.appSecret),
        pushTokenSealed: this.#seal(tokenColumn, id, app.pushToken),
        aesKeySealed: app.encodingAesKey === undefined ? null : this.#seal(aesKeyColumn, id, app.encodingAesKey),
      })
      .onConflict((on) => on.doNothing())
      .returningAll()
      .executeTakeFirstOrThrow(() => appTaken({ appId: app.appId }));
    return this.#view({ ...row, lastPushAt: null });
  }

  /**
   * Changes what is given and nothing else, so that two people who change different things don't undo each other. A
   * secret that is left out stays as it is; with a new token, key or mode WeChat has to check the callback again.
   *
   * @throws Fault `connect.aes_key_missing`, `kit.not_found`
   */
  async update(ctx: Ctx, { wechatAppId: id, ...change }: Flat<typeof connect.updateApp>): Promise<AppView> {
    await ctx.tx(async (ctx) => {
      const before = await ctx.db
        .selectFrom("connect_app")
        .selectAll()
        .where("id", "=", id)
        .forUpdate()
        .executeTakeFirstOrThrow(() => notFound());
      const { name, mode, disabled, appSecret, pushToken, encodingAesKey } = change;
      const row: Updateable<ConnectTables["connect_app"]> = { name, mode, disabled };
      if (appSecret !== undefined) row.secretSealed = this.#seal(secretColumn, before.id, appSecret);
      if (pushToken !== undefined) row.pushTokenSealed = this.#seal(tokenColumn, before.id, pushToken);
      if (encodingAesKey !== undefined) row.aesKeySealed = this.#seal(aesKeyColumn, before.id, encodingAesKey);
      const { mode: modeAfter = before.mode, aesKeySealed: keyAfter = before.aesKeySealed } = row;
      if (modeAfter !== "plain" && keyAfter === null) throw aesKeyMissing();
      if (pushToken !== undefined || encodingAesKey !== undefined || modeAfter !== before.mode) row.verifiedAt = null;
      if (Object.values(row).some((value) => value !== undefined))
        await ctx.db.updateTable("connect_app").set(row).where("id", "=", id).execute();
    });
    return this.get(ctx, id);
  }

  async verified(ctx: Ctx, id: string): Promise<void> {
    await ctx.db.updateTable("connect_app").set({ verifiedAt: ctx.now() }).where("id", "=", id).execute();
  }

  secret(app: AppRow): string {
    return this.runtime.secrets.open(app.secretSealed, secretColumn.context(app));
  }

  pushKeys(app: AppRow): PushKeys {
    const { secrets } = this.runtime;
    const sealedKey = app.aesKeySealed;
    return {
      appId: app.appId,
      token: secrets.open(app.pushTokenSealed, tokenColumn.context(app)),
      encodingAesKey: sealedKey === null ? undefined : secrets.open(sealedKey, aesKeyColumn.context(app)),
      mode: app.mode,
    };
  }

  #seal(column: SealedColumn<"id">, id: string, text: string): string {
    return this.runtime.secrets.seal(text, column.context({ id }));
  }

  #view<Row extends AppRow>(row: Row): Row & { callbackUrl: string } {
    return { ...row, callbackUrl: `${this.runtime.env.PUBLIC_URL}/api/wechat/callback/${row.id}` };
  }
}
