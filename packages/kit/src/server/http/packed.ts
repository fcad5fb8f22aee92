import { promisify } from "node:util";
import { gzip } from "node:zlib";
import negotiate from "@fastify/accept-negotiator";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What fits into one packet travels no faster when it is smaller. */
const worthPackingBytes = 1_400;
/** More takes the processor longer than it takes off the line. */
const level = 4;
const pack = promisify(gzip);

/**
 * What is read, as its asker takes it: a page of a list is a fifth of itself. Writes aren't packed, so that
 * no session's reply is told by its length; what has an entity tag isn't, since that is of its bytes.
 */
export async function packed(text: string, request: FastifyRequest, reply: FastifyReply): Promise<string | Buffer> {
  if (request.method !== "GET" || reply.hasHeader("etag") || text.length < worthPackingBytes) return text;
  reply.header("vary", "accept-encoding");
  if (negotiate(request.headers["accept-encoding"] ?? "", ["gzip"]) !== "gzip") return text;
  reply.header("content-encoding", "gzip");
  return pack(text, { level });
}
