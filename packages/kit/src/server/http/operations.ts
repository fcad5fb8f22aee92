import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Env } from "../env.ts";
import type { Extensions } from "../extensions.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Metrics } from "../metrics.ts";
import { metricsGuard } from "./metrics-guard.ts";

export interface OperationsOptions {
  readonly env: Env;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly extensions: Extensions;
  readonly version: string;
}

/** What a process answers whatever its role: to load balancers, to whoever restarts it, to whoever watches it. */
export const operationPaths: ReadonlySet<string> = new Set(["/health", "/health/live", "/health/ready", "/metrics"]);

/**
 * - `/health/live`: the process answers. A database that is away or a full pool is no reason to restart it.
 * - `/health/ready`: it may be given requests: the database answers, and nobody has told the process to end.
 * - `/health`: the same as ready, for who knows one address only.
 * - `/metrics`: Prometheus text.
 */
export function serveOperations(fastify: FastifyInstance, options: OperationsOptions): void {
  const { lifecycle, metrics, version } = options;
  const ready = async (_request: FastifyRequest, reply: FastifyReply) => {
    const readiness = await lifecycle.readiness();
    return reply
      .status(readiness === "ready" ? 200 : 503)
      .send({ status: readiness === "ready" ? "ok" : readiness, version });
  };
  fastify.get("/health/live", async (_request, reply) => reply.send({ status: "ok", version }));
  fastify.get("/health/ready", ready);
  fastify.get("/health", ready);
  const mayAsk = metricsGuard(options.env, options.extensions);
  metrics.collectProcess();
  fastify.get("/metrics", async (request, reply) => {
    if (!(await mayAsk(request))) return reply.callNotFound();
    const { contentType, body } = await metrics.text();
    return reply.header("cache-control", "no-store").type(contentType).send(body);
  });
  closeConnectionsWhenStopping(fastify, lifecycle);
}

/** A kept-alive connection would bring requests to a process that is about to go, and hold up its end. */
function closeConnectionsWhenStopping(fastify: FastifyInstance, { stopping }: Lifecycle): void {
  fastify.addHook("onSend", (_request, reply, payload, done) => {
    if (stopping.aborted) reply.header("connection", "close");
    done(null, payload);
  });
  fastify.addHook("preClose", (done) => {
    const timer = setInterval(() => fastify.server.closeIdleConnections(), 50).unref();
    fastify.server.once("close", () => clearInterval(timer));
    // Right after the system was asked for new connections: those that it has when nobody listens any more are reset.
    setImmediate(done);
  });
}
