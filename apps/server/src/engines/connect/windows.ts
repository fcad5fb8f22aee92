import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import {
  type CustomMessageOccasion,
  customMessageGrants,
  type CustomMessageSender,
} from "@zhanggui/wechat/calls/custom-messages";
import { writtenKinds } from "./kinds.ts";
import type { Openid } from "./openid.ts";

/** How many customer-service messages WeChat takes, until when. */
export interface Allowance {
  readonly left: number;
  readonly until: Date;
}
/** Something that somebody did, which lets the account write. */
export interface Occasion {
  /** `leave`: they stopped following, and nothing is granted any more. */
  readonly occasion: CustomMessageOccasion | "leave";
  /** By WeChat's clock; the window counts from here. */
  readonly sentAt: Date;
  readonly receivedAt: Date;
}

const occasionOf: Readonly<Record<string, Occasion["occasion"]>> = {
  ...Object.fromEntries(writtenKinds.map((kind) => [kind, "message" as const])),
  "event:subscribe": "follow",
  "event:unsubscribe": "leave",
  "event:SCAN": "scan",
  "event:CLICK": "click",
  // Taps on buttons that scan count as taps.
  "unknown:scancode_push": "click",
  "unknown:scancode_waitmsg": "click",
  "event:user_enter_tempsession": "enter",
};
/** Nobody taps more often while a window of theirs is open; what is older has no say once five were granted. */
const mostOccasions = 200;

/**
 * What WeChat takes after what somebody did and what was sent to them: each occasion grants the larger number and the
 * later end, they don't add up, and each message takes one.
 *
 * @param occasions oldest first
 * @param takenAt when messages were taken, or may have been, oldest first
 */
export function allowanceOf(
  sender: CustomMessageSender,
  occasions: readonly Occasion[],
  takenAt: readonly Date[],
): Allowance {
  const grants = customMessageGrants[sender];
  let [left, until] = [0, 0];
  let taken = 0;
  const takeBefore = (ms: number): void => {
    while (taken < takenAt.length && (takenAt[taken]?.getTime() ?? 0) < ms) {
      left = Math.max(0, left - 1);
      taken += 1;
    }
  };
  for (const { occasion, sentAt, receivedAt } of occasions) {
    const at = receivedAt.getTime();
    takeBefore(at);
    if (occasion === "leave") [left, until] = [0, 0];
    const grant = occasion === "leave" ? undefined : grants[occasion];
    if (grant === undefined) continue;
    left = Math.max(until > at ? left : 0, grant.count);
    until = Math.max(until, Math.min(sentAt.getTime(), at) + grant.seconds * 1_000);
  }
  takeBefore(Infinity);
  return { left, until: new Date(until) };
}

/** What lets an account write to somebody. */
@Injectable()
export class Windows {
  /** What they did that still counts, oldest first: from their last message on, for that grants the most. */
  async occasions(ctx: Ctx, { wechatAppId, openid }: Openid): Promise<Occasion[]> {
    const rows = await ctx.db
      .selectFrom("connect_inbound")
      .select(["kind", "sentAt", "receivedAt"])
      .where("wechatAppId", "=", wechatAppId)
      .where("openid", "=", openid)
      .where("kind", "in", Object.keys(occasionOf))
      .orderBy("id", "desc")
      .limit(mostOccasions)
      .execute();
    const last = rows.findIndex(({ kind }) => occasionOf[kind] === "message");
    const counting = last === -1 ? rows : rows.slice(0, last + 1);
    return counting.map(({ kind, ...times }) => ({ occasion: occasionOf[kind] ?? "message", ...times })).toReversed();
  }
}
