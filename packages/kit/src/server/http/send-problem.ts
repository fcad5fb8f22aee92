import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { languageOf } from "../../contract/text.ts";
import { traceIdOf } from "./call.ts";
import { describeRequest } from "./request-log.ts";
import { problemPage, problemPagePolicy } from "./problem-page.ts";
import { problemType, toFault, toProblem } from "./problem.ts";

/** Answers with whatever went wrong, in the caller's language: as a problem, or as a page where people come by. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const fault = toFault(error, request.routeOptions?.bodyLimit ?? 0);
  const { status, code } = fault.definition;
  const traceId = traceIdOf(request);
  describeRequest(request, { traceId, code, ...(status >= 500 ? { err: fault.cause ?? fault } : {}) });
  if (status === 401) reply.header("www-authenticate", "Bearer");
  if (fault.retryAfterSeconds !== undefined) reply.header("retry-after", String(fault.retryAfterSeconds));
  if (!request.raw.complete) reply.raw.once("finish", () => linger(request.raw));
  const language = languageOfRequest(request);
  const problem = toProblem(fault, language, traceId);
  reply.status(status).header("x-trace-id", traceId);
  const { forPeople } = request.routeOptions?.config?.contract ?? {};
  if (forPeople !== undefined && /text\/html/.test(request.headers.accept ?? "")) {
    reply.header("cache-control", "no-store").header("content-security-policy", problemPagePolicy);
    reply
      .type("text/html; charset=utf-8")
      .send(problemPage(problem, language, forPeople === true ? undefined : forPeople.back));
  } else reply.header("content-type", problemType).send(JSON.stringify(problem));
}

const lingerMs = 2000;
const lingerBytes = 8 * 1024 * 1024;

/**
 * A client that is still sending may not look at the answer before it is done, and would only see the connection break.
 * So what it sends is read and thrown away for a moment; then the connection does break.
 */
function linger(raw: IncomingMessage): void {
  const { socket } = raw;
  let left = lingerBytes;
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  raw.once("close", () => clearTimeout(timer));
  raw.once("end", () => clearTimeout(timer));
  raw.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
}

export function languageOfRequest(request: FastifyRequest) {
  return languageOf(request.headers["accept-language"]);
}
