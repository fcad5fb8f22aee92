import { language } from "../common/language.ts";
import { expect, test } from "vitest";
import {
  answersLeft,
  bytesOf,
  type Entry,
  notedWords,
  saidBy,
  showsTime,
  snoozesOf,
  windowLeft,
  withPage,
} from "./conversation.ts";

const entry = (id: string, at = "2026-11-29T10:00:00.000Z"): Entry => ({
  id,
  at,
  traceId: "t",
  said: null,
  autoReply: null,
  sent: null,
  note: null,
});
const ids = (entries: readonly Entry[] | undefined) => entries?.map(({ id }) => id).join("");

test("what is left of the window is said in hours, then in minutes, and never as less than it is", () => {
  const now = Date.parse("2026-11-29T10:00:00.000Z");
  const left = (ms: number) => windowLeft(new Date(now + ms).toISOString(), now).zh;
  expect(left(47.5 * 3_600_000)).toBe("剩 47 小时");
  expect(left(3_600_000)).toBe("剩 1 小时");
  expect(left(3_540_000)).toBe("剩 59 分钟");
  expect(left(1)).toBe("剩 1 分钟");
  expect(left(0)).toBe("已超时");
});

test("the time stands above the first entry, and above what came after five minutes of silence", () => {
  const first = entry("a");
  expect(showsTime(first, undefined)).toBe(true);
  expect(showsTime(entry("b", "2026-11-29T10:05:00.000Z"), first)).toBe(false);
  expect(showsTime(entry("b", "2026-11-29T10:05:00.001Z"), first)).toBe(true);
});

test("a fresh look at the newest page keeps what is older, changes what is in it, and adds what came", () => {
  const known = ["d", "c", "b", "a"].map((id) => entry(id));
  expect(ids(withPage(known, [entry("e"), entry("d")], false))).toBe("edcba");
  expect(ids(withPage([], [entry("b"), entry("a")], false))).toBe(undefined);
  expect(ids(withPage(known, [entry("d"), entry("c")], true))).toBe("dcba");
});

test("where so much has come that the page doesn't reach what was known, there is no gap that looks like none", () => {
  expect(withPage([entry("a")], [entry("z"), entry("y")], false)).toBe(undefined);
  expect(ids(withPage([entry("a")], [], true))).toBe("");
});

test("a text is as long as its bytes", () => {
  expect([bytesOf("tea"), bytesOf("茶"), bytesOf("🍵")]).toEqual([3, 3, 4]);
});

test("nothing is put off beyond the time in which they can be answered", () => {
  const now = Date.parse("2026-11-29T10:00:00.000Z");
  const hours = (until: string): number => (Date.parse(until) - now) / 3_600_000;
  const offered = (left: number) =>
    snoozesOf({ snoozableUntil: new Date(now + left * 3_600_000).toISOString() }, now).map(({ until }) => hours(until));
  expect(offered(47)).toEqual([1, 4, 24, 47]);
  expect(offered(4.5)).toEqual([1, 4, 4.5]);
  expect(offered(0.5)).toEqual([0.5]);
  expect(offered(-1)).toEqual([]);
  expect(snoozesOf({ snoozableUntil: null }, now)).toEqual([]);
});

test("one answer is one, and what isn't text is said by its kind and name", () => {
  language.value = "zh";
  expect([answersLeft(1).en, answersLeft(2).en]).toEqual(["1 answer left", "2 answers left"]);
  expect(saidBy({ message: { type: "miniprogrampage", title: "点单" } })).toBe("[小程序] 点单");
  expect(saidBy({ message: { type: "rest" } })).toBe("[其余的回复]");
});

test("what nobody did is told without a name", () => {
  const note = { kind: "released", author: null, to: null, text: null, until: null } as const;
  expect(notedWords(note).en).toContain("Whoever had it");
});
