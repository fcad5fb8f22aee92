import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type {
  Conversation as ConversationShape,
  ConversationDetail,
  ThreadEntry,
} from "@zhanggui/server/engines/messaging/conversations.contract";
import type { z } from "zod";
import { inLanguage } from "../common/language.ts";

export type Conversation = z.output<typeof ConversationShape>;
export type Detail = z.output<typeof ConversationDetail>;
export type Entry = z.output<typeof ThreadEntry>;
export type Noted = NonNullable<Entry["note"]>;

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

const hourMs = 60 * minuteMs;
const snoozes = [
  { hours: 1, label: { zh: "1 小时后", en: "In an hour" } },
  { hours: 4, label: { zh: "4 小时后", en: "In four hours" } },
  { hours: 24, label: { zh: "明天这个时候", en: "This time tomorrow" } },
];

/** Until when a conversation may be put off: nothing is offered that is later than WeChat takes an answer. */
export function snoozesOf({ snoozableUntil }: Pick<Detail, "snoozableUntil">, nowMs: number) {
  if (snoozableUntil === null) return [];
  const latest = Date.parse(snoozableUntil);
  const offered = snoozes
    .map(({ hours, label }) => ({ until: nowMs + hours * hourMs, label }))
    .filter(({ until }) => until <= latest);
  const last = {
    until: latest,
    label: { zh: `最晚：${timeOf(snoozableUntil)}`, en: `At the latest: ${timeOf(snoozableUntil)}` },
  };
  return [...offered, ...(latest > nowMs ? [last] : [])].map(({ until, label }) => ({
    until: new Date(until).toISOString(),
    label,
  }));
}

/** How many answers WeChat still takes. */
export function answersLeft(count: number): LocalizedText {
  return { zh: `还可回复 ${count} 条`, en: count === 1 ? "1 answer left" : `${count} answers left` };
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

const partWords: Readonly<Record<string, LocalizedText>> = {
  image: { zh: "图片", en: "Picture" },
  voice: { zh: "语音", en: "Voice" },
  video: { zh: "视频", en: "Video" },
  news: { zh: "图文", en: "Link" },
  link: { zh: "图文", en: "Link" },
  rest: { zh: "其余的回复", en: "The rest of the answer" },
  card: { zh: "小程序", en: "Mini-program" },
  miniprogram: { zh: "小程序", en: "Mini-program" },
  miniprogrampage: { zh: "小程序", en: "Mini-program" },
};

/** What a message of ours says: its text, or what kind of thing it is and how that is called. */
export function saidBy({ text, message }: Readonly<Record<string, unknown>>): string {
  if (typeof text === "string") return text;
  const { type = "", title = "" } = (message ?? {}) as { type?: string; title?: string };
  return inBrackets(type, title);
}

/** What isn't text: what kind of thing it is, and how it is called. */
export function inBrackets(type: string, title: string): string {
  return `[${inLanguage(partWords[type] ?? { zh: type, en: type })}] ${title}`.trim();
}

/** What staff did, in a sentence. */
export function notedWords({ kind, author, to, until }: Noted): LocalizedText {
  const by = author ?? "";
  const whom = to ?? "";
  switch (kind) {
    case "taken":
      return { zh: `${by} 接手了会话`, en: `${by} took the conversation` };
    case "assigned":
      return author === null
        ? { zh: `轮到 ${whom} 接待`, en: `It is ${whom}’s turn` }
        : { zh: `${by} 分配给了 ${whom}`, en: `${by} gave it to ${whom}` };
    case "handed_over":
      return { zh: `${by} 转交给了 ${whom}`, en: `${by} handed it over to ${whom}` };
    case "released":
      if (author === null)
        return {
          zh: "负责人已不能回复客户，会话放回了未分配",
          en: "Whoever had it may answer customers no more: it is everybody’s again",
        };
      return { zh: `${by} 放回了未分配`, en: `${by} gave it back to everybody` };
    case "closed":
      return { zh: `${by} 结束了会话`, en: `${by} closed the conversation` };
    case "snoozed":
      return { zh: `${by} 设为稍后处理：${timeOf(until)}`, en: `${by} snoozed it until ${timeOf(until)}` };
    case "note":
      return { zh: `${by} 的内部备注`, en: `A note by ${by}` };
  }
}

function timeOf(until: string | null): string {
  return until === null ? "" : new Date(until).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
}
