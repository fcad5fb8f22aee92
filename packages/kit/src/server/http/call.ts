import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { newTraceId } from "../ctx-parts.ts";
import { newSpanId, rootSpanId } from "../tracing/spans.ts";
import { visitor, type Caller } from "./caller.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Null only before the first hook, and for what isn't proper HTTP. */
    call: Call | null;
  }
}

/** What the server knows of a request: whose it is, in which trace, and whether anybody still waits for it. */
export class Call {
  traceId = newTraceId();
  /** Where the request stands in its trace; see `joinTrace` for one that a caller began. */
  spanId = rootSpanId(this.traceId) ?? newSpanId();
  parentSpanId: string | undefined;
  caller: Caller = visitor;
  /** Tells this call from others of its trace. */
  readonly id = randomUUID();
  readonly #aborter = new AbortController();

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  abort(reason: Error): void {
    this.#aborter.abort(reason);
  }
}

export function callOf(request: FastifyRequest): Call {
  request.call ??= new Call();
  return request.call;
}

export function traceIdOf(request: FastifyRequest): string {
  return callOf(request).traceId;
}
