import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type {
  Conversation as ConversationShape,
  ConversationDetail,
  ThreadEntry,
} from "@zhanggui/server/engines/messaging/conversations.contract";
import type { z } from "zod";

export type Conversation = z.output<typeof ConversationShape>;
export type Detail = z.output<typeof ConversationDetail>;
export type Entry = z.output<typeof ThreadEntry>;

const minuteMs = 60_000;
const over: LocalizedText = { zh: "已超时", en: "time is up" };

/** How much is left of the time in which WeChat takes an answer, in words. */
export function windowLeft(until: string, nowMs: number): LocalizedText {
  const minutes = Math.ceil((Date.parse(until) - nowMs) / minuteMs);
  if (minutes <= 0) return over;
  if (minutes < 60) return { zh: `剩 ${minutes} 分钟`, en: `${minutes} min left` };
  const hours = Math.floor(minutes / 60);
  return { zh: `剩 ${hours} 小时`, en: `${hours} h left` };
}

/** After so long a silence a chat shows the time again, as on the phone. */
const silenceMs = 5 * minuteMs;

/** Whether the time stands above an entry. Oldest first. */
export function showsTime(entry: Entry, before: Entry | undefined): boolean {
  return before === undefined || Date.parse(entry.at) - Date.parse(before.at) > silenceMs;
}

/**
 * What is known of a thread with a fresh look at its newest page: entries change (a reply arrives, a rule's answer
 * turns out to be lost), new ones come, and those before the page stay. Newest first.
 *
 * @returns undefined if so much has come that the page doesn't reach what was known: then the page is all there is
 */
export function withPage(known: readonly Entry[], page: readonly Entry[], isLast: boolean): Entry[] | undefined {
  const oldest = page.at(-1);
  if (oldest === undefined) return [];
  const isJoined = isLast || known.some(({ id }) => id >= oldest.id);
  if (!isJoined) return undefined;
  return [...page, ...known.filter(({ id }) => id < oldest.id)];
}

/** In UTF-8, as WeChat counts a text's length. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
