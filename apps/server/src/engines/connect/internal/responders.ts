import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { responder, type Answer, type IncomingMessage } from "../responders.ts";

/** Asks the responders of the engines above, one after the other; the first answer counts. */
@Injectable()
export class Responders {
  readonly #extensions: Extensions;

  constructor(extensions: Extensions) {
    this.#extensions = extensions;
  }

  /** The first answer, or undefined if there is none in time. A responder that fails is logged and skipped. */
  async answer(ctx: Ctx, message: IncomingMessage, timeoutMs: number): Promise<Answer | undefined> {
    const timer = Promise.withResolvers<undefined>();
    const timeout = setTimeout(() => {
      ctx.log.warn({ timeoutMs, openid: message.openid }, "no reply in time; WeChat gets an empty answer");
      timer.resolve(undefined);
    }, timeoutMs);
    try {
      return await Promise.race([this.#first(ctx, message), timer.promise]);
    } finally {
      clearTimeout(timeout);
    }
  }

  async #first(ctx: Ctx, message: IncomingMessage): Promise<Answer | undefined> {
    for (const { name, value: respond } of this.#extensions.of(responder)) {
      try {
        const answer = await respond(ctx, message);
        if (answer !== undefined) return answer;
      } catch (error) {
        ctx.log.error({ err: error, responder: name }, "a responder failed");
      }
    }
    return undefined;
  }
}
