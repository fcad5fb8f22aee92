import { expect, test } from "vitest";
import { everyRight } from "./rights.ts";

test("a field can be for whoever has any right that a role can grant, those of single fields too", () => {
  expect(everyRight().get("forms:read")?.zh).toBe("查看表单答卷");
  expect(everyRight().get("audience:contacts")?.en).toBeTruthy();
});
