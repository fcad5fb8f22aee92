import type {
  DeliveryDetail,
  DeliveryState,
  DeliverySummary,
} from "@zhanggui/server/engines/messaging/messaging.contract";
import type { z } from "zod";

export type State = z.output<typeof DeliveryState>;
export type Summary = z.output<typeof DeliverySummary>;
export type Detail = z.output<typeof DeliveryDetail>;

/** Whether a delivery is still about to change by itself. */
export function isUnderWay({ state, channel }: Pick<Summary, "state" | "channel">): boolean {
  // WeChat sends a receipt; a mail server's word is the last one.
  return state === "ready" || state === "submitting" || (state === "accepted" && channel === "wechat_template");
}
