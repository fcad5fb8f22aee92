import { event } from "@zhanggui/kit/contract/event";
import { Id } from "@zhanggui/kit/contract/ids";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { AppKind } from "./app.contract.ts";
import { openidKey } from "./openid.ts";

/** An app was bound, or bound again: what goes with it is made, or looked after. */
export const appBound = event(
  "connect.app_bound.v1",
  z.object({ wechatAppId: Id, kind: AppKind, name: z.string(), boundAt: Instant }),
);

/**
 * Somebody wrote to, followed, left or scanned a code of a bound app. Once per message, however often WeChat sends it;
 * what one of them does is handled in its order.
 */
export const messageReceived = event(
  "connect.message_received.v1",
  z.object({
    inboundId: Id,
    wechatAppId: Id,
    openid: z.string(),
    /** `text`, `image` …, or `event:subscribe`, `event:unsubscribe`, `event:SCAN`, `event:CLICK` … */
    kind: z.string(),
    /** The channel whose code was scanned, if any. */
    channelId: Id.nullable(),
    text: z.string().nullable(),
    /** What made the passive reply, e.g. `messaging.rule:<id>`; null if nothing did. */
    replyBy: z.string().nullable(),
    /** Some of the reply, or all of it, is still to be sent by a message of its own. */
    hasMore: z.boolean().default(false),
    /** The reply at once doesn't answer them: they wait all the same. */
    leavesWaiting: z.boolean().default(false),
    sentAt: Instant,
  }),
  { key: openidKey },
);

/** WeChat reports how a template message ended. */
export const templateFinished = event(
  "connect.template_finished.v1",
  z.object({
    wechatAppId: Id,
    openid: z.string(),
    /** WeChat's number of the message, as text: it has 64 bits. */
    msgId: z.string(),
    /** WeChat's own word: `success`, `failed:user block`, `failed: system failed`. */
    status: z.string(),
  }),
);

/** WeChat reports how a mass sending ended. */
export const massFinished = event(
  "connect.mass_finished.v1",
  z.object({
    wechatAppId: Id,
    /** WeChat's number of the sending, as text. */
    msgId: z.string(),
    /** WeChat's own word: `send success`, `send fail`, `err(10001)` … */
    status: z.string(),
    total: z.int(),
    sent: z.int(),
    failed: z.int(),
  }),
);

/**
 * Somebody accepted or refused messages of some templates: in the dialogue, or later in their settings, where WeChat
 * only tells of refusals.
 */
export const subscriptionsAnswered = event(
  "connect.subscriptions_answered.v1",
  z.object({
    inboundId: Id,
    wechatAppId: Id,
    openid: z.string(),
    where: z.enum(["dialogue", "settings"]),
    answers: z.array(z.object({ templateId: z.string(), answer: z.enum(["accept", "reject"]) })),
    sentAt: Instant,
  }),
  { key: openidKey },
);

/** WeChat reports what became of subscription messages. */
export const subscriptionsSent = event(
  "connect.subscriptions_sent.v1",
  z.object({
    wechatAppId: Id,
    openid: z.string(),
    sent: z.array(z.object({ templateId: z.string(), msgId: z.string(), errorCode: z.string(), status: z.string() })),
    sentAt: Instant,
  }),
  { key: openidKey },
);
