import type { FastifyRequest } from "fastify";
import { forbidden, unauthenticated } from "../../contract/faults.ts";
import { permissionsOf, publicAccess, type Access } from "../../contract/permission.ts";
import type { Actor } from "../ctx.ts";
import { extensionPoint, type Extensions } from "../extensions.ts";
import { describeRequest } from "./request-log.ts";

/** Who calls, as the access module knows it. */
export interface Caller {
  readonly tenantId: string;
  readonly actor: Actor;
  /** The session or key that the call came with: limits by key count on it. */
  readonly keyId: string;
}

/** Given by the access module: the kit knows tokens only as text. */
export interface Authenticator {
  /** @throws Fault `kit.unauthenticated` or `kit.session_expired` */
  authenticate(accessToken: string): Promise<Caller>;
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
 * @throws Fault `kit.unauthenticated`, `kit.session_expired`, `kit.forbidden`
 */
export async function callerOf(access: Access, request: FastifyRequest, extensions: Extensions): Promise<Caller> {
  const caller = await knownCaller(access, request, extensions);
  assertMay(access, caller);
  return caller;
}

/** Who calls. @throws Fault `kit.unauthenticated`, `kit.session_expired` */
export async function knownCaller(access: Access, request: FastifyRequest, extensions: Extensions): Promise<Caller> {
  if (access === publicAccess) return visitor;
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) throw unauthenticated();
  const [known] = extensions.of(authenticator);
  if (known === undefined) throw new Error("no module gives an authenticator, so nobody can be known");
  const caller = await known.value.authenticate(token);
  describeRequest(request, { tenantId: caller.tenantId, caller: caller.actor });
  return caller;
}

/** @throws Fault `kit.forbidden` */
export function assertMay(access: Access, { actor }: Caller): void {
  const asked = permissionsOf(access);
  if (asked.length > 0 && !asked.some(({ code }) => actor.permissions.has(code))) {
    throw forbidden({ permission: asked.map(({ code }) => code).join(", ") });
  }
}
