import { randomBytes } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { firstIdAt } from "@zhanggui/kit/server/queue/event-log";
import { listOf } from "@zhanggui/kit/server/list";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { those } from "@zhanggui/kit/server/search";
import { type Access, CarrierError, type Credentials, type SmsProvider } from "@zhanggui/sms/provider";
import { providers } from "@zhanggui/sms/providers";
import type { Selectable } from "kysely";
import { accountRefused, accountTaken, secretShape } from "./faults.contract.ts";
import { sms } from "./sms.contract.ts";
import { accountSecret } from "./sms.sealed.ts";
import type { SmsTables } from "./sms.tables.ts";

export type AccountRow = Selectable<SmsTables["sms_account"]>;
type View = Out<typeof sms.createAccount>;
const dayMs = 86_400_000;
const checkMs = 10_000;

/** Accounts at carriers: what their calls are signed with, and how they do. */
@Injectable()
export class Accounts {
  constructor(private readonly runtime: Runtime) {}

  list(ctx: Ctx, query: Flat<typeof sms.listAccounts>): Promise<Out<typeof sms.listAccounts>> {
    const rows = ctx.db.selectFrom("sms_account").selectAll().where("deletedAt", "is", null);
    return listOf(ctx, sms.listAccounts, query, rows, {
      // A business has a handful.
      search: async (part) => {
        const all = await rows.execute();
        return those(all.filter(({ name }) => name.toLowerCase().includes(part.toLowerCase())).map(({ id }) => id));
      },
      present: (some) => this.#present(ctx, some),
    });
  }

  /** @throws Fault `sms.account_refused` if the carrier doesn't accept the key, `sms.secret_shape`, `sms.account_taken` */
  async create(ctx: Ctx, given: Flat<typeof sms.createAccount>): Promise<View> {
    const { secret, keyId, sdkAppId = "", provider, ...rest } = given;
    await this.#check(ctx, providerOf(provider), { keyId, secret, sdkAppId });
    const id = newId(ctx.now());
    const named = { provider, keyId, sdkAppId: sdkAppId || null };
    await ctx.tx(async (ctx) => {
      await ctx.lock("sms.account", keyId);
      await this.#assertFree(ctx, named);
      await ctx.db
        .insertInto("sms_account")
        .values({
          ...rest,
          ...named,
          id,
          secretSealed: this.runtime.secrets.seal(secret, accountSecret.context({ id })),
          callbackKey: randomBytes(24).toString("base64url"),
        })
        .execute();
    });
    return this.#get(ctx, id);
  }

  /** @throws Fault `kit.not_found`, `sms.account_refused` */
  async update(ctx: Ctx, { accountId: id, ...change }: Flat<typeof sms.updateAccount>): Promise<View> {
    const before = await this.row(ctx, id);
    const { secret, ...plain } = change;
    const keys = { keyId: plain.keyId ?? before.keyId, sdkAppId: before.sdkAppId ?? "" };
    const isKeyed = secret !== undefined || plain.keyId !== undefined;
    if (plain.keyId !== undefined && plain.keyId !== before.keyId)
      await this.#assertFree(ctx, { ...before, keyId: plain.keyId });
    if (isKeyed)
      await this.#check(ctx, providerOf(before.provider), { ...keys, secret: secret ?? this.#secret(before) });
    // Whoever mends an account wants it tried at once.
    const anew = isKeyed || plain.enabled === true ? { failures: 0, brokenUntil: null, zh: null, en: null } : {};
    const sealed =
      secret === undefined ? {} : { secretSealed: this.runtime.secrets.seal(secret, accountSecret.context({ id })) };
    const set = { ...plain, ...anew, ...sealed };
    if (Object.values(set).some((value) => value !== undefined))
      await ctx.db.updateTable("sms_account").set(set).where("id", "=", id).where("deletedAt", "is", null).execute();
    return this.#get(ctx, id);
  }

  /** Its row stays: what it sent names it. */
  async delete(ctx: Ctx, { accountId: id }: Flat<typeof sms.deleteAccount>): Promise<Record<string, never>> {
    await ctx.tx(async (ctx) => {
      await ctx.db
        .updateTable("sms_account")
        .set({
          deletedAt: ctx.now(),
          enabled: false,
          secretSealed: this.runtime.secrets.seal("", accountSecret.context({ id })),
        })
        .where("id", "=", id)
        .where("deletedAt", "is", null)
        .returning("id")
        .executeTakeFirstOrThrow(() => notFound());
      await ctx.db.deleteFrom("sms_binding").where("accountId", "=", id).execute();
    });
    return {};
  }

