import type { Ctx } from "@zhanggui/kit/server/ctx";
import { extensionPoint } from "@zhanggui/kit/server/extensions";
import type { PassiveReply } from "@zhanggui/wechat/reply";

/** What a responder may go by: the openid is all that is known of the sender while WeChat waits. */
export interface IncomingMessage {
  readonly wechatAppId: string;
  readonly openid: string;
  readonly kind: string;
  readonly text: string | null;
  /** Of a tap on the menu: the button's key. */
  readonly eventKey: string | null;
  readonly channelId: string | null;
}

export interface Answer {
  readonly reply: PassiveReply;
  /** What chose it, for the record: `messaging.rule:<id>`. */
  readonly by: string;
  /** Something of it is still to be sent, by whoever gave it: `reply` is the first part, or nothing yet. */
  readonly hasMore?: boolean;
  /** It answers nobody yet: they wait for a person, or for what is still to be sent. */
  readonly leavesWaiting?: boolean;
}

/**
 * Reads what it goes by, and gives back how it answers: from memory if it can, because WeChat waits. What it has read
 * is kept until the tenant's configuration changes (`kit_configuration_changed`). It may be asked more than once for
 * one message, and writes nothing.
 */
export type Responder = (ctx: Ctx) => Promise<Answering>;
export type Answering = (message: IncomingMessage) => Answer | undefined | Promise<Answer | undefined>;

/** For engines above: who may answer a message while WeChat waits. */
export const responder = extensionPoint<Responder>("connect.responder");
