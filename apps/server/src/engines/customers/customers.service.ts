import { Injectable } from "@nestjs/common";
import { newId } from "@zhanggui/kit/contract/ids";
import { sessionExpired, unauthenticated } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { languageOf } from "@zhanggui/kit/contract/text";
import type { Actor, Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Authenticator, Caller, TokenSource } from "@zhanggui/kit/server/http/caller";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { renewSession, wasUsed } from "../../foundation/access/session-renewal.ts";
import * as tokens from "../../foundation/access/session-tokens.ts";
import { Tenants } from "../../foundation/access/tenants.ts";
import { maskAddress, readAddress } from "@zhanggui/kit/contract/contact-address";
import { CodesService } from "../../foundation/codes/codes.service.ts";
import { SettingsService } from "../../foundation/settings/settings.service.ts";
import { AudienceService } from "../audience/audience.service.ts";
import { Contacts } from "../audience/contacts.ts";
import { PageLogin } from "../connect/page-login.ts";
import { placeholderOfContact } from "../audience/contact-names.ts";
import { Timeline } from "../audience/timeline.ts";
import { type customers, sessionDays, sessionOver, signInRefused } from "./customers.contract.ts";
import { takesNewcomers } from "./customers.settings.ts";
import { CustomerFeed } from "./feed.ts";
import { browserIn } from "./internal/browser.ts";
import { asKept, customerSessions, keptIn } from "./internal/cookie.ts";
import { endSessions } from "./internal/end-sessions.ts";

type CustomerView = Out<typeof customers.me>;
/** What a code is asked for here. */
const purpose = "customers.sign_in";
const tables = { sessions: "customers_session", used: "customers_used_refresh" };
const dayMs = 86_400_000;

type Contact = "phone" | "mail";
type Started = Awaited<ReturnType<CustomersService["open"]>>;
/** What somebody showed who they are by. */
export interface SignedInBy {
  readonly channel: Contact | "wechat";
  /** As people may see it: a masked number or address, an account's name. */
  readonly address: string;
  readonly browser: string;
  readonly wechatAppId?: string;
}

interface CustomerActor extends Actor {
  readonly kind: "customer";
  readonly sessionId: string;
}

