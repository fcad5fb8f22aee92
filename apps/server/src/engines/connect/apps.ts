import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { Id, newId } from "@zhanggui/kit/contract/ids";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { PlanLimits } from "@zhanggui/kit/server/plan-limits";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { SealedColumn } from "@zhanggui/kit/server/sealed-column";
import type { Named } from "@zhanggui/kit/contract/named";
import { searchFew } from "@zhanggui/kit/server/search";
import { explainErrcode } from "@zhanggui/wechat/errcodes";
import type { PushKeys } from "@zhanggui/wechat/push";
import { type Selectable, sql, type Updateable } from "kysely";
import { aesKeyMissing, appTaken, connect, secretRefused } from "./connect.contract.ts";
import { appBound } from "./connect.events.ts";
import { appsLimit } from "./connect.limits.ts";
import type { AppCredentials } from "./app.contract.ts";
import { aesKey as aesKeyColumn, appSecret as secretColumn, pushToken as tokenColumn } from "./connect.sealed.ts";
import type { ConnectTables } from "./connect.tables.ts";
import { Proofs } from "./internal/proofs.ts";
import { forgetTokens } from "./internal/token-store.ts";

export type AppRow = Selectable<ConnectTables["connect_app"]>;
export type AppView = Out<typeof connect.bindApp>;

/** What is bound to an app depends on. */
export interface AppState {
  readonly name: string;
  readonly kind: AppRow["kind"];
  readonly enabled: boolean;
  readonly isBound: boolean;
}

/** The bound apps and their secrets. */
@Injectable()
export class Apps {
  constructor(
    private readonly runtime: Runtime,
    private readonly proofs: Proofs,
    private readonly limits: PlanLimits,
  ) {}

  list(ctx: Ctx, query: Flat<typeof connect.listApps>): Promise<Out<typeof connect.listApps>> {
    return listOf(ctx, connect.listApps, query, this.#shown(ctx), {
      search: (part) => searchFew(ctx, "connect_app", ["name", "appId"], part),
      present: (rows) => rows.map((row) => this.#view(row)),
    });
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, id: string): Promise<AppView> {
    const row = await this.#shown(ctx).where("connect_app.id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound();
    return this.#view(row);
  }

  /** All by their ids, those that were unbound too: what they once sent still names them. */
  async states(ctx: Ctx): Promise<ReadonlyMap<string, AppState>> {
    const rows = await ctx.db
      .selectFrom("connect_app")
      .select(["id", "name", "kind", "disabled", "unboundAt"])
      .execute();
    return new Map(
      rows.map(({ id, name, kind, disabled, unboundAt }) => [
        id,
        { name, kind, enabled: !disabled, isBound: unboundAt === null },
      ]),
    );
  }

  /** Rows of another engine, each with its app's present name. */
  async namedIn<Row extends { readonly wechatAppId: string }>(
    ctx: Ctx,
    rows: readonly Row[],
  ): Promise<(Row & { readonly app: Named })[]> {
    const states = await this.states(ctx);
    return rows.map((row) => ({
      ...row,
      app: { id: row.wechatAppId, name: states.get(row.wechatAppId)?.name ?? "" },
    }));
  }

  async namedOne<Row extends { readonly wechatAppId: string }>(
    ctx: Ctx,
    row: Row,
  ): Promise<Row & { readonly app: Named }> {
    const name = (await this.states(ctx)).get(row.wechatAppId)?.name ?? "";
    return { ...row, app: { id: row.wechatAppId, name } };
  }

