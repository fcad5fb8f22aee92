import { expect, test } from "vitest";
import { barOf, ceilingOf, compared, dayName, isWeekend, sumOf } from "./figures.ts";

const figures = (counts: number[], usual: number | null) => ({
  days: counts.map((count, index) => ({ day: `2026-11-${String(index + 1).padStart(2, "0")}`, count })),
  usual,
});

test("today is compared with what is usual, as it is shown; with nothing where nothing is known", () => {
  expect(compared(figures([3, 12], 9.25))).toEqual({ today: 12, usual: 9, difference: 3 });
  expect(compared(figures([3, 2], 2.5))).toEqual({ today: 2, usual: 3, difference: -1 });
  expect(compared(figures([3, 2], null))).toEqual({ today: 2, usual: null, difference: 0 });
  expect(compared({ days: [], usual: null })).toEqual({ today: 0, usual: null, difference: 0 });
});

test("a sum is of the last days only", () => {
  expect(sumOf(figures([100, 1, 2, 3], null), 3)).toBe(6);
  expect(sumOf(figures([1], null), 7)).toBe(1);
  expect(sumOf(figures([1, 2], null))).toBe(3);
});

test.each([
  [[], 5],
  [[0, 3], 5],
  [[6], 6],
  [[9], 10],
  [[10], 10],
  [[11], 15],
  [[21, 3], 30],
  [[51], 60],
  [[1001], 1500],
])("a scale for %j ends with %i", (values, ceiling) => {
  expect(ceilingOf(values)).toBe(ceiling);
});

test("a bar is as high as its share, and one of a million can still be seen", () => {
  expect(barOf(5, 10)).toEqual({ y: 0.5, height: 0.5 });
  expect(barOf(0, 10)).toEqual({ y: 1, height: 0 });
  expect(barOf(1, 1_000_000).height).toBeGreaterThan(0.01);
});

test("days are what they are in every zone of the reader", () => {
  expect(dayName("2026-11-29", "zh")).toBe("11月29日");
  expect(dayName("2026-11-29", "zh", "long")).toBe("11月29日星期日");
  expect(dayName("2026-11-29", "en", "short")).toBe("Sun 29 Nov");
  expect(isWeekend("2026-11-29")).toBe(true);
  expect(isWeekend("2026-11-30")).toBe(false);
});
