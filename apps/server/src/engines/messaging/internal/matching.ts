import type { IncomingMessage } from "../../connect/responders.ts";
import type { MessagingTables } from "../messaging.tables.ts";
import type { Selectable } from "kysely";
import { BadPattern, compilePattern, type Effort, newEffort, type Pattern } from "./pattern.ts";

export type RuleRow = Selectable<MessagingTables["messaging_rule"]>;
/** A rule whose words are ready to be held against a message. */
export interface ReadyRule {
  readonly row: RuleRow;
  readonly says: (text: string, effort?: Effort) => boolean;
}

/** As texts are compared: in any case, without what surrounds them. */
export function plain(text: string): string {
  return text.trim().toLowerCase();
}

/** Compiles its words once, for many messages. */
export function ready(row: RuleRow): ReadyRule {
  return { row, says: saysOf(row) };
}

export function saysOf({ keywords, match }: Pick<RuleRow, "keywords" | "match">): ReadyRule["says"] {
  if (match === "pattern") {
    const patterns = keywords.flatMap(patternOf);
    return (text, effort) => patterns.some((pattern) => pattern(text, effort));
  }
  const words = keywords.map(plain).filter((word) => word !== "");
  if (match === "exact") return (text) => words.includes(text);
  if (match === "starts") return (text) => words.some((word) => text.startsWith(word));
  return (text) => words.some((word) => text.includes(word));
}

/** Refused when it is saved; one that got past that matches nothing. */
function patternOf(source: string): Pattern[] {
  try {
    return [compilePattern(source)];
  } catch (error) {
    if (error instanceof BadPattern) return [];
    throw error;
  }
}

/** What is written, tapped or opened in a chat; anything else is an event of its own. */
const eventKinds: Readonly<Record<string, RuleRow["on"]>> = {
  "event:subscribe": "follow",
  "event:CLICK": "click",
  "event:user_enter_tempsession": "enter",
};
const written = new Set(["text", "image", "voice", "video", "shortvideo", "location", "link"]);

/** All patterns of all rules share what one message may cost: nobody else waits for it. */
const efforts = new WeakMap<IncomingMessage, Effort>();
function effortFor(message: IncomingMessage): Effort {
  const effort = efforts.get(message) ?? newEffort();
  efforts.set(message, effort);
  return effort;
}

/**
 * Whether a rule is meant for this message; whether it answers depends on those before it.
 *
 * @param clock the tenant's time of day, `HH:MM`
 */
export function applies({ row, says }: ReadyRule, message: IncomingMessage, clock: string): boolean {
  if (row.wechatAppId !== null && row.wechatAppId !== message.wechatAppId) return false;
  if (row.channelId !== null && row.channelId !== message.channelId) return false;
  if (!isActive(row, clock)) return false;
  switch (row.on) {
    case "scan":
      return message.channelId !== null;
    case "keyword":
      return message.text !== null && says(plain(message.text), effortFor(message));
    case "default":
      return written.has(message.kind);
    case "click":
      if (row.eventKey !== null && row.eventKey !== message.eventKey) return false;
      return eventKinds[message.kind] === "click";
    case "follow":
    case "enter":
      return eventKinds[message.kind] === row.on;
  }
}

export function isActive(
  { activeFrom, activeUntil }: Pick<RuleRow, "activeFrom" | "activeUntil">,
  clock: string,
): boolean {
  if (activeFrom === null || activeUntil === null) return true;
  return activeFrom < activeUntil
    ? clock >= activeFrom && clock < activeUntil
    : clock >= activeFrom || clock < activeUntil;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** The time of day in a zone, `HH:MM`. */
export function clockIn(zone: string, now: Date): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    formats.set(zone, format);
  }
  return format.format(now);
}
