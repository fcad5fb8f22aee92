import fc from "fast-check";
import { expect, test } from "vitest";
import { allocate, Fen, fen } from "./money.ts";

const amounts = fc.maxSafeInteger().map(fen);
const weights = fc
  .array(fc.nat({ max: 1_000_000 }), { minLength: 1, maxLength: 30 })
  .filter((list) => list.some((each) => each > 0));

test("the parts of an allocation sum to the total, to the fen", () => {
  fc.assert(
    fc.property(amounts, weights, (total, list) => {
      expect(allocate(total, list).reduce((a, part) => a + BigInt(part), 0n)).toBe(BigInt(total));
    }),
  );
});

test("no part is more than a fen away from its exact share, and a weight of zero gets nothing", () => {
  fc.assert(
    fc.property(amounts, weights, (total, list) => {
      const sum = BigInt(list.reduce((a, b) => a + b, 0));
      for (const [index, part] of allocate(total, list).entries()) {
        const distance = BigInt(part) * sum - BigInt(total) * BigInt(list[index]!);
        expect(distance > -sum && distance < sum).toBe(true);
        if (list[index] === 0) expect(part).toBe(0);
      }
    }),
  );
});

test("the largest remainder gets the fen that is left, the earlier part on a tie", () => {
  expect(allocate(fen(100), [1, 1, 1])).toEqual([34, 33, 33]);
  expect(allocate(fen(10), [1, 2, 1])).toEqual([3, 5, 2]);
  expect(allocate(fen(-100), [1, 1, 1])).toEqual([-34, -33, -33]);
  expect(allocate(fen(5), [3, 7])).toEqual([2, 3]);
});

test("weights that share nothing are refused", () => {
  for (const list of [[], [0, 0], [-1, 2], [0.5], [Number.NaN]])
    expect(() => allocate(fen(1), list)).toThrow(RangeError);
});

test("what isn't whole fen never gets in", () => {
  for (const value of [0.1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => fen(value)).toThrow(RangeError);
    expect(Fen.safeParse(value).success).toBe(false);
  }
  expect(Fen.safeParse("1").success).toBe(false);
  expect(Object.is(fen(-0), 0)).toBe(true);
});
