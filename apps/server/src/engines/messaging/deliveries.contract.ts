import { permission } from "@zhanggui/kit/contract/permission";
import { z } from "zod";

export const messagingRead = permission("messaging:read", { zh: "查看消息与投递", en: "See messages and deliveries" }, [
  "operator",
  "reviewer",
  "developer",
]);
/**
 * `ready`: will be sent; `submitting`: on its way out; `accepted`: the provider took it; `delivered`: the provider says
 * it arrived; `failed`: refused; `unknown`: the server died or lost the answer in the middle, so it may or may not have
 * gone out, and it is not sent again; `suppressed`: not sent, for the reason in its decisions.
 */
export const DeliveryState = z.enum([
  "ready",
  "submitting",
  "accepted",
  "delivered",
  "failed",
  "unknown",
  "suppressed",
]);
export type DeliveryState = z.output<typeof DeliveryState>;
/** In words. */
export const deliveryStates = {
  ready: { zh: "待发送", en: "Queued", tone: "info", hint: { zh: "排队中，马上发送。", en: "Waiting for its turn." } },
  submitting: {
    zh: "发送中",
    en: "Sending",
    tone: "info",
    hint: { zh: "正在提交给对方服务器。", en: "On its way to the provider." },
  },
  accepted: {
    zh: "已受理",
    en: "Accepted",
    tone: "info",
    hint: {
      zh: "对方服务器已收下，等待送达回执（邮件没有回执）。",
      en: "The provider took it; its receipt is awaited (mail has none).",
    },
  },
  delivered: {
    zh: "已送达",
    en: "Delivered",
    tone: "good",
    hint: { zh: "对方服务器确认已送达。", en: "The provider says that it arrived." },
  },
  failed: {
    zh: "失败",
    en: "Failed",
    tone: "bad",
    hint: { zh: "被拒绝或多次重试后放弃。", en: "Refused, or given up after many tries." },
  },
  unknown: {
    zh: "结果未知",
    en: "Unknown",
    tone: "warn",
    hint: {
      zh: "发送途中失去答复，可能已送出，因此不会重发。",
      en: "The answer was lost; it may have gone out, so it is not sent again.",
    },
  },
  suppressed: {
    zh: "未发送",
    en: "Not sent",
    tone: "quiet",
    hint: { zh: "按规则没有发送，原因见决定。", en: "Not sent on purpose; its decision says why." },
  },
} as const;
