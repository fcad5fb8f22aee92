import fc from "fast-check";
import { expect, test } from "vitest";
import { Collected, type Values, withValue } from "./values.ts";

test("values that are collected are those that copies would be, and what they begin with stays as it is", () => {
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("."));
  const value = fc.oneof(fc.constantFrom(undefined, null, 1, "x"), fc.constant(undefined));
  const start = fc.dictionary(name, fc.oneof(fc.dictionary(name, fc.integer()), fc.integer()));
  fc.assert(
    fc.property(start, fc.array(fc.tuple(path, value)), (given, changes) => {
      const before = JSON.stringify(given);
      const collected = new Collected(given);
      for (const [at, each] of changes) collected.set(at, each);
      const copied = changes.reduce<Values>((values, [at, each]) => withValue(values, at, each), given);
      expect(collected.values).toEqual(copied);
      expect(JSON.stringify(given)).toBe(before);
    }),
    { numRuns: 2000 },
  );
});
