import type { Sending } from "../../../foundation/codes/code-sender.ts";

const timeoutMs = 10_000;
/** What passes: a provider that is overloaded, or not there for a moment (RFC 9110 §15). */
const passing: ReadonlySet<number> = new Set([425, 429, 503]);
/** Nothing was sent: nobody was there to take it. */
const unreached: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

interface Given {
  readonly id: string;
  readonly to: string;
  readonly text: string;
}

/** Hands a text to whoever `SMS_URL` names. */
export async function postText(
  {
    SMS_URL: url,
    SMS_TOKEN: token,
  }: { readonly SMS_URL?: string | undefined; readonly SMS_TOKEN?: string | undefined },
  given: Given,
  signal: AbortSignal,
): Promise<Sending> {
  if (url === undefined) return { kind: "refused", reason: "no SMS_URL" };
  const answer = await post(url, token, JSON.stringify(given), signal).catch((error: unknown) => error);
  if (!(answer instanceof Response)) return asUnanswered(answer);
  await answer.body?.cancel();
  if (answer.ok) return { kind: "sent" };
  // What else went wrong there may have gone wrong after the message was on its way: a second one costs, too.
  return { kind: passing.has(answer.status) ? "later" : "refused", reason: `HTTP ${answer.status}` };
}

function post(url: string, token: string | undefined, body: string, signal: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
}

/** Sent again only where it certainly wasn't taken. */
function asUnanswered(error: unknown): Sending {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (unreached.has(code)) return { kind: "later", reason: String(code) };
  return {
    kind: "refused",
    reason: `no answer, it may have arrived (${error instanceof Error ? error.message : "?"})`,
  };
}
