import { expect, test, vi } from "vitest";
import { businessDay } from "./business-day.ts";
import { Instant, Zone } from "./time.ts";

test("a business day begins at midnight of the tenant's zone", () => {
  expect(businessDay(new Date("2026-11-20T15:59:59.999Z"))).toBe("2026-11-20");
  expect(businessDay(new Date("2026-11-20T16:00:00.000Z"))).toBe("2026-11-21");
  expect(businessDay(new Date("2026-03-08T09:59:59.999Z"), "America/Los_Angeles")).toBe("2026-03-08");
  expect(() => businessDay(new Date(), "Mars/Olympus")).toThrow(RangeError);
});

test("instants leave as UTC text, whatever they came as", () => {
  expect(Instant.parse(new Date("2026-11-20T16:00:00Z"))).toBe("2026-11-20T16:00:00.000Z");
  expect(Instant.parse("2026-11-21T00:00:00+08:00")).toBe("2026-11-20T16:00:00.000Z");
  expect(Instant.safeParse("2026-11-21").success).toBe(false);
  expect(Instant.safeParse(new Date(Number.NaN)).success).toBe(false);
});

test.each(["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-00:01"])(
  "%s is an instant that PostgreSQL can't read in UTC, and refused",
  (text) => expect(Instant.safeParse(text).success).toBe(false),
);

test("however many ways a zone is written in, it is kept once", () => {
  const made = vi.spyOn(Intl, "DateTimeFormat");
  for (const zone of ["Pacific/Palau", "pacific/palau", "PACIFIC/palau"]) Zone.parse(zone);
  expect(made).toHaveBeenCalledTimes(1);
  made.mockRestore();
});

test("only zones that exist are taken", () => {
  expect(Zone.safeParse("Asia/Shanghai").success).toBe(true);
  expect(Zone.safeParse("Asia/Atlantis").success).toBe(false);
});
