/** What people say themselves, beside what their phone or WeChat reports. */
export const writtenKinds = ["text", "image", "voice", "video", "shortvideo", "location", "link"] as const;
/** What WeChat reports of messages that we sent. */
export const receiptKinds = [
  "event:TEMPLATESENDJOBFINISH",
  "event:MASSSENDJOBFINISH",
  "event:subscribe_msg_sent_event",
] as const;

/** Whose word something is: the customer's own, what they did (a scan, a tap), or WeChat's about our messages. */
export type Origin = "message" | "event" | "receipt";

export function originOf(kind: string): Origin {
  if (includes(writtenKinds, kind)) return "message";
  return includes(receiptKinds, kind) ? "receipt" : "event";
}

function includes(kinds: readonly string[], kind: string): boolean {
  return kinds.includes(kind);
}
