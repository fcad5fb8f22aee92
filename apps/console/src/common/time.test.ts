import { expect, test } from "vitest";
import { clockTime, exactTime, offset, shortTime } from "./time.ts";

const place = { zone: "Asia/Shanghai", language: "zh" } as const;
const now = new Date("2026-11-20T16:30:00.000Z"); // the 21st, half past midnight, in Shanghai

test("times are the tenant's, not the browser's", () => {
  expect(clockTime("2026-11-20T16:05:06.007Z", place)).toBe("00:05:06.007");
  expect(exactTime("2026-11-20T16:05:06.007Z", place)).toBe("2026-11-21 00:05:06.007 (Asia/Shanghai)");
});

test("a day is the tenant's day", () => {
  expect(shortTime("2026-11-20T16:05:00.000Z", place, now)).toBe("00:05");
  expect(shortTime("2026-11-20T15:59:00.000Z", place, now)).toBe("11月20日 23:59");
  expect(shortTime("2025-11-20T15:59:00.000Z", place, now)).toContain("2025");
});

test.for([
  ["2026-01-01T00:00:00.012Z", "+12 ms"],
  ["2026-01-01T00:00:03.400Z", "+3.4 s"],
  ["2026-01-01T00:02:00.000Z", "+2 min"],
  ["2026-01-01T05:00:00.000Z", "+5.0 h"],
  ["2025-12-31T23:59:59.990Z", "−10 ms"],
])("%s is %s after the year began", ([at, expected]) => {
  expect(offset("2026-01-01T00:00:00.000Z", at ?? "")).toBe(expected);
});
