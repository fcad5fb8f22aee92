import { expect, test } from "vitest";
import { language } from "../common/language.ts";
import { whyBeyond } from "./rights.ts";

test("what one holds can be granted; the first that one doesn't is named, in the server's words", () => {
  language.value = "en";
  expect(whyBeyond(["tea:read"], ["tea:read", "tea:write"])).toBe("");
  expect(whyBeyond([], [])).toBe("");
  expect(whyBeyond(["tea:read", "tea:write"], ["tea:read"])).toContain("You don't hold tea:write");
  language.value = "zh";
  expect(whyBeyond(["tea:write"], [])).toContain("您自己没有权限 tea:write");
});
