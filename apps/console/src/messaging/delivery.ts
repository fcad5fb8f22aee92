import type {
  DeliveryDetail,
  DeliveryState,
  DeliverySummary,
} from "@zhanggui/server/engines/messaging/messaging.contract";
import type { z } from "zod";
import { inLanguage } from "../common/language.ts";

export type State = z.output<typeof DeliveryState>;
export type Summary = z.output<typeof DeliverySummary>;
export type Detail = z.output<typeof DeliveryDetail>;

const automatic = {
  rule: { zh: "自动回复", en: "Auto-reply" },
  busy: { zh: "客服繁忙提示", en: "Told that all are busy" },
};

/** What or who sent it: a scene, somebody, or what writes where nobody does. */
export function senderOf({
  sceneName,
  authorName,
  automatic: by,
}: Pick<Summary, "sceneName" | "authorName" | "automatic">): string {
  return sceneName ?? authorName ?? (by === null ? "—" : inLanguage(automatic[by]));
}

/** Whether a delivery is still about to change by itself. */
export function isUnderWay({ state, channel }: Pick<Summary, "state" | "channel">): boolean {
  // WeChat sends a receipt; a mail server's word is the last one.
  return state === "ready" || state === "submitting" || (state === "accepted" && channel === "wechat_template");
}
