import type { FastifyRequest } from "fastify";
import type { Fault } from "../../contract/fault.ts";
import { accountNeeded, effectRefused, forbidden, impersonated, unauthenticated } from "../../contract/faults.ts";
import { operationsManage, underMaintenance } from "../../contract/maintenance.ts";
import { readOnly } from "../../contract/plan.ts";
import { authenticated, customerAccess, permissionsOf, publicAccess } from "../../contract/permission.ts";
import type { Effect, Route } from "../../contract/route.ts";
import type { Actor } from "../ctx.ts";
import { extensionPoint, type Extensions } from "../extensions.ts";
import { retrySeconds } from "../maintenance.ts";
import type { Runtime } from "../runtime.ts";
import { ownCookiesOf } from "./cookies.ts";
import { describeRequest } from "./request-log.ts";

/** Who calls, as the access module knows it. */
export interface Caller {
  readonly tenantId: string;
  readonly actor: Actor;
  /** The session or key that the call came with: limits by key count on it. */
  readonly keyId: string;
  /** What its calls may do to the world; everything that its actor's permissions allow, unless set. */
  readonly effects?: ReadonlySet<Effect>;
  /** How many calls of any routes it may make in a minute; as many as it likes, unless set. */
  readonly perMinute?: number;
  /** What they have to do before anything else: every route but those for it refuses them with this. */
  readonly heldBack?: Fault;
}

/** Given by the modules that give out tokens: the kit knows them only as text. */
export interface Authenticator {
  /** It knows the business's customers, and nobody else: it is asked for their routes alone, and no other one is. */
  readonly isOfCustomers?: true;
  /** Whether a token is of the kind that it gives out. */
  knows(token: string): boolean;
  /** @throws Fault `kit.unauthenticated`, `kit.session_expired`, or one of its own */
  authenticate(token: string, from: TokenSource): Promise<Caller>;
}

/** Where a token came from, and what else came with it. */
export interface TokenSource {
  readonly address: string;
  /** By the names of contracts; none of those that a page of another site made the browser send. */
  readonly cookies: () => Readonly<Record<string, string | undefined>>;
}
export const authenticator = extensionPoint<Authenticator>("kit.authenticator");

/** Where callers are looked for. */
export interface Callers {
  readonly extensions: Extensions;
  /** As browsers reach this server. */
  readonly publicUrl: string;
}

/** The tenant of routes that nobody has signed in for; such a ctx reaches no tenant's rows. */
const noTenant = "00000000-0000-0000-0000-000000000000";
export const visitor: Caller = {
  tenantId: noTenant,
  actor: { kind: "visitor", id: "visitor", name: "visitor", permissions: new Set() },
  keyId: "visitor",
};

/**
 * Who calls, if they may.
 *
 * @throws Fault `kit.unauthenticated`, `kit.session_expired`, `kit.forbidden`, `kit.account_needed`,
 *   `kit.effect_refused`
 */
export async function callerOf(route: Route, request: FastifyRequest, sources: Callers): Promise<Caller> {
  const caller = await knownCaller(route, request, sources);
  assertMay(route, caller);
  return caller;
}

/** Who calls. @throws Fault `kit.unauthenticated`, `kit.session_expired`, and those of an authenticator */
export async function knownCaller({ access }: Route, request: FastifyRequest, sources: Callers): Promise<Caller> {
  const { extensions, publicUrl } = sources;
  if (access === publicAccess) return visitor;
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) throw unauthenticated();
  const isForCustomers = access === customerAccess;
  const known = extensions
    .of(authenticator)
    .find(({ value }) => (value.isOfCustomers === true) === isForCustomers && value.knows(token));
  if (known === undefined) throw unauthenticated();
  const cookies = () => ownCookiesOf(request, publicUrl);
  const caller = await known.value.authenticate(token, { address: request.ip, cookies });
  describeRequest(request, { tenantId: caller.tenantId, caller: caller.actor });
  return caller;
}

/** @throws Fault `kit.maintenance` while the server is closed, unless the route or its caller passes all the same */
export function assertOpen(route: Route, { actor }: Caller, { maintenance, clock }: Runtime): void {
  const { state } = maintenance;
  if (state === undefined || route.duringMaintenance || actor.permissions.has(operationsManage.code)) return;
  const { messageZh, messageEn, endsAt } = state;
  throw underMaintenance({ messageZh, messageEn, endsAt, seconds: retrySeconds(state, clock.now()) });
}

/** @throws Fault `kit.impersonated` for what nobody may do in another's name */
export function assertThemselves({ byThemselves }: Route, { actor }: Caller): void {
  if (byThemselves && actor.impersonator !== undefined) throw impersonated({ name: actor.name });
}

const whyReadOnly = {
  expired: { becauseZh: "企业的套餐已到期", becauseEn: "The plan of this business has expired" },
  suspended: { becauseZh: "平台已暂停本企业", becauseEn: "The platform has suspended this business" },
};

/** @throws Fault `kit.read_only` for a call that would change something in a tenant that reads only */
export function assertWritable({ effect, whileReadOnly }: Route, { tenantId }: Caller, { tenants }: Runtime): void {
  if (effect === "read" || whileReadOnly) return;
  const why = tenants.whyReadOnly(tenantId);
  if (why !== undefined) throw readOnly({ why, ...whyReadOnly[why] });
}

/** Whether somebody works here: what they say of themselves (their trace) is taken from them. */
export function isOurs(caller: Caller): boolean {
  return caller !== visitor && caller.actor.kind !== "customer";
}

/** @throws Fault `kit.unauthenticated`, `kit.forbidden`, `kit.account_needed`, `kit.effect_refused`, and `heldBack` */
export function assertMay({ access, effect, whileHeldBack }: Route, { actor, effects, heldBack }: Caller): void {
  // Neither is ever taken for the other, whatever an authenticator says.
  if ((access === customerAccess) !== (actor.kind === "customer")) throw unauthenticated();
  if (heldBack !== undefined && !whileHeldBack) throw heldBack;
  if (access === authenticated && actor.kind !== "account") throw accountNeeded();
  const asked = permissionsOf(access);
  if (asked.length > 0 && !asked.some(({ code }) => actor.permissions.has(code))) {
    throw forbidden({ permission: asked.map(({ code }) => code).join(", ") });
  }
  if (effects?.has(effect) === false) throw effectRefused({ effect });
}
