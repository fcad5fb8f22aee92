import { expect, test } from "vitest";
import { gist } from "./gist.ts";

test.each([
  [{ method: "GET", path: "/api/people", status: 200, durationMs: 3.4 }, "GET · /api/people · 200 · 3.4 ms"],
  [{ queue: "tea.pour", attempt: 2, err: { type: "Error", message: "too hot" } }, "tea.pour · #2 · too hot"],
  [{ status: 403, code: "kit.forbidden" }, "403 · kit.forbidden"],
  [{ err: "broken" }, ""],
  [{}, ""],
])("%o", (fields, said) => {
  expect(gist(fields)).toBe(said);
});