/** Customers who sign in: by a code that was sent to them, apart from whoever works here. */
@Injectable()
export class CustomersService implements Authenticator {
  readonly isOfCustomers = true;

  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
    private readonly codes: CodesService,
    private readonly people: AudienceService,
    private readonly contacts: Contacts,
    private readonly timeline: Timeline,
    private readonly feed: CustomerFeed,
    private readonly pages: PageLogin,
  ) {}

  /** @throws Fault `kit.not_found` */
  async about(_visitor: Ctx, { tenantId }: Flat<typeof customers.about>): Promise<Out<typeof customers.about>> {
    const { id, name } = await this.tenants.visited(tenantId);
    const ctx = this.runtime.ctx(id);
    const [channels, wechat] = [await this.codes.channels(ctx), await this.pages.offered(ctx)];
    return { tenantId: id, businessName: name, channels, wechat };
  }

  /**
   * Whoever isn't to be written to is answered as anybody: only what goes out differs, later and elsewhere.
   *
   * @throws Fault `kit.not_found` for a business that isn't there, `codes.asked_too_often`, `codes.channel_off`,
   *   `customers.sign_in_refused` while the business reads only
   */
  async askCode(visitor: Ctx, input: Flat<typeof customers.askCode>): Promise<Out<typeof customers.askCode>> {
    const { tenantId, channel, deviceToken, headers } = input;
    const address = readAddress(channel, input.address);
    const ctx = await this.visit(visitor, tenantId);
    const isKnown = (await this.people.idOf(ctx, { [channel]: address })) !== undefined;
    const isWithheld = !isKnown && !(await this.settings.get(ctx, takesNewcomers));
    const { device, token } = this.codes.deviceOf(ctx, deviceToken);
    const language = languageOf(headers["accept-language"]);
    const { source: network } = ctx;
    const asked = await this.codes.ask(ctx, { purpose, channel, address, language, network, device, isWithheld });
    return { ...asked, deviceToken: token };
  }

  /**
   * @throws Fault `codes.wrong`, `codes.expired`, `customers.sign_in_refused`; `kit.not_found` for a business that isn't
   *   there
   */
  async signIn(visitor: Ctx, input: Flat<typeof customers.signIn>): Promise<Out<typeof customers.signIn>> {
    const { tenantId, channel, code, deviceToken, keepIn, cookies, headers } = input;
    const address = readAddress(channel, input.address);
    const ctx = await this.visit(visitor, tenantId);
    const device = this.codes.knownDevice(deviceToken) ?? null;
    await this.codes.verify(ctx, { purpose, channel, address, code, device });
    const browser = browserIn(headers["user-agent"]);
    const started = await ctx.tx((ctx) => this.#start(ctx, { channel, address, browser }));
    if (keepIn === "cookie") return this.kept(ctx, started, cookies);
    return { body: await this.#session(ctx, started), cookies: {} };
  }

  /** @throws Fault `customers.session_over` */
  async refresh(visitor: Ctx, { refreshToken, cookies }: Flat<typeof customers.refresh>) {
    const token = refreshToken ?? keptIn(this.runtime, cookies)?.refreshToken;
    const named = token === undefined ? undefined : tokens.readToken(token);
    if (token === undefined || named === undefined) throw sessionOver();
    const { id: sessionId, tenantId } = named;
    const { traceId, source } = visitor;
    const ctx = this.runtime.ctx(tenantId, { actor: visitor.actor, traceId, source });
    const renewed = await ctx.tx(async (ctx) => {
      const asked = { sessionId, token, expiresAt: expiryOf(ctx), secrets: this.runtime.env.JWT_SECRETS };
      return renewSession(ctx, tables, asked);
    });
    if (renewed === undefined) {
      if (await wasUsed(ctx, tables, sessionId, token)) await this.#endReused(ctx, sessionId);
      throw sessionOver();
    }
    const { next: refreshed, expiresAt } = renewed;
    const session = await this.#session(ctx, { sessionId, refreshToken: refreshed, expiresAt });
    return refreshToken === undefined ? asKept(this.runtime, session) : { body: session, cookies: {} };
  }

  async signOut(ctx: Ctx): Promise<Out<typeof customers.signOut>> {
    const { sessionId } = actorOf(ctx);
    await endSessions(ctx, "signed_out", { sessionId });
    return { body: {}, cookies: { "zhanggui-customer": null } };
  }

  me(ctx: Ctx): Promise<CustomerView> {
    return this.#view(ctx, actorOf(ctx).sessionId);
  }

  /** What concerns the caller, and nobody else; it ends with their session. */
  async *follow(ctx: Ctx, { lastEventId }: Flat<typeof customers.follow>) {
    const { sessionId } = actorOf(ctx);
    const isOpen = async (): Promise<boolean> => (await this.#open(ctx, sessionId)) !== undefined;
    for await (const { id, kind, details, at } of this.feed.follow(ctx, lastEventId, isOpen))
      yield { event: "notice" as const, id, data: { kind, details, at } };
  }

  /** Whether the session that a customer set out with still stands. */
  async stands(ctx: Ctx, sessionId: string): Promise<boolean> {
    return (await this.#open(ctx, sessionId)) !== undefined;
  }

  knows(token: string): boolean {
    return tokens.isAccessToken(token) || tokens.isPageToken(token, customerSessions);
  }

  /**
   * Asked at each call: a session that has ended, and a person who was merged, deleted or blocked, are out at once.
   *
   * @throws Fault `kit.session_expired`, `kit.unauthenticated`
   */
  async authenticate(token: string, { cookies }: TokenSource): Promise<Caller> {
    const { clock, env } = this.runtime;
    const isPage = tokens.isPageToken(token, customerSessions);
    const accessToken = isPage ? keptIn(this.runtime, cookies())?.accessToken : token;
    if (accessToken === undefined) throw sessionExpired();
    const named = await tokens.readAccessToken(accessToken, clock.now(), env.JWT_SECRETS, customerSessions);
    const { tenantId, sessionId, holderId: personId } = named;
    if (isPage && !tokens.isPageTokenOf(sessionId, token, env.JWT_SECRETS, customerSessions)) throw sessionExpired();
    const ctx = this.runtime.ctx(tenantId);
    const [session, stands, names] = await Promise.all([
      this.#open(ctx, sessionId),
      this.contacts.stands(ctx, personId),
      this.people.names(ctx, [personId]),
    ]);
    if (session === undefined || !stands) throw sessionExpired();
    if (session.personId !== personId) throw unauthenticated();
    const name = names.get(personId) ?? "";
    const actor: CustomerActor = { kind: "customer", id: personId, name, permissions: new Set(), sessionId };
    return { tenantId, actor, keyId: sessionId };
  }

  /** A ctx of the business that somebody has come to, as the visitor that they are. */
  async visit({ actor, traceId, source, signal }: Ctx, tenantId: string | undefined): Promise<Ctx> {
    const { id } = await this.tenants.visited(tenantId);
    // A message costs money, and a new person is a change; nobody is told more than that it doesn't work now.
    if (this.runtime.tenants.isReadOnly(id)) throw signInRefused();
    return this.runtime.ctx(id, { actor, traceId, source, signal });
  }

  async #start(ctx: TxCtx, { channel, address, browser }: { channel: Contact; address: string; browser: string }) {
    const masked = maskAddress(channel, address);
    const personId = await this.contacts.ofContact(ctx, channel, address, placeholderOfContact(masked));
    return this.open(ctx, personId, { channel, address: masked, browser });
  }

  /**
   * Opens a session of somebody who has shown who they are, and is locked.
   *
   * @throws Fault `customers.sign_in_refused`
   */
  async open(ctx: TxCtx, personId: string, by: SignedInBy) {
    const { channel, address, browser, wechatAppId = null } = by;
    const blocked = await ctx.db.selectFrom("customers_block").select("id").where("personId", "=", personId).execute();
    if (blocked.length > 0) throw signInRefused();
    const sessionId = newId(ctx.now());
    const refreshToken = tokens.newToken(ctx.tenantId, sessionId);
    const expiresAt = expiryOf(ctx);
    await ctx.db
      .insertInto("customers_session")
      .values({
        id: sessionId,
        personId,
        // An older server knows no other.
        channel: channel === "wechat" ? "phone" : channel,
        addressMasked: address,
        wechatAppId,
        network: ctx.source,
        browser,
        refreshHash: tokens.hashToken(refreshToken),
        expiresAt,
      })
      .execute();
    await this.timeline.note(ctx, personId, "signed_in", { channel, address });
    await this.feed.tell(ctx, personId, "signed_in", { channel, browser });
    return { sessionId, refreshToken, expiresAt };
  }

  /** The session as a page's cookie keeps it; the one that the browser had before ends. */
  async kept(ctx: Ctx, started: Started, cookies: Readonly<Record<string, string | undefined>>) {
    const session = await this.#session(ctx, started);
    await this.#endFormer(cookies, started.sessionId);
    return asKept(this.runtime, session);
  }

  /**
   * Somebody who is signed in shows that an address is theirs too. If it is somebody's, the two are one by audience's
   * rules, and a new session is theirs: the one of the record that goes ends.
   *
   * @throws Fault `codes.wrong`, `codes.expired`, `customers.sign_in_refused`
   */
  async addContact(ctx: Ctx, input: Flat<typeof customers.addContact>): Promise<Out<typeof customers.addContact>> {
    const { channel, code, deviceToken, keepIn, cookies, headers } = input;
    const { id: personId } = actorOf(ctx);
    const address = readAddress(channel, input.address);
    const device = this.codes.knownDevice(deviceToken) ?? null;
    await this.codes.verify(ctx, { purpose, channel, address, code, device });
    const masked = maskAddress(channel, address);
    const owner = await ctx.tx((ctx) => this.contacts.ofContact(ctx, channel, address, placeholderOfContact(masked)));
    await this.contacts.same(ctx, personId, owner);
    const browser = browserIn(headers["user-agent"]);
    const started = await ctx.tx((ctx) => this.#start(ctx, { channel, address, browser }));
    if (keepIn === "cookie") return this.kept(ctx, started, cookies);
    return { body: await this.#session(ctx, started), cookies: {} };
  }

  /** A sign-in takes the place of the session that the browser had before: nobody could sign it out any more. */
  async #endFormer(cookies: Readonly<Record<string, string | undefined>>, sessionId: string): Promise<void> {
    const former = tokens.readToken(keptIn(this.runtime, cookies)?.refreshToken ?? "");
    if (former === undefined || former.id === sessionId) return;
    await endSessions(this.runtime.ctx(former.tenantId), "signed_in_again", { sessionId: former.id });
  }

  async #endReused(ctx: Ctx, sessionId: string): Promise<void> {
    ctx.log.warn({ sessionId }, "a customer's used refresh token came again; the session is ended");
    await endSessions(ctx, "refresh_token_reused", { sessionId });
  }

  async #session(
    ctx: Ctx,
    { sessionId, refreshToken, expiresAt }: { sessionId: string; refreshToken: string; expiresAt: Date },
  ) {
    const customer = await this.#view(ctx, sessionId);
    const named = { holderId: customer.personId, sessionId, tenantId: ctx.tenantId };
    const secrets = this.runtime.env.JWT_SECRETS;
    const access = await tokens.signAccessToken(named, ctx.now(), secrets, customerSessions);
    return {
      accessToken: access.token,
      accessExpiresAt: access.expiresAt,
      refreshToken,
      refreshExpiresAt: expiresAt,
      customer,
    };
  }

  async #view(ctx: Ctx, sessionId: string): Promise<CustomerView> {
    const session = await this.#open(ctx, sessionId);
    if (session === undefined) throw sessionOver();
    const { personId, wechatAppId, addressMasked: address, createdAt: signedInAt } = session;
    const channel = wechatAppId === null ? session.channel : ("wechat" as const);
    const [names, tenant] = await Promise.all([this.people.names(ctx, [personId]), this.tenants.get(ctx.tenantId)]);
    const displayName = names.get(personId) ?? "";
    return { personId, displayName, businessName: tenant.name, signedInBy: { channel, address }, signedInAt };
  }

  #open(ctx: Ctx, sessionId: string) {
    return ctx.db
      .selectFrom("customers_session")
      .select(["personId", "channel", "addressMasked", "wechatAppId", "createdAt"])
      .where("id", "=", sessionId)
      .where("endedAt", "is", null)
      .where("expiresAt", ">", ctx.now())
      .executeTakeFirst();
  }
}

function expiryOf(ctx: Ctx): Date {
  return new Date(ctx.now().getTime() + sessionDays * dayMs);
}

export function actorOf({ actor }: Ctx): CustomerActor {
  if (actor.kind !== "customer") throw new Error("this needs a customer");
  return actor as CustomerActor;
}
