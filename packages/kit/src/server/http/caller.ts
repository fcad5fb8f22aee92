import type { FastifyRequest } from "fastify";
import { accountNeeded, effectRefused, forbidden, unauthenticated } from "../../contract/faults.ts";
import { operationsManage, underMaintenance } from "../../contract/maintenance.ts";
import { authenticated, permissionsOf, publicAccess } from "../../contract/permission.ts";
import type { Effect, Route } from "../../contract/route.ts";
import type { Actor } from "../ctx.ts";
import { extensionPoint, type Extensions } from "../extensions.ts";
import { retrySeconds } from "../maintenance.ts";
import type { Runtime } from "../runtime.ts";
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
}

/** Given by the modules that give out tokens: the kit knows them only as text. */
export interface Authenticator {
  /** Whether a token is of the kind that it gives out. */
  knows(token: string): boolean;
  /**
   * @param address where the call comes from
   * @throws Fault `kit.unauthenticated`, `kit.session_expired`, or one of its own
   */
  authenticate(token: string, address: string): Promise<Caller>;
}
export const authenticator = extensionPoint<Authenticator>("kit.authenticator");

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
export async function callerOf(route: Route, request: FastifyRequest, extensions: Extensions): Promise<Caller> {
  const caller = await knownCaller(route, request, extensions);
  assertMay(route, caller);
  return caller;
}

/** Who calls. @throws Fault `kit.unauthenticated`, `kit.session_expired`, and those of an authenticator */
export async function knownCaller({ access }: Route, request: FastifyRequest, extensions: Extensions): Promise<Caller> {
  if (access === publicAccess) return visitor;
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) throw unauthenticated();
  const known = extensions.of(authenticator).find(({ value }) => value.knows(token));
  if (known === undefined) throw unauthenticated();
  const caller = await known.value.authenticate(token, request.ip);
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

/** @throws Fault `kit.forbidden`, `kit.account_needed`, `kit.effect_refused` */
export function assertMay({ access, effect }: Route, { actor, effects }: Caller): void {
  if (access === authenticated && actor.kind !== "account") throw accountNeeded();
  const asked = permissionsOf(access);
  if (asked.length > 0 && !asked.some(({ code }) => actor.permissions.has(code))) {
    throw forbidden({ permission: asked.map(({ code }) => code).join(", ") });
  }
  if (effects?.has(effect) === false) throw effectRefused({ effect });
}
