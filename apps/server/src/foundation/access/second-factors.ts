import { createHash, randomBytes } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { conflict } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { access } from "./access.contract.ts";
import { AccessService } from "./access.service.ts";
import { factorSecret } from "./access.sealed.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { endSessions } from "./internal/end-sessions.ts";
import type { Device } from "./session-tokens.ts";
import { base32, fromBase32, stepOfCode } from "./internal/totp.ts";
import { ownFactor } from "./second-factor.contract.ts";
import { wrongCode, codeNeeded, lockedOut } from "./sign-in.contract.ts";
import { sessionOf } from "./session-actor.ts";
import { Sessions } from "./sessions.ts";
import { Tenants } from "./tenants.ts";

/** RFC 4226 §4: 160 bits are recommended. */
const secretBytes = 20;
const recoveryCodes = 10;
const recoveryBytes = 10;
/** A secret that is asked for again soon is the same: the answer may have been lost. */
const sameSecretMs = 10 * 60_000;

/** What somebody signs in with besides their password: an authenticator app, and codes on paper for when it is lost. */
@Injectable()
export class SecondFactors {
  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
    private readonly accounts: AccessService,
    private readonly sessions: Sessions,
    private readonly attempts: LoginAttempts,
  ) {}

  async get(ctx: Ctx): Promise<Out<typeof access.getSecondFactor>> {
    const factor = await factorOf(ctx, ctx.actor.id);
    if (!isOn(factor)) return { isOn: false, recoveryCodesLeft: 0 };
    const codes = ctx.db.selectFrom("access_recovery_code").select("codeHash").where("accountId", "=", ctx.actor.id);
    return { isOn: true, recoveryCodesLeft: (await codes.execute()).length };
  }

  /** @throws Fault `access.wrong_credentials`, `access.locked_out`; `kit.conflict` for an account that has one */
  async begin(
    ctx: Ctx,
    { password }: Flat<typeof access.beginSecondFactor>,
  ): Promise<Out<typeof access.beginSecondFactor>> {
    const { id, login } = await this.sessions.demandOwnPassword(ctx, password);
    const { name } = await this.tenants.get(ctx.tenantId);
    const secret = await ctx.tx(async (ctx) => {
      await ctx.lock("access.second_factor", id);
      const known = await factorOf(ctx, id);
      if (isOn(known)) throw conflict();
      if (known !== undefined && ctx.now().getTime() - known.createdAt.getTime() < sameSecretMs)
        return this.#open(known);
      const made = base32(randomBytes(secretBytes));
      const values = { secretSealed: this.#seal(id, made), createdAt: ctx.now() };
      await ctx.db
        .insertInto("access_second_factor")
        .values({ accountId: id, ...values })
        .onConflict((on) => on.columns(["tenantId", "accountId"]).doUpdateSet(values))
        .execute();
      return made;
    });
    const label = [name, login].map(encodeURIComponent).join(":");
    return { secret, uri: `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(name)}` };
  }

  /**
   * Other sessions began with a password alone: they end.
   *
   * @throws Fault `access.wrong_code`; `kit.conflict` where nothing waits for it
   */
  confirm(ctx: Ctx, given: Flat<typeof access.confirmSecondFactor>): Promise<Out<typeof access.confirmSecondFactor>> {
    return this.#withCode(ctx, given, "asked", async (ctx, accountId) => {
      const confirmed = ctx.db.updateTable("access_second_factor").set({ confirmedAt: ctx.now() });
      await confirmed.where("accountId", "=", accountId).execute();
      await endSessions(ctx, "second_factor_on", { accountId, except: sessionOf(ctx).sessionId });
      return { recoveryCodes: await newRecoveryCodes(ctx, accountId) };
    });
  }

  /** @throws Fault `access.wrong_code`; `kit.conflict` where there is none */
  renewCodes(ctx: Ctx, given: Flat<typeof access.renewRecoveryCodes>): Promise<Out<typeof access.renewRecoveryCodes>> {
    return this.#withCode(ctx, given, "on", async (ctx, accountId) => {
      await ctx.db.deleteFrom("access_recovery_code").where("accountId", "=", accountId).execute();
      return { recoveryCodes: await newRecoveryCodes(ctx, accountId) };
    });
  }

  /** @throws Fault `access.wrong_code`; `kit.conflict` where there is none */
  async end(ctx: Ctx, given: Flat<typeof access.endSecondFactor>): Promise<void> {
    await this.#withCode(ctx, given, "on", (ctx, accountId) => drop(ctx, accountId));
  }

  /** @throws Fault `access.own_factor`, `access.beyond_own_rights`, `kit.not_found` */
  async reset(ctx: Ctx, { accountId }: Flat<typeof access.resetSecondFactor>): Promise<void> {
    if (accountId === ctx.actor.id) throw ownFactor();
    await ctx.tx(async (ctx) => {
      await this.accounts.demandMayChange(ctx, accountId);
      await drop(ctx, accountId);
    });
  }

  /** Those of some accounts, of whatever tenants, that a password alone doesn't open. */
  async among(accounts: readonly { readonly tenantId: string; readonly id: string }[]): Promise<ReadonlySet<string>> {
    const found = await Promise.all(
      accounts.map(async ({ tenantId, id }) => ({ id, factor: await factorOf(this.runtime.ctx(tenantId), id) })),
    );
    return new Set(found.flatMap(({ id, factor }) => (isOn(factor) ? [id] : [])));
  }

  /**
   * Lets through whoever has the code, and accounts that have no second factor. Called when the password was right. A
   * wrong code is counted by account and source, apart from passwords: a stranger with the password uses up the tries
   * of whoever is known by their device no more than without.
   *
   * @param ctx of the account's tenant
   * @throws Fault `access.code_needed`, `access.wrong_code`, `access.locked_out`, `access.place_locked_out`
   */
  async demand(
    ctx: Ctx,
    accountId: string,
    { code, source, device }: { code: string | undefined; source: string; device: Device | undefined },
  ): Promise<void> {
    const factor = await factorOf(ctx, accountId);
    if (!isOn(factor)) return;
    if (code === undefined) throw codeNeeded();
    const subject = codesOf(accountId);
    if (device?.accountId === accountId) return this.#counted(ctx, accountId, code, `device ${device.deviceId}`);
    const asked = { login: subject, tenantId: undefined };
    await this.attempts.admit(asked, [], source);
    if (!(await ctx.tx((ctx) => this.#take(ctx, accountId, code)))) throw wrongCode({ errors: [{ field: "code" }] });
    await this.attempts.forgive(asked, [], source);
  }

  /** One's own, in a session that has begun. */
  async #withCode<Result>(
    ctx: Ctx,
    { code }: { readonly code: string },
    state: "asked" | "on",
    then: (ctx: TxCtx, accountId: string) => Promise<Result>,
  ): Promise<Result> {
    const { id } = ctx.actor;
    const factor = await factorOf(ctx, id);
    if (factor === undefined || (factor.confirmedAt === null) !== (state === "asked")) throw conflict();
    await this.#counted(ctx, id, code, "own session");
    return ctx.tx(async (ctx) => {
      await ctx.lock("access.second_factor", id);
      // Of several at once, each with a code of its own, one does it; and not to a factor that came in its place.
      const held = await factorOf(ctx, id);
      if (held?.secretSealed !== factor.secretSealed || isOn(held) !== (state === "on")) throw conflict();
      return then(ctx, id);
    });
  }

  /** @throws Fault `access.locked_out`, `access.wrong_code` */
  async #counted(ctx: Ctx, accountId: string, code: string, source: string): Promise<void> {
    const subject = codesOf(accountId);
    const seconds = await this.attempts.waitOfKnown(subject, source);
    if (seconds > 0) throw lockedOut({ seconds });
    if (!(await ctx.tx((ctx) => this.#take(ctx, accountId, code)))) throw wrongCode({ errors: [{ field: "code" }] });
    await this.attempts.forgiveKnown(subject, source);
  }

  /** Whether it is right, and wasn't taken before: of two who bring the same code at once one gets in. */
  async #take(ctx: TxCtx, accountId: string, code: string): Promise<boolean> {
    const typed = code.replace(/[\s-]/g, "").toUpperCase();
    const factor = await factorOf(ctx, accountId);
    if (factor === undefined) return false;
    if (!/^\d{6}$/.test(typed)) {
      const codes = ctx.db.deleteFrom("access_recovery_code").where("accountId", "=", accountId);
      const { numDeletedRows } = await codes.where("codeHash", "=", hashOf(typed)).executeTakeFirst();
      return numDeletedRows > 0n;
    }
    const step = stepOfCode(fromBase32(this.#open(factor)), typed, ctx.now());
    if (step === undefined) return false;
    const { numUpdatedRows } = await ctx.db
      .updateTable("access_second_factor")
      .set({ lastStep: step })
      .where("accountId", "=", accountId)
      .where((eb) => eb.or([eb("lastStep", "is", null), eb("lastStep", "<", step)]))
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  #seal(accountId: string, secret: string): string {
    return this.runtime.secrets.seal(secret, factorSecret.context({ account_id: accountId }));
  }

  #open({ accountId, secretSealed }: { readonly accountId: string; readonly secretSealed: string }): string {
    return this.runtime.secrets.open(secretSealed, factorSecret.context({ account_id: accountId }));
  }
}

const codesOf = (accountId: string): string => `codes of ${accountId}`;
const hashOf = (code: string): string => createHash("sha256").update(code).digest("hex");

function factorOf(ctx: Ctx, accountId: string) {
  return ctx.db.selectFrom("access_second_factor").selectAll().where("accountId", "=", accountId).executeTakeFirst();
}

/** One that waits for its first code asks for nothing. */
function isOn(factor: { readonly confirmedAt: Date | null } | undefined): boolean {
  return factor !== undefined && factor.confirmedAt !== null;
}

async function drop(ctx: TxCtx, accountId: string): Promise<void> {
  await ctx.db.deleteFrom("access_second_factor").where("accountId", "=", accountId).execute();
}

/** @returns them as people write them down: `ABCD-EFGH-…` */
async function newRecoveryCodes(ctx: TxCtx, accountId: string): Promise<string[]> {
  const codes = Array.from({ length: recoveryCodes }, () => base32(randomBytes(recoveryBytes)));
  const rows = codes.map((code) => ({ accountId, codeHash: hashOf(code) }));
  await ctx.db.insertInto("access_recovery_code").values(rows).execute();
  return codes.map((code) => (code.match(/.{4}/g) ?? []).join("-"));
}
