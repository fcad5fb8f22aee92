import { expect, test } from "vitest";
import { allowanceOf, type Occasion } from "./windows.ts";

/* Source: miniprogram/dev/OpenApiDoc/kf-mgnt/kf-message/sendCustomMessage: grants don't add up. */
const start = Date.parse("2026-11-30T10:00:00Z");
const at = (seconds: number) => new Date(start + seconds * 1000);
const did = (occasion: Occasion["occasion"], seconds: number): Occasion => ({
  occasion,
  sentAt: at(seconds),
  receivedAt: at(seconds),
});
const twoDays = 48 * 3600;

test.each([
  ["nothing", [], [], 0, -start / 1000],
  ["a message", [did("message", 0)], [], 5, twoDays],
  ["a message and three answers", [did("message", 0)], [1, 2, 3], 2, twoDays],
  ["a message, all five answers and one more", [did("message", 0)], [1, 2, 3, 4, 5, 6], 0, twoDays],
  ["another message after answers", [did("message", 0), did("message", 10)], [1, 2, 11], 4, 10 + twoDays],
  [
    "a tap after four answers: the larger number, the later end",
    [did("message", 0), did("click", 10)],
    [1, 2, 3, 4],
    3,
    twoDays,
  ],
  ["a tap while five are left: they don't add up", [did("message", 0), did("click", 10)], [], 5, twoDays],
  ["a follow alone", [did("follow", 0)], [], 3, 60],
  ["a scan in a follow's minute", [did("follow", 0), did("scan", 30)], [1, 2], 3, 90],
  ["a tap after that minute", [did("follow", 0), did("click", 70)], [1], 3, 130],
  ["who left and came back", [did("message", 0), did("leave", 5), did("follow", 10)], [], 3, 70],
] as const)("after %s", (_, occasions, taken, left, until) => {
  const found = allowanceOf(
    "official",
    [...occasions],
    taken.map((seconds) => at(seconds)),
  );
  expect(found).toEqual({ left, until: at(until) });
});

test("a mini-program's chat that is opened allows two for a minute, and a tap is none of its", () => {
  expect(allowanceOf("miniprogram", [did("enter", 0)], [])).toEqual({ left: 2, until: at(60) });
  expect(allowanceOf("miniprogram", [did("click", 0)], [])).toEqual({ left: 0, until: new Date(0) });
  expect(allowanceOf("official", [did("enter", 0)], [])).toEqual({ left: 0, until: new Date(0) });
});
