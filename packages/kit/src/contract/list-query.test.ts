import { describe, expect, test } from "vitest";
import { z } from "zod";
import { range } from "./list-query.ts";

describe("a bound of numbers out of an address", () => {
  const cups = range(z.int32());
  test("is a number of the field's own kind", () => {
    expect(cups.parse({ gte: "-3", lt: "10" })).toEqual({ gte: -3, lt: 10 });
  });
  test.each(["", " ", "1.5", "1e300", "3000000000", "NaN", "Infinity", "many"])("is not %j", (gte) => {
    expect(cups.safeParse({ gte }).success).toBe(false);
  });
});
