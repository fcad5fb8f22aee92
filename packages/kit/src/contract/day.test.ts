import { describe, expect, test } from "vitest";
import { addDays, dayStart } from "./day.ts";

describe("a day begins", () => {
  test.each([
    ["in Shanghai eight hours before UTC", "2026-11-24", "Asia/Shanghai", "2026-11-23T16:00:00.000Z"],
    ["in UTC at midnight", "2026-11-24", "UTC", "2026-11-24T00:00:00.000Z"],
    ["in New York in winter", "2026-01-15", "America/New_York", "2026-01-15T05:00:00.000Z"],
    ["in New York on the day the clock goes forward", "2026-03-08", "America/New_York", "2026-03-08T05:00:00.000Z"],
    ["in New York the day after it went back", "2026-11-02", "America/New_York", "2026-11-02T05:00:00.000Z"],
    ["in Havana, where the clock skips midnight", "2026-03-08", "America/Havana", "2026-03-08T05:00:00.000Z"],
    ["in São Paulo, where it did", "2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
    ["in Gaza, where midnight came twice", "2018-10-27", "Asia/Gaza", "2018-10-26T21:00:00.000Z"],
    ["in Kathmandu, whose offset has minutes", "2026-06-01", "Asia/Kathmandu", "2026-05-31T18:15:00.000Z"],
  ])("%s", (_, day, zone, instant) => {
    expect(dayStart(day, zone).toISOString()).toBe(instant);
  });
  test("and what isn't a day is refused", () => {
    expect(() => dayStart("2026-13-45", "UTC")).toThrow(RangeError);
  });
});

test("days are counted over the ends of months and years", () => {
  expect([addDays("2026-12-31", 1), addDays("2026-03-01", -1), addDays("2028-03-01", -1)]).toEqual([
    "2027-01-01",
    "2026-02-28",
    "2028-02-29",
  ]);
});
