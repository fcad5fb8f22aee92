import { setTimeout as pause } from "node:timers/promises";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { eventStream } from "../../contract/body.ts";
import type { Route } from "../../contract/route.ts";
import type { Changes } from "../changes.ts";
import type { Ctx } from "../ctx.ts";

/**
 * What a live list tells: from when on it is listened to, and how long nothing had changed by then, so that whoever has
 * asked for it a moment ago knows whether they missed something; and that it is worth asking again. Rows are read as
 * always, by whoever may read them.
 */
export const liveStream = eventStream({
  listening: z.object({ quietMs: z.int().nonnegative() }),
  changed: z.object({}),
});

/** However much happens, a list is asked for again so often at most. */
const quietMs = 1_000;

/** Whether the caller asks a list to be told of changes, instead of a page. */
export function isLive(route: Route, { headers }: FastifyRequest): boolean {
  return route.list?.live !== undefined && /^\s*text\/event-stream\s*(?:[;,]|$)/i.test(headers.accept ?? "");
}

/** The beginning of the names of the tables that a live list follows. */
export function followedBy({ id, list }: Route): string | undefined {
  return list?.live === true ? `${id.slice(0, id.indexOf("."))}_` : list?.live;
}

/** Tells of changes in the tenant's rows, as long as somebody listens. Nothing is asked of the database for it. */
export async function* changesOf(route: Route, changes: Changes, { tenantId, signal }: Ctx) {
  const prefix = followedBy(route) ?? "";
  const stream = changes.of(tenantId, prefix, signal);
  // Listens before it says so: between the two nothing is lost.
  let next = stream.next();
  try {
    yield { event: "listening" as const, data: { quietMs: changes.quietMs(tenantId, prefix) } };
    while (!(await next).done) {
      yield { event: "changed" as const, data: {} };
      await pause(quietMs, undefined, { signal, ref: false }).catch(() => {});
      next = stream.next();
    }
  } finally {
    // Not awaited: it ends with the signal.
    void stream.return();
  }
}
