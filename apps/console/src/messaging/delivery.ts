import type {
  DeliveryDetail,
  DeliveryState,
  DeliverySummary,
} from "@zhanggui/server/engines/messaging/messaging.contract";
import type { z } from "zod";
import type { Tone } from "../common/tone.ts";

export type State = z.output<typeof DeliveryState>;
export type Summary = z.output<typeof DeliverySummary>;
export type Detail = z.output<typeof DeliveryDetail>;

export const stateTones: Readonly<Record<State, Tone>> = {
  ready: "info",
  submitting: "info",
  accepted: "info",
  delivered: "good",
  failed: "bad",
  unknown: "warn",
  suppressed: "quiet",
};

/** Whether a delivery is still about to change by itself. */
export function isUnderWay({ state, channel }: Pick<Summary, "state" | "channel">): boolean {
  // WeChat sends a receipt; a mail server's word is the last one.
  return state === "ready" || state === "submitting" || (state === "accepted" && channel === "wechat_template");
}
