import { pushTries } from "@zhanggui/wechat/push";
import type { PassiveReply } from "@zhanggui/wechat/reply";

/** A passive reply, and whether WeChat took it. */
export interface GivenReply {
  /** `text`, `image`, `news` … */
  readonly kind: PassiveReply["type"];
  /** What it says; of what isn't text its kind in brackets. */
  readonly text: string;
  /** How what isn't text is called, if it is. */
  readonly title: string;
  readonly by: string;
  readonly state: "taken" | "doubtful";
}

/**
 * What was replied to a push while WeChat waited; null if nothing was. It asks again as long as it got no answer, so
 * whatever it asked less often than it could has reached it. After the last try it says nothing more; and where the
 * connection closed before the answer was written, and no other try came, it can't have read it.
 */
export function givenReply(push: {
  readonly reply: PassiveReply | null;
  readonly replyBy: string | null;
  readonly repeats: number;
  readonly lostTry: number | null;
}): GivenReply | null {
  const { reply, replyBy, repeats, lostTry } = push;
  if (reply === null || reply.type === "none" || replyBy === null) return null;
  const isDoubtful = repeats + 1 >= pushTries || (lostTry ?? 0) > repeats;
  const text = reply.type === "text" ? reply.content : `[${reply.type}]`;
  const title = reply.type === "news" ? (reply.articles[0]?.title ?? "") : "title" in reply ? (reply.title ?? "") : "";
  return { kind: reply.type, text, title, by: replyBy, state: isDoubtful ? "doubtful" : "taken" };
}
