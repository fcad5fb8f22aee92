import type { Ctx } from "@zhanggui/kit/server/ctx";
import { extensionPoint } from "@zhanggui/kit/server/extensions";
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

/** For engines above: who may answer a message while WeChat waits. */
export const responder = extensionPoint<Responder>("connect.responder");
