import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import type { Flat } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Actor, Ctx } from "@zhanggui/kit/server/ctx";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { proofOfWork } from "@zhanggui/kit/server/http/proof-of-work";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { access } from "./access.contract.ts";
import { chooseTenant, providerNeeded, wrongCredentials } from "./sign-in.contract.ts";
import { CheckLimiter } from "./internal/check-limiter.ts";
import { type Asked, LoginAttempts } from "./internal/login-attempts.ts";
import { verifyDummyHash, verifyPassword } from "./internal/passwords.ts";
import { type Device, readDeviceToken } from "./session-tokens.ts";
import { SecondFactors } from "./second-factors.ts";
import { passwordRule } from "./sign-in-ways.ts";
import { peerOf, Sessions } from "./sessions.ts";
import { Tenants } from "./tenants.ts";

/**
 * A password is held against so many accounts of its login, the oldest ones, and always against as many: the time must
 * not tell in how many tenants a login exists. Whoever has more says which one they mean.
 */
const tenantsTried = 3;

interface Candidate {
  readonly tenantId: string;
  readonly id: string;
  readonly passwordHash: string;
  readonly disabled: boolean;
}
type Credentials = Flat<typeof access.login>;

/** From a login and a password to a session. */
@Injectable()
export class SignIn {
  readonly #limiter = new CheckLimiter();

  constructor(
    private readonly runtime: Runtime,
    private readonly sessions: Sessions,
    private readonly tenants: Tenants,
    private readonly attempts: LoginAttempts,
    private readonly factors: SecondFactors,
    private readonly extensions: Extensions,
  ) {}

