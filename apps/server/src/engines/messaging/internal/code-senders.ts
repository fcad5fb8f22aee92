import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { CodeMessage, CodeSender, Sending } from "../../../foundation/codes/code-sender.ts";
import { Senders } from "./senders.ts";

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

/** Brings verification codes by mail. */
@Injectable()
export class MailCodes implements CodeSender {
  readonly channel = "mail";

  constructor(private readonly senders: Senders) {}

  isReady(): boolean {
    return this.senders.hasMailServer;
  }

  async send(_ctx: Ctx, { id, address, subject, text }: CodeMessage): Promise<Sending> {
    const outcome = await this.senders.mail({ id, to: address, subject, text });
    if (outcome.kind === "not_sent") return { kind: "later", reason: outcome.reason };
    // Whether an unknown one arrived its owner sees; a second one would be another code in their inbox.
    return outcome.kind === "refused" ? { kind: "refused", reason: outcome.because.en } : { kind: "sent" };
  }
}

/** Brings them by text message, to whoever `SMS_URL` names. */
@Injectable()
export class TextCodes implements CodeSender {
  readonly channel = "phone";

  constructor(private readonly runtime: Runtime) {}

  isReady(): boolean {
    return this.runtime.env.SMS_URL !== undefined;
  }

  /** Where it is, if it answers at all. */
  async check(signal: AbortSignal): Promise<string | undefined> {
    const { SMS_URL: url } = this.runtime.env;
    if (url === undefined) return undefined;
    const answer = await fetch(url, { method: "HEAD", redirect: "manual", signal });
    await answer.body?.cancel();
    return new URL(url).host;
  }

  async send({ signal }: Ctx, { id, address, text }: CodeMessage): Promise<Sending> {
    const { SMS_URL: url, SMS_TOKEN: token } = this.runtime.env;
    if (url === undefined) return { kind: "refused", reason: "no SMS_URL" };
    const body = JSON.stringify({ id, to: address, text });
    const answer = await this.#post(url, token, body, signal).catch((error: unknown) => error);
    if (!(answer instanceof Response)) return asUnanswered(answer);
    await answer.body?.cancel();
    if (answer.ok) return { kind: "sent" };
    // What else went wrong there may have gone wrong after the message was on its way: a second one costs, too.
    return { kind: passing.has(answer.status) ? "later" : "refused", reason: `HTTP ${answer.status}` };
  }

  #post(url: string, token: string | undefined, body: string, signal: AbortSignal): Promise<Response> {
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
