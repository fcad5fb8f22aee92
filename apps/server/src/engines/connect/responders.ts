import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { PassiveReply } from "@zhanggui/wechat/reply";

/** What a responder may go by: the openid is all that is known of the sender while WeChat waits. */
export interface IncomingMessage {
  readonly wechatAppId: string;
  readonly openid: string;
  readonly kind: string;
  readonly text: string | null;
  readonly channelId: string | null;
}

export interface Answer {
  readonly reply: PassiveReply;
  /** What chose it, for the record: `messaging.rule:<id>`. */
  readonly by: string;
}

/** Reads and decides, writes nothing: it may be asked more than once for one message. */
export type Responder = (ctx: Ctx, message: IncomingMessage) => Promise<Answer | undefined>;

/** Who may answer a message while WeChat waits. Engines above register downward, at start; the first answer counts. */
@Injectable()
export class Responders {
  readonly #responders: { name: string; respond: Responder }[] = [];

  register(name: string, respond: Responder): void {
    this.#responders.push({ name, respond });
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
    for (const { name, respond } of this.#responders) {
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