  /**
   * @throws Fault `access.wrong_credentials`, the same for an unknown login, a disabled account and a wrong password;
   *   `access.choose_tenant` if login and password fit in several tenants; `access.code_needed` and `access.wrong_code` of
   *   an account with a second factor; `kit.proof_needed`, `access.locked_out`, `access.place_locked_out`, `kit.too_many_requests`
   */
  async login(ctx: Ctx, credentials: Credentials) {
    const { login, code } = credentials;
    await this.#demandProof(ctx, credentials);
    const [account, peers] = await this.#limiter.run({ login, source: ctx.source }, async () => {
      const account = await this.#verified(ctx, credentials);
      // Whoever names the business may have others. Looked for as long whether there are any: whoever has somebody
      // else's login in a business of their own would read it off the time.
      const others = credentials.tenantId === undefined ? [] : await this.#othersToo(ctx, credentials, account.id);
      return [account, (await this.byPasswordAlone(others)).map(peerOf)] as const;
    });
    const { tenantId, id, passwordHash } = account;
    const as = this.sessions.as(tenantId, id, ctx, access.login);
    if (!(await this.takesPassword(account))) throw providerNeeded();
    const device = await this.#device(ctx, credentials);
    await this.factors.demand(as, id, { code, source: ctx.source, device });
    return this.sessions.start(as, id, { passwordHash, peers });
  }

  /**
   * Where much has failed, each further try costs whoever makes it some computing: nothing to a person, much to a
   * machine. A device that has signed in before is asked for nothing, so that no guesser makes its owner wait.
   */
  async #demandProof(ctx: Ctx, credentials: Credentials): Promise<void> {
    const [checker] = this.extensions.of(proofOfWork);
    if (checker === undefined) return;
    const device = await this.#device(ctx, credentials);
    const { login, tenantId } = credentials;
    // Of this login: a device token for an account of one's own is worth nothing for another's.
    if (device !== undefined && (await this.#candidates(login, tenantId, device.accountId)).length > 0) return;
    await checker.value.demandAfter(await this.attempts.failuresFrom(ctx.source), credentials.proof);
  }

  /**
   * The other accounts of a login that a password opens. It is a guess like any other: counted, and refused as sign-in
   * refuses them.
   *
   * @throws Fault `access.locked_out`, `access.place_locked_out`, `kit.too_many_requests`
   */
  others(ctx: Ctx, asked: Pick<Credentials, "login" | "password">, accountId: string): Promise<Candidate[]> {
    const { login, password } = asked;
    return this.#limiter.run({ login, source: ctx.source }, async () => {
      const others = (await this.#candidates(login, undefined)).filter(({ id }) => id !== accountId);
      return this.byPasswordAlone(await this.#open(ctx, { login, tenantId: undefined }, others, password));
    });
  }

  /** Where somebody signs in with a second factor, or with a provider, a password proves nothing. */
  async byPasswordAlone<Account extends Pick<Candidate, "tenantId" | "id">>(
    accounts: readonly Account[],
  ): Promise<Account[]> {
    const withFactor = await this.factors.among(accounts);
    const open = await Promise.all(accounts.map(async (each) => ((await this.takesPassword(each)) ? [each] : [])));
    return open.flat().filter(({ id }) => !withFactor.has(id));
  }

  /** Whether an account may be signed in to by a password at all. */
  async takesPassword({ tenantId, id }: Pick<Candidate, "tenantId" | "id">): Promise<boolean> {
    const ctx = this.runtime.ctx(tenantId);
    const allowed = await Promise.all(this.extensions.of(passwordRule).map(({ value }) => value(ctx, id)));
    return allowed.every(Boolean);
  }

  async #verified(ctx: Ctx, credentials: Credentials): Promise<Candidate> {
    const device = await this.#device(ctx, credentials);
    const known = device === undefined ? undefined : await this.#known(credentials, device);
    if (known?.account !== undefined) return this.#chosen(ctx, credentials, known.account);
    try {
      return await this.#ofStranger(ctx, credentials);
    } catch (error) {
      // Who may still try doesn't hear that others, from the same place, may not.
      throw known?.isAdmitted ? wrongCredentials({}, { cause: error }) : error;
    }
  }

  async #device(ctx: Ctx, { deviceToken }: Credentials): Promise<Device | undefined> {
    if (deviceToken === undefined) return undefined;
    return readDeviceToken(deviceToken, ctx.now(), this.runtime.env.JWT_SECRETS);
  }

  /**
   * A device that has signed this account in before has a count of its own (OWASP, "device cookies"): neither a guesser
   * elsewhere nor one behind the same address can use it up.
   */
  async #known({ login, password, tenantId }: Credentials, { accountId, deviceId }: Device) {
    const [account] = await this.#candidates(login, tenantId, accountId);
    if (account === undefined) return undefined;
    const source = `device ${deviceId}`;
    if ((await this.attempts.waitOfKnown(account.id, source)) > 0) return { isAdmitted: false };
    if (!(await verifyPassword(account.passwordHash, password)) || account.disabled) return { isAdmitted: true };
    await this.attempts.forgiveKnown(account.id, source);
    return { isAdmitted: true, account };
  }

  /**
   * A device knows one account, but whoever signs in may mean another business of theirs, as from anywhere else. Of the
   * others they are a stranger: what fits there is counted as a guess.
   */
  async #chosen(ctx: Ctx, { login, password, tenantId }: Credentials, account: Candidate): Promise<Candidate> {
    if (tenantId !== undefined) return account;
    const fits = await this.#othersToo(ctx, { login, password }, account.id);
    if (fits.length > 0) throw chooseTenant({ tenants: await this.#named([account, ...fits]) });
    return account;
  }

  /** Whose password it happens to be, too, of the other accounts of a login: nobody was guessing. */
  async #othersToo(
    ctx: Ctx,
    { login, password }: Pick<Credentials, "login" | "password">,
    accountId: string,
  ): Promise<Candidate[]> {
    const others = (await this.#candidates(login, undefined)).filter(({ id }) => id !== accountId);
    const asked = { login, tenantId: undefined };
    try {
      const fits = await this.#open(ctx, asked, others, password, true);
      // It was no guess, but to the others' accounts it may have been one: on those it stays counted.
      if (fits.length === 0) await this.attempts.forgive(asked, [], ctx.source);
      return fits;
    } catch (error) {
      // What others, or they themselves, did elsewhere doesn't shut the door that is theirs. Nothing was counted, so
      // nothing is taken back: else who goes through many logins would open their place again with one of their own.
      if (error instanceof Fault) return [];
      throw error;
    }
  }

  async #ofStranger(ctx: Ctx, { login, password, tenantId }: Credentials): Promise<Candidate> {
    const candidates = await this.#candidates(login, tenantId);
    const fits = await this.#open(ctx, { login, tenantId }, candidates, password);
    const [account] = fits;
    if (account === undefined) {
      // What isn't a login may be a password that was typed into the wrong field.
      ctx.log.warn(candidates.length === 0 ? {} : { login }, "sign-in refused");
      this.#failed(ctx, candidates);
      throw wrongCredentials();
    }
    if (fits.length > 1) throw chooseTenant({ tenants: await this.#named(fits) });
    return account;
  }

  /**
   * Tells the audit logs of the accounts that somebody tried. Nobody waits for it: how long the answer takes must not
   * tell whether a login exists.
   */
  #failed(ctx: Ctx, candidates: readonly Candidate[]): void {
    const { traceId, source } = ctx;
    const actor: Actor = { kind: "visitor", id: "visitor", name: "", permissions: new Set() };
    for (const { tenantId, id } of candidates) {
      const tenant = this.runtime.ctx(tenantId, { actor, traceId, source, act: access.login.id });
      const written = auditAct(tenant, { kind: "signed_in", outcome: "failed", thing: { kind: "access_account", id } });
      written.catch((error: unknown) => ctx.log.error({ err: error }, "a failed sign-in wasn't written"));
    }
  }

  /** Those that the password opens. Each is counted as tried, and what was right is taken back. */
  async #open(
    ctx: Ctx,
    asked: Asked,
    candidates: readonly Candidate[],
    password: string,
    isAside = false,
  ): Promise<Candidate[]> {
    const ids = candidates.map(({ id }) => id);
    const open = await this.attempts.admit(asked, ids, ctx.source, isAside);
    const fits = (await fitting(candidates, password)).filter(({ id, disabled }) => open.has(id) && !disabled);
    const right = fits.map(({ id }) => id);
    if (right.length > 0) await this.attempts.forgive(asked, right, ctx.source);
    return fits;
  }

  #candidates(login: string, tenantId: string | undefined, accountId?: string): Promise<Candidate[]> {
    let query = this.runtime
      .unscopedDb()
      .selectFrom("access_account")
      .select(["tenantId", "id", "passwordHash", "disabled"])
      .where("login", "=", login);
    if (tenantId !== undefined) query = query.where("tenantId", "=", tenantId);
    if (accountId !== undefined) query = query.where("id", "=", accountId);
    return query.orderBy("createdAt").orderBy("id").limit(tenantsTried).execute();
  }

  #named(accounts: readonly Candidate[]): Promise<{ id: string; name: string }[]> {
    return Promise.all(
      accounts.map(async ({ tenantId }) => {
        const { id, name } = await this.tenants.get(tenantId);
        return { id, name };
      }),
    );
  }
}

/** Those whose password it is. Takes as long for none as for all. */
async function fitting(candidates: readonly Candidate[], password: string): Promise<Candidate[]> {
  const checks = Array.from({ length: tenantsTried }, async (_, index) => {
    const candidate = candidates[index];
    if (candidate === undefined) await verifyDummyHash(password);
    else if (await verifyPassword(candidate.passwordHash, password)) return [candidate];
    return [];
  });
  return (await Promise.all(checks)).flat();
}
