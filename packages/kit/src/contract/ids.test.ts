import { expect, test, vi } from "vitest";
import { Id, newId } from "./ids.ts";

test("ids are UUIDv7 and carry their millisecond", async () => {
  // A sequence of its own: other tests of this process may have been further ahead.
  vi.resetModules();
  const { newId } = await import("./ids.ts");
  const now = new Date("2031-05-06T07:08:09.010Z");
  const id = newId(now);
  expect(Id.safeParse(id).success).toBe(true);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(now.getTime());
});

test("an id in capitals is the same id", () => {
  expect(Id.parse("01A1FB58-5D7F-7000-9EF1-49FE13F6FE44")).toBe("01a1fb58-5d7f-7000-9ef1-49fe13f6fe44");
});

test("ids of one process increase, also within a millisecond, past 4,096 of them, and when the clock goes back", () => {
  const later = new Date("2031-05-06T07:08:10.000Z");
  const earlier = new Date("2031-05-06T07:08:09.000Z");
  const made = [...Array.from({ length: 10_000 }, () => newId(later)), newId(earlier), newId(later)];
  expect(made).toEqual(made.toSorted());
  expect(new Set(made).size).toBe(made.length);
});
