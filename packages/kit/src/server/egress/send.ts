import type { LookupAddress } from "node:dns";
import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { beginSpan } from "../tracing/spans.ts";
import { type Egress, portOf, Refused } from "./egress.ts";

export interface Sent {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/**
 * Asks whoever is behind an address that somebody else has said, on a connection of its own, at an address that was
 * checked; it follows nobody anywhere.
 *
 * @returns the answer, whose body is the caller's to read, or to destroy
 * @throws Refused; what Node throws; the reason of a `signal` that is aborted
 */
export async function send(
  request: Sent,
  { egress, signal }: { readonly egress: Egress; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const { url, method } = request;
  // Without the path: whoever said the address may have put a secret there.
  const attributes = { "http.request.method": method, "server.address": url.hostname, "server.port": portOf(url) };
  const end = beginSpan(method, { kind: "client", attributes });
  try {
    const answer = await sentTo(await unlessAborted(signal, egress.addressesOf(url)), request, signal);
    end?.({ "http.response.status_code": answer.statusCode });
    return answer;
  } catch (error) {
    end?.({}, error ?? new Error("aborted"));
    throw error;
  }
}

function sentTo(
  addresses: readonly LookupAddress[],
  { url, method, headers, body }: Sent,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const ended = Promise.withResolvers<IncomingMessage>();
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const options: RequestOptions = {
    method,
    headers: { ...headers, ...length, connection: "close" },
    signal,
    // No pool: a connection of before leads where the name led before.
    agent: false,
    // The name isn't asked for again. Several addresses are tried as RFC 8305 says.
    lookup: (_name, { all }, tell) => {
      const [first] = addresses;
      if (all === true) tell(null, [...addresses]);
      else tell(null, first?.address ?? "", first?.family);
    },
  };
  const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options);
  request.on("response", ended.resolve);
  request.on("error", ended.reject);
  // Should Node ever find another way to an address: what isn't on the list is cut off.
  request.on("socket", (socket) => {
    socket.once("connect", () => {
      const isChecked = addresses.some(({ address }) => address === socket.remoteAddress);
      if (!isChecked) request.destroy(new Refused("address"));
    });
  });
  request.end(body);
  return ended.promise;
}

/** A look-up can't be stopped: nobody waits for it any longer. */
function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  work.catch(() => {});
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener("abort", abort));
}
