import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isJson } from "../../contract/body.ts";
import type { Fault } from "../../contract/fault.ts";
import { shuttingDown, timeLimitExceeded } from "../../contract/faults.ts";
import type { Route } from "../../contract/route.ts";
import { callOf, type Call } from "./call.ts";
import { isExport } from "./list-export.ts";
import { isLive } from "./list-live.ts";
import { sendProblem } from "./send-problem.ts";

const jsonTimeLimitMs = 30_000;
const streamTimeLimitMs = 600_000;
/**
 * A connection on which nothing is asked has so long for its next request while the server closes: what is on its way
 * at that moment would be reset, and nobody tries a POST again. Browsers make some in advance, for no request at all.
 * A server that gives calls less time to end gives this less, too.
 */
const nextRequestMostMs = 1_000;

/** 0 for none. */
export function timeLimitOf({ timeLimitMs, body, reply }: Route): number {
  if (timeLimitMs !== undefined) return timeLimitMs;
  if (!isJson(reply) && reply.kind === "events") return 0;
  const streams = [body, reply].some((each) => each !== undefined && !isJson(each) && each.kind === "stream");
  return streams ? streamTimeLimitMs : jsonTimeLimitMs;
}

interface Live {
  readonly call: Call;
  readonly endless: boolean;
  /** Answers with the fault if nothing was answered yet, and tells the handler. */
  giveUp(fault: Fault): void;
}

/** The calls under way. Each ends when its client goes away, when its time is up, and when the server stops. */
export class Lifetimes {
  readonly #live = new Set<Live>();
  /** Connections on which nobody asks anything now, and since when (`performance.now()`). */
  readonly #idle = new Map<Socket, number>();
  readonly #drainMs: number;
  readonly #nextRequestMs: number;

  /** @param drainMs how long calls that are under way may go on when the server closes */
  constructor(drainMs: number) {
    this.#drainMs = drainMs;
    this.#nextRequestMs = Math.min(nextRequestMostMs, drainMs);
  }

  /**
   * Follows which connections are used: the others would keep the server from closing. Node itself would close each
   * that has brought no request yet, also one that was made a moment ago and whose request is on its way.
   */
  watch(server: Server): void {
    server.on("connection", (socket) => {
      this.#idle.set(socket, performance.now());
      socket.once("close", () => this.#idle.delete(socket));
    });
    server.on("request", ({ socket }, response) => {
      this.#idle.delete(socket);
      const over = (): void => void this.#idle.set(socket, performance.now());
      response.once("close", () => void (socket.destroyed || over()));
    });
    server.closeIdleConnections = () => this.#closeIdle();
  }

  #closeIdle(): void {
    const now = performance.now();
    for (const [socket, sinceMs] of this.#idle) if (now - sinceMs >= this.#nextRequestMs) socket.destroy();
  }

  begin(route: Route, request: FastifyRequest, reply: FastifyReply): void {
    const call = callOf(request);
    const endless = isLive(route, request) || (!isJson(route.reply) && route.reply.kind === "events");
    const limitMs = isExport(route, request) ? streamTimeLimitMs : endless ? 0 : timeLimitOf(route);
    const giveUp = (fault: Fault): void => {
      if (reply.raw.headersSent) reply.raw.destroy();
      else if (!reply.sent) sendProblem(fault, request, reply);
      call.abort(fault);
    };
    const live: Live = { call, giveUp, endless };
    const timer =
      limitMs > 0 ? setTimeout(() => giveUp(timeLimitExceeded({ seconds: limitMs / 1000 })), limitMs) : undefined;
    this.#live.add(live);
    reply.raw.once("close", () => {
      clearTimeout(timer);
      this.#live.delete(live);
      // Of an idempotent call the client comes back for the reply: it goes on until its time is up.
      if (!reply.raw.writableFinished && !route.idempotent) call.abort(new Error("the client went away"));
    });
  }

  /** Event streams have no end of their own; their listeners come back to another process. */
  endStreams(): void {
    for (const { call, endless } of this.#live) if (endless) call.abort(shuttingDown());
  }

  /** Lets what is under way finish within the time for it, and answers for it then. */
  end(): void {
    this.endStreams();
    setTimeout(() => {
      for (const { giveUp } of this.#live) giveUp(shuttingDown());
    }, this.#drainMs).unref();
  }
}
