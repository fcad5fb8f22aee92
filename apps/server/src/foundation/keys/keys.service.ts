import { Injectable } from "@nestjs/common";
import { businessDay } from "@zhanggui/kit/contract/business-day";
import { addDays } from "@zhanggui/kit/contract/day";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { searchIn } from "@zhanggui/kit/server/search";
import { sql } from "kysely";
import { AccessService } from "../access/access.service.ts";
import { Rights } from "../access/rights.ts";
import { Tenants } from "../access/tenants.ts";
import { hashToken, hintOf, newToken } from "./internal/token.ts";
import { expiryPast, keys, keysWrite, nameTaken } from "./keys.contract.ts";

type KeyView = Out<typeof keys.update>;
const hourMs = 3_600_000;
/** Enough for a program that synchronises, little for one that has run wild. */
const usualPerMinute = 600;

/** API keys: what they are. How calls are made with them stands in `callers.ts`. */
@Injectable()
export class KeysService {
  constructor(
    private readonly accounts: AccessService,
    private readonly rights: Rights,
    private readonly tenants: Tenants,
  ) {}

  async list(ctx: Ctx, query: Flat<typeof keys.list>): Promise<Out<typeof keys.list>> {
    return listOf(ctx, keys.list, query, keyRows(ctx, await this.#today(ctx)), {
      search: (part) => searchIn(ctx, "keys_key", "name", part),
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /**
   * A key may do no more than whoever makes it; what they lose later, it keeps.
   *
   * @throws Fault `keys.name_taken`, `keys.expiry_past`, `access.unknown_permission`, `access.beyond_own_rights`
   */
  async create(ctx: Ctx, given: Flat<typeof keys.create>): Promise<Out<typeof keys.create>> {
    const { effects = ["read"], networks = [], perMinute = usualPerMinute, ...fields } = valuesOf(given, ctx.now());
    const id = newId(ctx.now());
    const token = newToken(ctx.tenantId, id);
    await ctx.tx(
      async (ctx) => {
        await this.#demandMay(ctx, given.permissions);
        await ctx.db
          .insertInto("keys_key")
          .values({ ...fields, id, effects, networks, perMinute, ...secretOf(token), createdBy: ctx.actor.id })
          .execute();
      },
      { onUnique: nameTaken({ name: given.name, errors: [{ field: "name" }] }) },
    );
    return { ...(await this.#one(ctx, id)), token };
  }

  /** @throws Fault `kit.not_found` and those of `create`; also for a key that may already do more than its changer */
  async update(ctx: Ctx, { keyId, ...given }: Flat<typeof keys.update>): Promise<KeyView> {
    const fields = valuesOf(given, ctx.now());
    await ctx.tx(
      async (ctx) => {
        await this.#demandMay(ctx, given.permissions, keyId);
        if (Object.values(fields).some((value) => value !== undefined))
          await ctx.db.updateTable("keys_key").set(fields).where("id", "=", keyId).execute();
      },
      { onUnique: nameTaken({ name: fields.name, errors: [{ field: "name" }] }) },
    );
    return this.#one(ctx, keyId);
  }

  /** @throws Fault `kit.not_found`, `access.beyond_own_rights` */
  async rotate(ctx: Ctx, { keyId, formerHours }: Flat<typeof keys.rotate>): Promise<Out<typeof keys.rotate>> {
    const token = newToken(ctx.tenantId, keyId);
    const formerUntil = formerHours === 0 ? null : new Date(ctx.now().getTime() + formerHours * hourMs);
    const former = { formerUntil, formerHash: formerUntil && sql<string>`secret_hash` };
    await ctx.tx(async (ctx) => {
      await this.#demandMay(ctx, [], keyId);
      const values = { ...former, ...secretOf(token) };
      await ctx.db.updateTable("keys_key").set(values).where("id", "=", keyId).execute();
    });
    return { ...(await this.#one(ctx, keyId)), token };
  }

  /** @throws Fault `kit.not_found`, `access.beyond_own_rights` */
  async delete(ctx: Ctx, { keyId }: Flat<typeof keys.delete>): Promise<void> {
    await ctx.tx(async (ctx) => {
      await this.#demandMay(ctx, [], keyId);
      await ctx.db.deleteFrom("keys_key").where("id", "=", keyId).execute();
    });
  }

  /** What keys are called now, by their ids. */
  async names({ db }: Ctx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await db.selectFrom("keys_key").select(["id", "name"]).where("id", "in", ids).execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** @throws Fault `kit.not_found` */
  async use(ctx: Ctx, { keyId, days }: Flat<typeof keys.use>): Promise<Out<typeof keys.use>> {
    await this.#one(ctx, keyId);
    const since = addDays(await this.#today(ctx), 1 - days);
    const rows = await ctx.sql<{ day: string; calls: number }>`
      SELECT day::text AS day, calls FROM keys_use WHERE key_id = ${keyId} AND day >= ${since} ORDER BY day`;
    return { days: rows };
  }

  /**
   * Rights are changed one after the other, a key's too: whoever loses one while they give it either gave it before, or
   * doesn't.
   */
  async #demandMay(ctx: TxCtx, permissions: readonly string[] = [], keyId?: string): Promise<void> {
    await this.rights.demandKnown(ctx, permissions);
    const grantor = await this.rights.begin(ctx, keysWrite);
    grantor.demandHeld(permissions, "permissions");
    if (keyId === undefined) return;
    const row = await ctx.db.selectFrom("keys_key").select("permissions").where("id", "=", keyId).executeTakeFirst();
    if (row === undefined) throw notFound();
    const role = { builtIn: null, permissions: row.permissions, dataScope: "all" } as const;
    grantor.demandHeld(await this.rights.grantsOf(ctx, role), "keyId");
  }

  async #one(ctx: Ctx, keyId: string): Promise<KeyView> {
    const row = await keyRows(ctx, await this.#today(ctx))
      .where("key.id", "=", keyId)
      .executeTakeFirst();
    const [shown] = row === undefined ? [] : await this.#shown(ctx, [row]);
    if (shown === undefined) throw notFound();
    return shown;
  }

  async #shown(ctx: Ctx, rows: readonly KeyRow[]): Promise<KeyView[]> {
    const names = await this.accounts.names(
      ctx,
      rows.map(({ createdBy }) => createdBy),
    );
    return rows.map((row) => ({
      ...row,
      effects: row.effects as KeyView["effects"],
      formerUntil: row.formerUntil !== null && row.formerUntil > ctx.now() ? row.formerUntil : null,
      createdByName: names.get(row.createdBy) ?? "",
    }));
  }

  async #today(ctx: Ctx): Promise<string> {
    return businessDay(ctx.now(), (await this.tenants.get(ctx.tenantId)).zone);
  }
}

type KeyRow = Awaited<ReturnType<ReturnType<typeof keyRows>["execute"]>>[number];

function keyRows(ctx: Ctx, today: string) {
  const now = ctx.now();
  const state = sql<KeyView["state"]>`CASE WHEN disabled THEN 'disabled' WHEN expires_at <= ${now} THEN 'expired'
    ELSE 'active' END`;
  const used = sql`FROM keys_use used WHERE used.key_id = key.id`;
  return ctx.db
    .selectFrom("keys_key as key")
    .selectAll("key")
    .select(state.as("state"))
    .select(sql<number>`coalesce((SELECT calls ${used} AND day = ${today}), 0)`.as("callsToday"))
    .select(sql<Date | null>`(SELECT last_at ${used} ORDER BY day DESC LIMIT 1)`.as("lastUsedAt"));
}

/** @throws Fault `keys.expiry_past`: it would open for ever, or never, what it was to open for a while */
function valuesOf<Given extends { readonly expiresAt?: string | null | undefined }>(
  { expiresAt: until, ...given }: Given,
  now: Date,
) {
  const expiresAt = typeof until === "string" ? new Date(until) : until;
  if (expiresAt && expiresAt <= now) throw expiryPast({ errors: [{ field: "expiresAt" }] });
  return { ...given, expiresAt };
}

function secretOf(token: string) {
  return { secretHash: hashToken(token), hint: hintOf(token) };
}
