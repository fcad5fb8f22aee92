import { expect, test } from "vitest";
import { said } from "./said.ts";

test("what is written for each request is said in the reader's language, anything else as it was written", () => {
  expect([said("request", "zh"), said("request", "en"), said("kettle boiled over", "zh")]).toEqual([
    "请求",
    "request",
    "kettle boiled over",
  ]);
  expect(said("constructor", "zh")).toBe("constructor");
});
