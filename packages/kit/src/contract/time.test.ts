import { expect, test } from "vitest";
import { businessDay, Instant, Zone } from "./time.ts";

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

test("only zones that exist are taken", () => {
  expect(Zone.safeParse("Asia/Shanghai").success).toBe(true);
  expect(Zone.safeParse("Asia/Atlantis").success).toBe(false);
});
