import type { FastifyReply, FastifyRequest } from "fastify";
import { pause } from "../pause.ts";
import type { Carrier, CarrierAccount, CarrierFault } from "./model.ts";
import type { MobileNetwork } from "./network.ts";

/** A carrier's answer: HTTP status and a body. */
export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** What a carrier's own code is for the account, once the call is known to be its own. */
export type Work = (account: CarrierAccount, refusal: string | undefined) => Answer;

/** Finds out whose call it is; the work is done in `perform`, unless a fault comes before. */
export interface Reading {
  readonly account: CarrierAccount | undefined;
  readonly what: string;
  readonly work: Work;
}

/** Answers one call of a carrier's: the same faults and the same journal for all. */
export async function answer(
  network: MobileNetwork,
  carrier: Carrier,
  read: (call: Call) => Reading | Answer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const startedAt = performance.now();
  const call = callOf(request);
  const reading = read(call);
  const fault = "work" in reading && reading.account ? network.takeFault(reading.account, "call") : undefined;
  if (fault?.delayMs !== undefined) await pause(fault.delayMs, network.state.stopping.signal);
  const sent = "work" in reading ? perform(reading, fault) : reading;
  const isCut = fault?.drop !== undefined;
  network.state.journal.add({
    id: network.state.nextId("text"),
    at: network.state.now(),
    kind: "sms",
    appid: null,
    what: `${carrier}: ${"what" in reading ? reading.what : "refused"}`,
    method: call.method,
    url: call.url,
    status: isCut ? null : sent.status,
    errcode: null,
    ms: Math.round(performance.now() - startedAt),
    tries: 1,
    request: carrier === "emay" ? `(${call.body.length} bytes, sealed)` : call.body.toString("utf8").slice(0, 4000),
    response: typeof sent.body === "string" ? sent.body.slice(0, 4000) : `(${sent.body.length} bytes, sealed)`,
    note:
      fault === undefined
        ? "ok"
        : `a fault: ${isCut ? `the connection was cut, ${fault.drop} the work` : "as ordered"}`,
  });
  if (isCut) {
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }
  for (const [name, value] of Object.entries(sent.headers ?? {})) reply.header(name, value);
  return reply
    .status(sent.status)
    .header("content-type", sent.contentType ?? "application/json;charset=utf-8")
    .send(sent.body);
}

function perform({ account, work }: Reading, fault: CarrierFault | undefined): Answer {
  if (account === undefined) throw new Error("a reading without an account has no work");
  if (fault?.drop === "before") return { status: 0, body: "" };
  if (fault?.status !== undefined) return { status: fault.status, body: "", contentType: "text/html" };
  return work(account, fault?.code);
}

function callOf({ method, url, headers, body }: FastifyRequest): Call {
  const start = url.indexOf("?");
  return {
    method,
    url,
    path: start < 0 ? url : url.slice(0, start),
    query: Object.fromEntries(new URLSearchParams(start < 0 ? "" : url.slice(start + 1))),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
    ),
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  };
}

const mainland = /^(?:\+86|0086|86)?(1[3-9]\d{9})$/;

/** `+8613800000000`, or null for what is no mobile number of the mainland. */
export function mobileOf(given: string): string | null {
  const found = mainland.exec(given.trim());
  return found === null ? null : `+86${found[1]}`;
}
