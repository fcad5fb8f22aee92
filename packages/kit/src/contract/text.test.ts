import { expect, test } from "vitest";
import { fill, languageOf, waitInWords } from "./text.ts";

test("the language is the first of ours that the caller prefers, and Chinese if there is none", () => {
  expect(languageOf(undefined)).toBe("zh");
  expect(languageOf("en-GB,en;q=0.9")).toBe("en");
  expect(languageOf("fr, en;q=0.5, zh;q=0.8")).toBe("zh");
  expect(languageOf("ja, *;q=0.1")).toBe("zh");
  expect(languageOf(";;;,=")).toBe("zh");
});

test("a value fills its place; a place without a value shows that it is one", () => {
  expect(fill("{a} and {b} and {a}", { a: 1 })).toBe("1 and {b} and 1");
});

test.each([
  [1, "1 秒", "1 second"],
  [120, "120 秒", "120 seconds"],
  [121, "3 分钟", "3 minutes"],
  [900, "15 分钟", "15 minutes"],
  [7201, "3 小时", "3 hours"],
])("a wait of %i seconds is told in the unit that people would use", (seconds, zh, en) => {
  expect([waitInWords(seconds, "zh"), waitInWords(seconds, "en")]).toEqual([zh, en]);
});
