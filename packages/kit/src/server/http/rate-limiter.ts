import { isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";
import { tooManyRequests } from "../../contract/faults.ts";
import type { Limit, Route } from "../../contract/route.ts";
import { callOf } from "./call.ts";
import type { Caller } from "./caller.ts";

/** Counts calls. In process by default; where several processes share a Redis, for all of them together. */
export interface RateLimiter {
  /** Counts one call, unless it comes too early: then it returns how long to wait, in milliseconds, else 0. */
  take(key: string, perMinute: number, now: Date): Promise<number>;
}

const minuteMs = 60_000;
const mostKeys = 100_000;

/**
 * The generic cell rate algorithm (ITU-T I.371): one number per key, the time until which its calls are spoken for. A
 * whole minute's calls may come at once; then they come at their even pace.
 */
export class InProcessRateLimiter implements RateLimiter {
  readonly #spokenFor = new Map<string, number>();

  async take(key: string, perMinute: number, now: Date): Promise<number> {
    const paceMs = minuteMs / perMinute;
    const from = Math.max(this.#spokenFor.get(key) ?? 0, now.getTime());
    const waitMs = from + paceMs - now.getTime() - minuteMs;
    if (waitMs > 0) return waitMs;
    // Set anew, so that the map's order is that of the last calls.
    this.#spokenFor.delete(key);
    this.#spokenFor.set(key, from + paceMs);
    this.#forget(now);
    return 0;
  }

  #forget(now: Date): void {
    for (const [key, until] of this.#spokenFor) {
      if (until > now.getTime() && this.#spokenFor.size <= mostKeys) return;
      this.#spokenFor.delete(key);
    }
  }
}

/** @throws Fault `kit.too_many_requests` */
export async function countCall(route: Route, limit: Limit, limiter: RateLimiter, request: FastifyRequest, now: Date) {
  const waitMs = await limiter.take(`${route.id} ${subjectOf(limit, request)}`, limit.perMinute, now);
  if (waitMs > 0) throw tooManyRequests({ seconds: Math.ceil(waitMs / 1000) });
}

/** Counts a call on its key, where that has a limit of its own. @throws Fault `kit.too_many_requests` */
export async function countKey({ tenantId, keyId, perMinute }: Caller, limiter: RateLimiter, now: Date): Promise<void> {
  if (perMinute === undefined) return;
  const waitMs = await limiter.take(`key ${tenantId} ${keyId}`, perMinute, now);
  if (waitMs > 0) throw tooManyRequests({ seconds: Math.ceil(waitMs / 1000) });
}

function subjectOf({ by }: Limit, request: FastifyRequest): string {
  if (by === "address") return networkOf(request.ip);
  const { tenantId, actor, keyId } = callOf(request).caller;
  return by === "account" ? `${tenantId} ${actor.id}` : `${tenantId} ${keyId}`;
}

/** Whoever has one IPv6 address has a /64 of them (RFC 6177). */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(":");
}
