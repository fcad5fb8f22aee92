import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Env } from "../env.ts";
import { type Extensions, extensionPoint } from "../extensions.ts";

/** A token that opens `/metrics` besides the environment's; null while there is none. */
export const metricsToken = extensionPoint<() => Promise<string | null>>("kit.metrics_token");

/** A token that can't be known by then (the database is away) opens nothing. */
const patienceMs = 1_000;

/**
 * Who may read the metrics: whoever brings a token, where there is one. Without, in production nobody, elsewhere this
 * machine itself. A request that came through a proxy on this machine is not this machine's.
 */
export function metricsGuard(env: Env, extensions: Extensions): (request: FastifyRequest) => Promise<boolean> {
  return async ({ headers, socket }) => {
    const given = await Promise.all(extensions.of(metricsToken).map(({ value }) => inTime(value)));
    const tokens = [env.METRICS_TOKEN, ...given].filter((token) => typeof token === "string");
    const brought = hash(headers.authorization ?? "");
    // All are compared, whichever fits.
    if (tokens.filter((token) => timingSafeEqual(hash(`Bearer ${token}`), brought)).length > 0) return true;
    if (tokens.length > 0 || given.includes(undefined) || env.NODE_ENV === "production") return false;
    return (
      /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? "") &&
      headers["x-forwarded-for"] === undefined &&
      headers["forwarded"] === undefined
    );
  };
}

/** Undefined for what isn't known in time. */
async function inTime(read: () => Promise<string | null>): Promise<string | null | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), patienceMs);
  try {
    return await Promise.race([read().catch(() => undefined), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
