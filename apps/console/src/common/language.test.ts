import { expect, test } from "vitest";
import { language, preferred } from "./language.ts";

test.for([
  [["zh-CN", "zh", "en"], "zh"],
  [["zh-Hant-TW"], "zh"],
  [["ZH"], "zh"],
  [["en-GB", "zh-CN"], "en"],
  [["ja", "zh-CN", "en"], "zh"],
  [["de-DE", "fr"], "en"],
  [[], "en"],
] as const)("a browser set to %j starts in %s", ([tags, expected]) => {
  expect(preferred(tags)).toBe(expected);
});

test("nothing is kept until somebody chooses", () => {
  expect(localStorage.getItem("zhanggui.language")).toBeNull();
  language.value = "zh";
  expect(localStorage.getItem("zhanggui.language")).toBe("zh");
  expect(document.documentElement.lang).toBe("zh-CN");
});
