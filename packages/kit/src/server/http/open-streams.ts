import type { FastifyReply, FastifyRequest } from "fastify";
import { tooManyRequests } from "../../contract/faults.ts";
import { callOf } from "./call.ts";
import { visitor } from "./caller.ts";
import { networkOf } from "./rate-limiter.ts";

/** Of one account in one process: some windows with some lists each. A page that isn't seen listens to nothing. */
export const mostStreams = 50;
/** A customer follows one line, on some devices. There may be very many customers. */
export const mostStreamsOfCustomer = 6;
const askAgainSeconds = 10;

/** How many event streams each account, and each customer, has open: each asks again and again who may listen. */
export class OpenStreams {
  readonly #open = new Map<string, number>();

  /** Counts a stream until it is closed. @throws Fault `kit.too_many_requests` */
  add(request: FastifyRequest, reply: FastifyReply): void {
    const { caller, signal } = callOf(request);
    const who = caller === visitor ? networkOf(request.ip) : `${caller.tenantId} ${caller.actor.id}`;
    const open = this.#open.get(who) ?? 0;
    const most = caller.actor.kind === "customer" ? mostStreamsOfCustomer : mostStreams;
    if (open >= most) throw tooManyRequests({ seconds: askAgainSeconds });
    // Whoever went away while they were asked who they are doesn't go again.
    if (signal.aborted) return;
    this.#open.set(who, open + 1);
    reply.raw.once("close", () => this.#remove(who));
  }

  #remove(who: string): void {
    const left = (this.#open.get(who) ?? 1) - 1;
    if (left > 0) this.#open.set(who, left);
    else this.#open.delete(who);
  }
}
