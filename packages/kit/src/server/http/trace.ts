import { BlockList, isIP } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { newSpanId } from "../tracing/spans.ts";
import { callOf } from "./call.ts";
import { describeRequest } from "./request-log.ts";

/** Reads addresses and networks (`10.0.0.0/8`), as the environment lists them. */
export function readNetworks(list: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const entry of list) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(bits), family);
  }
  return networks;
}

/** Whether an address is among them; what isn't an address (a proxy may send anything) is not. */
export function contains(networks: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && networks.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** Whether a request comes straight from one of these addresses; what a proxy says of its own callers doesn't count. */
export function isFrom(request: FastifyRequest, networks: BlockList): boolean {
  const { remoteAddress } = request.raw.socket;
  return remoteAddress !== undefined && contains(networks, remoteAddress);
}

/**
 * Goes on in the caller's trace (W3C Trace Context `traceparent`). Only for callers whom we trust: a stranger could
 * write themselves into somebody's trace.
 */
export function joinTrace(request: FastifyRequest, reply: FastifyReply): void {
  const brought = String(request.headers["traceparent"] ?? "");
  const [, traceId, parentSpanId] =
    /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/.exec(brought) ?? [];
  if (traceId === undefined || parentSpanId === undefined) return;
  // A caller's trace may have several requests to us: each has a span of its own.
  Object.assign(callOf(request), { traceId, parentSpanId, spanId: newSpanId() });
  describeRequest(request, { traceId });
  reply.header("x-trace-id", traceId);
}
