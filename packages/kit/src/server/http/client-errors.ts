import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { badRequest } from "../../contract/faults.ts";
import type { Logger } from "../log.ts";
import { newTraceId } from "../ctx-parts.ts";
import { problemType, toProblem } from "./problem.ts";

/** What Node's parser says of a request that it gives up (https://nodejs.org/api/http.html#event-clienterror). */
const statuses: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** The caller left in the middle, of the head or of the body; if there was a request, its own line says so. */
const gone: ReadonlySet<string> = new Set(["ECONNRESET", "HPE_INVALID_EOF_STATE"]);

/**
 * Answers what Node's own parser refuses before there is a request: bytes that aren't HTTP, too long a head, a head that
 * never ends. As a problem like any other, with a line in the log. Nobody knows yet which language the caller speaks.
 */
export function refuseMalformedRequests(log: Logger): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (!socket.writable || gone.has(error.code ?? "")) return void socket.destroy();
    const status = statuses[error.code ?? ""] ?? badRequest.status;
    const traceId = newTraceId();
    log.info(
      { status, code: badRequest.code, reason: error.code, traceId, bytes: socket.bytesRead },
      "request refused",
    );
    const body = JSON.stringify({ ...toProblem(badRequest(), "zh", traceId), status });
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        `content-type: ${problemType}`,
        `content-length: ${Buffer.byteLength(body)}`,
        `x-trace-id: ${traceId}`,
        "connection: close",
        "",
        body,
      ].join("\r\n"),
    );
  };
}