  async row(ctx: Ctx, id: string): Promise<AccountRow> {
    return ctx.db
      .selectFrom("sms_account")
      .selectAll()
      .where("id", "=", id)
      .where("deletedAt", "is", null)
      .executeTakeFirstOrThrow(() => notFound());
  }

  /** What a call needs, for so long. */
  access(ctx: Ctx, row: AccountRow, timeoutMs: number): { provider: SmsProvider; access: Access } {
    const provider = providerOf(row.provider);
    const credentials = { keyId: row.keyId, secret: this.#secret(row), sdkAppId: row.sdkAppId ?? "" };
    return { provider, access: this.#access(ctx, provider, credentials, timeoutMs) };
  }

  /** What is to be entered at the carrier's. @throws Fault `kit.not_found` */
  async callback(ctx: Ctx, { accountId }: Flat<typeof sms.getCallback>): Promise<Out<typeof sms.getCallback>> {
    const { id, callbackKey: key } = await this.row(ctx, accountId);
    return { url: `${this.runtime.env.PUBLIC_URL}/api/sms/callback/${ctx.tenantId}/${id}?key=${key}` };
  }

  /** Two of one account would take each other's receipts: each is told once. */
  async #assertFree(
    ctx: Ctx,
    { provider, keyId, sdkAppId }: Pick<AccountRow, "provider" | "keyId" | "sdkAppId">,
  ): Promise<void> {
    const same = await ctx.db
      .selectFrom("sms_account")
      .select("name")
      .where("provider", "=", provider)
      .where("keyId", "=", keyId)
      .where("sdkAppId", "is not distinct from", sdkAppId)
      .where("deletedAt", "is", null)
      .executeTakeFirst();
    if (same !== undefined) throw accountTaken({ name: same.name, errors: [{ field: "keyId" }] });
  }

  #access(ctx: Ctx, provider: SmsProvider, credentials: Credentials, timeoutMs: number): Access {
    const { SMS_API_URL: stand, EMAY_URL: emay } = this.runtime.env;
    const own = provider.name === "emay" ? (emay ?? provider.url) : provider.url;
    return {
      url: stand === undefined ? own : `${stand}/`,
      credentials,
      now: () => ctx.now(),
      signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(timeoutMs)]),
    };
  }

  #secret({ id, secretSealed }: Pick<AccountRow, "id" | "secretSealed">): string {
    return this.runtime.secrets.open(secretSealed, accountSecret.context({ id }));
  }

  /** What can't be asked now is believed: its first text proves it. */
  async #check(ctx: Ctx, provider: SmsProvider, credentials: Credentials): Promise<void> {
    const at = (field: string, reason: string) => accountRefused({ reason, errors: [{ field }] });
    if (provider.secret?.test(credentials.secret) === false) throw secretShape({ errors: [{ field: "secret" }] });
    try {
      await provider.check(this.#access(ctx, provider, credentials, checkMs));
    } catch (error) {
      if (!(error instanceof CarrierError)) return;
      // Busy says nothing of the key; neither does a right that only checking needs.
      if (error.why === "account") throw at("secret", error.message);
    }
  }

  async #get(ctx: Ctx, id: string): Promise<View> {
    const [view] = await this.#present(ctx, [await this.row(ctx, id)]);
    if (view === undefined) throw notFound();
    return view;
  }

  async #present(ctx: Ctx, rows: readonly AccountRow[]): Promise<View[]> {
    const now = ctx.now();
    const since = new Date(now.getTime() - dayMs);
    const counts = await ctx.db
      .selectFrom("sms_attempt")
      .select(({ fn }) => [
        "accountId",
        fn.countAll<number>().as("sent"),
        fn.countAll<number>().filterWhere("state", "=", "delivered").as("delivered"),
      ])
      .where("accountId", "in", [...rows.map(({ id }) => id), noId])
      .where("id", ">=", firstIdAt(since))
      .where("state", "in", ["accepted", "delivered", "undelivered", "no_receipt"])
      .groupBy("accountId")
      .execute();
    const byId = new Map(counts.map((each) => [each.accountId, each]));
    return rows.map((row) => {
      const isBroken = row.brokenUntil !== null;
      return {
        ...row,
        state: row.enabled ? (isBroken ? ("broken" as const) : ("well" as const)) : ("off" as const),
        reason: isBroken && row.zh !== null && row.en !== null ? { zh: row.zh, en: row.en } : null,
        sent: Number(byId.get(row.id)?.sent ?? 0),
        delivered: Number(byId.get(row.id)?.delivered ?? 0),
      };
    });
  }
}

/** An empty list is no SQL. */
const noId = "00000000-0000-0000-0000-000000000000";

export function providerOf(name: string): SmsProvider {
  const provider = providers.find((each) => each.name === name);
  if (provider === undefined) throw new Error(`there is no carrier ${name}`);
  return provider;
}