  /** Those that are bound, by their names: for whatever can be set for one of them. */
  async named(
    ctx: Ctx,
    { search, limit }: { readonly search: string; readonly limit: number },
  ): Promise<{ id: string; name: string }[]> {
    // A tenant has a handful.
    const rows = await ctx.db
      .selectFrom("connect_app")
      .select(["id", "name"])
      .where("unboundAt", "is", null)
      .orderBy("name")
      .orderBy("id")
      .execute();
    const wanted = search.toLowerCase();
    return rows.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, limit);
  }

  /** Those that are bound: what the plan limits. */
  async count(ctx: Ctx): Promise<number> {
    const [row] = await ctx.sql<{ count: number }>`SELECT count(*) FROM connect_app WHERE unbound_at IS NULL`;
    return row?.count ?? 0;
  }

  /** What those are called. */
  async names(ctx: Ctx): Promise<string[]> {
    return (await this.named(ctx, { search: "", limit: 100 })).map(({ name }) => name);
  }

  /** Whether it is one that is bound. */
  async has(ctx: Ctx, id: string): Promise<boolean> {
    if (!Id.safeParse(id).success) return false;
    const rows = ctx.db.selectFrom("connect_app").select("id").where("id", "=", id).where("unboundAt", "is", null);
    return (await rows.executeTakeFirst()) !== undefined;
  }

  /** Whether it is still bound or not: what came in by it needs its name. @throws Fault `kit.not_found` */
  async row(ctx: Ctx, id: string): Promise<AppRow> {
    const row = await ctx.db.selectFrom("connect_app").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
  }

  /** One that is bound. @throws Fault `kit.not_found` */
  async bound(ctx: Ctx, id: string): Promise<AppRow> {
    const row = await this.row(ctx, id);
    if (row.unboundAt !== null) throw notFound();
    return row;
  }

  /**
   * Binds the app if WeChat accepts its secret, or can't be asked now: then the first token proves it. One that was
   * unbound goes on where it stood, with its people and channels.
   *
   * @throws Fault `connect.secret_refused`, `connect.app_taken` if this tenant has it, `connect.bound_elsewhere`,
   *   `connect.aes_key_missing`, `kit.limit_reached`
   */
  async bind(ctx: Ctx, app: Flat<typeof connect.bindApp>): Promise<AppView> {
    if (app.mode !== "plain" && app.encodingAesKey === undefined) throw aesKeyMissing();
    const known = await ctx.db
      .selectFrom("connect_app")
      .select(["id", "unboundAt"])
      .where("appId", "=", app.appId)
      .executeTakeFirst();
    const taken = () => appTaken({ appId: app.appId, errors: [{ field: "appId" }] });
    if (known !== undefined && known.unboundAt === null) throw taken();
    const id = known?.id ?? newId(ctx.now());
    const values = {
      name: app.name,
      kind: app.kind,
      mode: app.mode,
      secretSealed: this.#seal(secretColumn, id, app.appSecret),
      pushTokenSealed: this.#seal(tokenColumn, id, app.pushToken),
      aesKeySealed: app.encodingAesKey === undefined ? null : this.#seal(aesKeyColumn, id, app.encodingAesKey),
      provenAt: await this.#proof(ctx, app),
      disabled: false,
      unboundAt: null,
      verifiedAt: null,
    };
    const write = async (ctx: TxCtx): Promise<void> => {
      await this.limits.demand(ctx, appsLimit);
      const written = await ctx.db
        .insertInto("connect_app")
        .values({ id, appId: app.appId, ...values })
        .onConflict((on) =>
          on
            .columns(["tenantId", "appId"])
            .doUpdateSet(values)
            .where("connect_app.unboundAt", "is not", null)
            .where("connect_app.id", "=", id),
        )
        .returning("id")
        .executeTakeFirstOrThrow(taken);
      await ctx.emit(appBound, {
        wechatAppId: written.id,
        kind: app.kind,
        name: app.name,
        boundAt: ctx.now().toISOString(),
      });
    };
    await this.proofs.claim(app.appId, () => ctx.tx(write));
    return this.get(ctx, id);
  }

  /**
   * Changes what is given and nothing else, so that two people who change different things don't undo each other. A
   * secret that is left out stays as it is; a new one has to be proven; with a new token, key or mode WeChat has to
   * check the callback again.
   *
   * @throws Fault `connect.secret_refused`, `connect.bound_elsewhere`, `connect.aes_key_missing`, `kit.not_found`
   */
  async update(ctx: Ctx, { wechatAppId: id, ...change }: Flat<typeof connect.updateApp>): Promise<AppView> {
    const { name, mode, enabled, appSecret, pushToken, encodingAesKey } = change;
    const disabled = enabled === undefined ? undefined : !enabled;
    const { appId } = await this.bound(ctx, id);
    const provenAt = appSecret === undefined ? undefined : await this.#proof(ctx, { appId, appSecret });
    const write = async (ctx: TxCtx): Promise<void> => {
      const before = await ctx.db
        .selectFrom("connect_app")
        .selectAll()
        .where("id", "=", id)
        .where("unboundAt", "is", null)
        .forUpdate()
        .executeTakeFirstOrThrow(() => notFound());
      const row: Updateable<ConnectTables["connect_app"]> = { name, mode, disabled, provenAt };
      if (appSecret !== undefined) {
        row.secretSealed = this.#seal(secretColumn, before.id, appSecret);
        // It was given for another secret.
        await forgetTokens(ctx, id);
      }
      if (pushToken !== undefined) row.pushTokenSealed = this.#seal(tokenColumn, before.id, pushToken);
      if (encodingAesKey !== undefined) row.aesKeySealed = this.#seal(aesKeyColumn, before.id, encodingAesKey);
      const { mode: modeAfter = before.mode, aesKeySealed: keyAfter = before.aesKeySealed } = row;
      if (modeAfter !== "plain" && keyAfter === null) throw aesKeyMissing();
      if (pushToken !== undefined || encodingAesKey !== undefined || modeAfter !== before.mode) row.verifiedAt = null;
      if (Object.values(row).some((value) => value !== undefined))
        await ctx.db.updateTable("connect_app").set(row).where("id", "=", id).execute();
    };
    await this.proofs.claim(appId, () => ctx.tx(write));
    return this.get(ctx, id);
  }

  /** Forgets its secrets. Its row stays: whoever came in by it and what was sent still name it. */
  async unbind(ctx: Ctx, { wechatAppId: id }: Flat<typeof connect.unbindApp>): Promise<void> {
    await ctx.tx(async (ctx) => {
      await ctx.db
        .updateTable("connect_app")
        .set({
          unboundAt: ctx.now(),
          disabled: true,
          provenAt: null,
          verifiedAt: null,
          secretSealed: this.#seal(secretColumn, id, ""),
          pushTokenSealed: this.#seal(tokenColumn, id, ""),
          aesKeySealed: null,
        })
        .where("id", "=", id)
        .where("unboundAt", "is", null)
        .returning("id")
        .executeTakeFirstOrThrow(() => notFound());
      await forgetTokens(ctx, id);
    });
  }

  /** A token that WeChat gave proves the secret it was given for. @throws Fault `connect.bound_elsewhere` */
  async proven(ctx: Ctx, { id, appId, secretSealed }: AppRow): Promise<void> {
    await this.proofs.claim(appId, () =>
      ctx.db
        .updateTable("connect_app")
        .set({ provenAt: ctx.now() })
        .where("id", "=", id)
        .where("secretSealed", "=", secretSealed)
        .where("provenAt", "is", null)
        .execute(),
    );
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

  /** @throws Fault `connect.secret_refused` */
  async #proof(ctx: Ctx, credentials: AppCredentials): Promise<Date | null> {
    const { outcome, errcode } = await this.proofs.check(credentials);
    if (outcome === "proven") return ctx.now();
    if (outcome === "unknown" || errcode === undefined) return null;
    const { zh, en } = explainErrcode(errcode);
    throw secretRefused({ errcode, explanationZh: zh, explanationEn: en, errors: [{ field: "appSecret" }] });
  }

  #seal(column: SealedColumn<"id">, id: string, text: string): string {
    return this.runtime.secrets.seal(text, column.context({ id: id.toLowerCase() }));
  }

  /** Those that are bound, with what lists show of them. */
  #shown(ctx: Ctx) {
    const state = sql<AppView["state"]>`CASE WHEN disabled THEN 'off' WHEN proven_at IS NULL THEN 'unproven'
      WHEN verified_at IS NULL THEN 'unverified' ELSE 'verified' END`;
    return ctx.db
      .selectFrom("connect_app")
      .selectAll("connect_app")
      .select([sql<boolean>`NOT disabled`.as("enabled"), state.as("state")])
      .select((eb) => [
        eb
          .selectFrom("connect_inbound")
          .whereRef("connect_inbound.wechatAppId", "=", "connect_app.id")
          .select("connect_inbound.receivedAt")
          .orderBy("connect_inbound.id", "desc")
          .limit(1)
          .as("lastPushAt"),
        eb
          .selectFrom("connect_channel")
          .whereRef("connect_channel.wechatAppId", "=", "connect_app.id")
          .select(({ fn }) => fn.countAll<number>().as("channels"))
          .$asScalar()
          .as("channels"),
      ])
      .where("connect_app.unboundAt", "is", null);
  }

  #view<Row extends AppRow>(row: Row): Row & { callbackUrl: string } {
    return { ...row, callbackUrl: callbackUrl(this.runtime, row.id) };
  }
}

/** What is entered at WeChat as an app's server address. */
export function callbackUrl({ env }: Runtime, wechatAppId: string): string {
  return `${env.PUBLIC_URL}/api/wechat/callback/${wechatAppId}`;
}
