import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import type { Flat } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import * as openid from "openid-client";
import { z } from "zod";
import { lastOwner } from "../access/access.contract.ts";
import { AccessService } from "../access/access.service.ts";
import { SessionCookie } from "../access/session-cookie.ts";
import { Sessions } from "../access/sessions.ts";
import { Login, wrongCredentials } from "../access/sign-in.contract.ts";
import { identity, journeyCookie, notInvited, providerAway, signInFailed, switchedOff } from "./identity.contract.ts";
import { IdentityService } from "./identity.service.ts";
import { isAway, ProviderClient, reasonOf } from "./provider-client.ts";

type Provider = Awaited<ReturnType<IdentityService["open"]>>;

/** As long as the cookie of the contract lasts. */
const journeyMs = 600_000;
const sealedFor = "sign-in journey";

/** What has to fit when somebody comes back. */
const Journey = z.object({
  tenantId: z.uuid(),
  providerId: z.uuid(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: z.string(),
  until: z.number(),
});

const longestName = 60;
/** What a provider says of somebody (OpenID Connect Core 1.0, §5.1), as far as it says it well. */
const Claims = z.object({
  sub: z.string().min(1).max(255),
  name: oneLine(longestName).optional().catch(undefined),
});
/** An address that the provider has verified, which is to be a login. */
const Verified = z.object({
  email: Login.pipe(oneLine(100).regex(/^[^@]+@[^@]+$/)),
  email_verified: z.literal(true),
});
interface Person {
  readonly subject: string;
  /** Only one that the provider has verified. */
  readonly email: string | undefined;
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

/** By an OpenID Connect provider to a session: authorization code with PKCE (RFC 9700 §2.1.1), state and nonce. */
@Injectable()
export class ProviderSignIn {
  constructor(
    private readonly runtime: Runtime,
    private readonly identity: IdentityService,
    private readonly accounts: AccessService,
    private readonly sessions: Sessions,
    private readonly cookie: SessionCookie,
    private readonly client: ProviderClient,
  ) {}

  /** @throws Fault `kit.not_found`, `identity.provider_away` */
  async begin(visitor: Ctx, { tenantId, providerId, to = "/" }: Flat<typeof identity.begin>) {
    const provider = await this.identity.open(this.#ctxOf(visitor, tenantId), providerId);
    const config = await this.#configuration(visitor, provider);
    const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()];
    const location = openid.buildAuthorizationUrl(config, {
      redirect_uri: this.#redirectUri,
      scope: "openid email profile",
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const until = visitor.now().getTime() + journeyMs;
    const journey = JSON.stringify({ tenantId, providerId, state, nonce, verifier, to: pathOf(to), until });
    const cookies = { [journeyCookie]: this.runtime.secrets.seal(journey, sealedFor) };
    return { body: { location: location.href }, cookies };
  }

  /**
   * @throws Fault `identity.sign_in_failed`, `identity.provider_away`, `identity.not_invited`, `identity.switched_off`
   */
  async callback(visitor: Ctx, { cookies, ...answer }: Flat<typeof identity.callback>) {
    const journey = this.#journey(visitor, cookies[journeyCookie]);
    const { tenantId, providerId } = journey;
    const ctx = this.#ctxOf(visitor, tenantId);
    const provider = await this.identity.open(ctx, providerId).catch((cause: unknown) => {
      throw signInFailed({}, { cause });
    });
    const person = await this.#person(visitor, provider, journey, answer);
    const accountId = await this.#accountOf(ctx, provider, person);
    const as = this.sessions.as(tenantId, accountId, visitor, identity.callback);
    const session = await this.sessions.start(as, accountId, { byProvider: true }).catch((error: unknown) => {
      // It was switched off since it was looked at.
      throw error instanceof Fault && error.code === wrongCredentials.code ? switchedOff({}, { cause: error }) : error;
    });
    const kept = await this.cookie.answer(visitor, session, { keepIn: "cookie", cookies });
    const location = `/login?entered=1&to=${encodeURIComponent(journey.to)}`;
    return { body: { location }, cookies: { ...kept.cookies, [journeyCookie]: null } };
  }

  #journey(visitor: Ctx, cookie: string | undefined): z.output<typeof Journey> {
    try {
      const journey = Journey.parse(JSON.parse(this.runtime.secrets.open(cookie ?? "", sealedFor)));
      if (journey.until > visitor.now().getTime()) return journey;
    } catch (cause) {
      throw signInFailed({}, { cause });
    }
    throw signInFailed();
  }

  /** Trades the code for who came, and checks all that is signed and promised. */
  async #person(
    visitor: Ctx,
    provider: Provider,
    { state, nonce, verifier }: z.output<typeof Journey>,
    answer: Readonly<Record<string, string | undefined>>,
  ): Promise<Person> {
    const config = await this.#configuration(visitor, provider);
    const came = new URL(this.#redirectUri);
    for (const [name, value] of Object.entries(answer)) if (value !== undefined) came.searchParams.set(name, value);
    try {
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const tokens = await openid.authorizationCodeGrant(config, came, checks);
      const told = tokens.claims() ?? {};
      const { sub } = Claims.parse(told);
      const hasMore = config.serverMetadata().userinfo_endpoint !== undefined;
      const more = hasMore ? await openid.fetchUserInfo(config, tokens.access_token, sub) : {};
      const all: Readonly<Record<string, unknown>> = { ...told, ...more, sub };
      const { name } = Claims.parse(all);
      // Both of one answer: what the token says of its address says nothing of another one.
      const email = [more, told].map((answer) => Verified.safeParse(answer).data?.email).find(Boolean);
      const groups = z
        .array(z.string())
        .or(z.string().transform((one) => [one]))
        .catch([])
        .parse(provider.groupsClaim === null ? [] : all[provider.groupsClaim]);
      return { subject: sub, email, name, groups };
    } catch (cause) {
      const about = { tenantId: provider.tenantId, provider: provider.id, reason: reasonOf(cause) };
      if (isAway(cause)) throw this.#away(visitor, about, cause);
      visitor.log.warn(about, "sign-in refused");
      throw signInFailed({}, { cause });
    }
  }

  async #configuration(visitor: Ctx, provider: Provider): Promise<openid.Configuration> {
    try {
      return await this.client.configuration(provider);
    } catch (cause) {
      throw this.#away(visitor, { provider: provider.id, reason: reasonOf(cause) }, cause);
    }
  }

  #away(visitor: Ctx, about: object, cause: unknown): Fault {
    visitor.log.warn(about, "an identity provider doesn't answer");
    return providerAway({}, { cause });
  }

  /** Of two who come for the first time at once, both are the same account. */
  #accountOf(ctx: Ctx, provider: Provider, person: Person): Promise<string> {
    const { id: providerId } = provider;
    return ctx.tx(async (ctx) => {
      await ctx.lock("identity.subject", `${providerId} ${person.subject}`);
      const known = await ctx.db
        .updateTable("identity_subject")
        .set({ lastAt: ctx.now() })
        .where("providerId", "=", providerId)
        .where("subject", "=", person.subject)
        .returning("accountId")
        .executeTakeFirst();
      const accountId = known?.accountId ?? (await this.#firstTime(ctx, provider, person));
      const { disabled } = await this.accounts.account(ctx, accountId);
      if (disabled) throw switchedOff();
      await this.#setRoles(ctx, provider, person, accountId);
      return accountId;
    });
  }

  async #firstTime(ctx: TxCtx, provider: Provider, person: Person): Promise<string> {
    const { email, subject } = person;
    const found = email === undefined ? undefined : await this.accounts.idOfLogin(ctx, email);
    const linked = provider.linksByEmail ? found : undefined;
    const accountId = linked ?? (found === undefined ? await this.#join(ctx, provider, person) : undefined);
    if (accountId === undefined) throw notInvited();
    const row = { providerId: provider.id, subject, accountId, lastAt: ctx.now() };
    await ctx.db.insertInto("identity_subject").values(row).execute();
    return accountId;
  }

  /** A new account for whoever may have one. */
  async #join(ctx: TxCtx, provider: Provider, person: Person): Promise<string | undefined> {
    const { joins, domains } = provider;
    const { email, name } = person;
    const roleIds = rolesOf(provider, person);
    if (!joins || email === undefined || roleIds.length === 0) return undefined;
    if (domains.length > 0 && !domains.includes(email.split("@").at(-1) ?? "")) return undefined;
    const displayName = name ?? email.replace(/@.*$/, "").slice(0, longestName);
    return (await this.accounts.createAccount(ctx, { login: email, displayName, roleIds })).id;
  }

  /** Where groups say what somebody may do, they say it at each sign-in. */
  async #setRoles(ctx: TxCtx, provider: Provider, person: Person, accountId: string): Promise<void> {
    if (provider.groupsClaim === null) return;
    const wanted = rolesOf(provider, person);
    // Somebody of no group that counts here isn't one of us any more.
    if (wanted.length === 0) throw notInvited();
    const { roles } = await this.accounts.account(ctx, accountId);
    const has = new Set(roles.map(({ id }) => id));
    if (has.size === wanted.length && wanted.every((id) => has.has(id))) return;
    try {
      await ctx.tx((ctx) => this.accounts.updateAccount(ctx, { accountId, roleIds: wanted }));
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== lastOwner.code) throw error;
      ctx.log.warn({ accountId }, "the last owner keeps their role, whatever their groups are");
    }
  }

  #ctxOf(visitor: Ctx, tenantId: string): Ctx {
    return this.runtime.ctx(tenantId, { traceId: visitor.traceId, source: visitor.source });
  }

  get #redirectUri(): string {
    return `${this.runtime.env.PUBLIC_URL}/api/sign-in/callback`;
  }
}

/** Where groups say it, those of the groups that somebody is in; else those of whoever is given an account. */
function rolesOf({ groupsClaim, groupRoles, roleIds }: Provider, { groups }: Person): string[] {
  if (groupsClaim === null) return roleIds;
  return [...new Set(groupRoles.filter(({ group }) => groups.includes(group)).map(({ roleId }) => roleId))];
}

/** A path of ours: whatever else is asked for, it is the first page. */
function pathOf(to: string): string {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? to : "/";
}
