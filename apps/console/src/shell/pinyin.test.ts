import { expect, test } from "vitest";
import { isMeant, loadPinyin } from "./pinyin.ts";

const soundOf = await loadPinyin();

test.each([
  ["as it is written", "渠道", true],
  ["by its sound", "qudao", true],
  ["by its sound with gaps", "qu dao ma", true],
  ["by its initials", "qdm", true],
  ["by some of its initials", "dm", true],
  ["by part of its sound", "daom", true],
  ["by another word", "kehu", false],
  ["by nothing but a gap", "'", false],
])("a Chinese name is found %s", (_, typed, found) => {
  expect(isMeant("渠道码", typed, soundOf)).toBe(found);
});

test("mixed names are found by either part, and by letters in any case", () => {
  expect(isMeant("灯笼茶 Lantern", "LANT", soundOf)).toBe(true);
  expect(isMeant("灯笼茶 Lantern", "dlc", soundOf)).toBe(true);
  expect(isMeant("Lantern", "dlc", soundOf)).toBe(false);
});

test("before the sounds are loaded names are found as they are written", () => {
  expect(isMeant("渠道码", "渠", undefined)).toBe(true);
  expect(isMeant("渠道码", "qdm", undefined)).toBe(false);
});
