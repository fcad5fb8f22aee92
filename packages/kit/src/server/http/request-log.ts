import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Actor } from "../ctx.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type SpanSink, spanTimeMs } from "../tracing/spans.ts";

/** What others know of a request, beside what Fastify knows. */
export interface RequestFacts {
  readonly traceId?: string;
  /** The contract's id of the route: `audience.getPerson`. */
  readonly route?: string;
  readonly tenantId?: string;
  readonly caller?: Pick<Actor, "kind" | "id">;
  /** The code of the fault that was answered. */
  readonly code?: string;
  /** Why it failed, where that is our fault. */
  readonly err?: unknown;
}

interface Entry {
  readonly facts: RequestFacts;
  request: FastifyRequest | undefined;
}

const entries = new WeakMap<IncomingMessage, Entry>();

/** Adds to the line that the request will leave. */
export function describeRequest(request: FastifyRequest, facts: RequestFacts): void {
  const entry = entries.get(request.raw);
  if (entry === undefined) return;
  Object.assign(entry.facts, facts);
  entry.request ??= request;
}

/** Questions that machines ask every few seconds. Their line is for whoever looks for it. */
const probes = /^\/(health(\/live|\/ready)?|metrics)$/;

/** The methods that have a series of their own; anybody can invent more. */
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Writes one line per request when its connection is done with it, however that came: answered, refused, failed, or
 * left by the caller. Measures the same.
 *
 * It listens to Node's server, because a caller that leaves reaches no hook of Fastify's, and neither does an address
 * that Fastify refuses by itself.
 */
export function logRequests(
  fastify: FastifyInstance,
  { log, metrics, tracer }: { readonly log: Logger; readonly metrics: Metrics; readonly tracer: SpanSink | undefined },
): void {
  const durations = metrics.histogram({
    name: "zg_http_request_duration_seconds",
    help: "Requests by route, from the head read to the last byte sent",
    labels: ["method", "route", "status"],
  });
  fastify.server.prependListener("request", (raw: IncomingMessage, response: ServerResponse) => {
    const entry: Entry = { facts: {}, request: undefined };
    const { socket } = raw;
    const startedMs = performance.now();
    const sentBefore = socket.bytesWritten;
    entries.set(raw, entry);
    response.once("close", () => {
      const durationMs = performance.now() - startedMs;
      const line = lineOf(raw, response, entry, { durationMs, bytes: bytesSince(socket, sentBefore) });
      const failed = line.err !== undefined || (line.status ?? 0) >= 500;
      // "Not ready" is a probe's answer, and comes every few seconds while a server ends.
      const told = line.err === undefined && probes.test(line.path);
      const level = told ? "debug" : failed ? "error" : "info";
      log[level](line, line.aborted === true ? "request aborted" : failed ? "request failed" : "request");
      const method = methods.has(line.method) ? line.method : "other";
      const route = entry.facts.route ?? entry.request?.routeOptions.url ?? "unmatched";
      durations.observe({ method, route, status: line.status ?? "aborted" }, durationMs / 1000);
      if (!told) traceRequest(tracer, entry, line, route);
    });
  });
  fastify.addHook("onRequest", (request, _reply, done) => {
    describeRequest(request, {});
    done();
  });
}

function lineOf(
  raw: IncomingMessage,
  response: ServerResponse,
  { facts, request }: Entry,
  { durationMs, bytes }: { durationMs: number; bytes: number },
) {
  // The answer was on its way, but not all of it went out.
  const aborted = !response.writableFinished;
  const route = facts.route ?? request?.routeOptions.url;
  return {
    method: raw.method ?? "",
    ...(route === undefined ? {} : { route }),
    path: (raw.url ?? "").split("?", 1)[0] ?? "",
    ...(aborted && !response.headersSent ? {} : { status: response.statusCode }),
    ...(aborted ? { aborted } : {}),
    ...(facts.code === undefined ? {} : { code: facts.code }),
    durationMs: Math.round(durationMs * 10) / 10,
    bytes,
    ...(facts.tenantId === undefined ? {} : { tenantId: facts.tenantId }),
    ...(facts.caller === undefined ? {} : { caller: { kind: facts.caller.kind, id: facts.caller.id } }),
    ...(facts.traceId === undefined ? {} : { traceId: facts.traceId }),
    ...(facts.err === undefined ? {} : { err: facts.err }),
  };
}

/** The request as a span, for whoever collects them; probes are none. */
function traceRequest(
  tracer: SpanSink | undefined,
  { request, facts }: Entry,
  line: ReturnType<typeof lineOf>,
  route: string,
): void {
  const { call } = request ?? {};
  if (tracer === undefined || call === undefined || call === null || !tracer.wants(call.traceId)) return;
  const { method, path, status, code, tenantId, durationMs, aborted } = line;
  const endMs = spanTimeMs();
  tracer.take({
    traceId: call.traceId,
    spanId: call.spanId,
    parentId: call.parentSpanId,
    name: `${method} ${route}`,
    kind: "server",
    startMs: endMs - durationMs,
    endMs,
    attributes: {
      "http.request.method": method,
      "http.route": route,
      "url.path": path,
      "http.response.status_code": status,
      "zhanggui.tenant": tenantId,
      "zhanggui.code": code,
      "zhanggui.caller": facts.caller?.kind,
      "zhanggui.aborted": aborted,
    },
    // A refusal is an answer; what is our fault is none (OpenTelemetry's conventions for HTTP servers).
    ...((status ?? 0) >= 500 || line.err !== undefined ? { error: line.err ?? new Error(`HTTP ${status}`) } : {}),
  });
}

/** With the heads of the answers, as they went to the operating system. */
function bytesSince(socket: Socket, before: number): number {
  return Math.max(0, socket.bytesWritten - before);
}
