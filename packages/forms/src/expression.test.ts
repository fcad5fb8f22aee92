import type { Expression } from "@zhanggui/kit/contract/expression";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { factsOf } from "./condition.ts";
import { expressionLimits, expressionProblem } from "./expression-guard.ts";
import { compute, type Source } from "./expression.ts";

const source: Source = {
  ...factsOf({ price: 12_800, count: 3, name: "龙井", level: "gold", text: "3" }),
  rows: () => [{ sum: 0.1 }, { sum: 0.2 }].map((row) => ({ ...factsOf(row), rows: () => [] })),
};
const value = (of: number | string | null): Expression => ({ value: of });

describe("a computed value", () => {
  test.for<[Expression, unknown]>([
    [{ product: [{ field: "price" }, { field: "count" }] }, 38_400],
    [{ difference: [{ field: "count" }, value(5)] }, -2],
    [{ quotient: [{ field: "price" }, value(3)] }, 4266.666_666_666_67],
    [{ round: { quotient: [{ field: "price" }, value(3)] } }, 4267],
    [{ round: value(1.005), digits: 2 }, 1.01],
    [{ round: value(-0.5) }, -1],
    [{ round: value(-0.4) }, 0],
    [{ sum: [value(9_007_199_254_740_990), value(1)] }, 9_007_199_254_740_991],
    [{ round: value(1e21), digits: 2 }, 1e21],
    [{ round: value(1e-7), digits: 2 }, 0],
    [{ rows: "lines", sum: { field: "sum" } }, 0.3],
    [{ rows: "lines", count: true }, 2],
    [{ sum: [] }, 0],
    [{ product: [] }, 1],
    [{ concat: [{ field: "name" }, value(" × "), { field: "count" }, value(null), { field: "missing" }] }, "龙井 × 3"],
    [{ if: { field: "level", is: "eq", value: "gold" }, yes: value(0.9), no: value(1) }, 0.9],
    [{ sum: [{ field: "price" }, { field: "missing" }] }, undefined],
    [{ sum: [{ field: "price" }, { field: "text" }] }, undefined],
    [{ quotient: [value(1), value(0)] }, undefined],
    [{ round: { field: "name" } }, undefined],
  ])("%j is %j", ([expression, expected]) => {
    expect(compute(expression, source)).toEqual(expected);
    expect(expressionProblem(expression)).toBeUndefined();
  });

  test("rounds as decimals are rounded on paper", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 6 }), (whole, digits) => {
        // `whole` and a half of the last digit, without arithmetic.
        const half = Number(`${whole}.5e-${digits}`);
        const expected = Number(`${whole < 0 || Object.is(whole, -0) ? whole - 1 : whole + 1}e-${digits}`);
        expect(compute({ round: value(half), digits }, source)).toBe(expected);
      }),
    );
  });
});

describe("an expression from outside", () => {
  const nested = (depth: number): unknown => (depth === 1 ? value(1) : { round: nested(depth - 1) });

  test("has a limit of depth and of size", () => {
    expect(expressionProblem(nested(expressionLimits.depth))).toBeUndefined();
    expect(expressionProblem(nested(expressionLimits.depth + 1))?.en).toContain("8 deep");
    const wide = (parts: number): unknown => ({ sum: Array.from({ length: parts }, () => value(1)) });
    expect(expressionProblem(wide(expressionLimits.nodes - 1))).toBeUndefined();
    expect(expressionProblem(wide(expressionLimits.nodes))?.zh).toContain("200 项");
  });

  test.for<[what: string, text: string]>([
    ["a call", `{"call":"eval","with":["1"]}`],
    ["an inherited name", `{"constructor":[]}`],
    ["a polluting name", `{"__proto__":[]}`],
    ["a field called __proto__", `{"field":"__proto__"}`],
    ["two kinds at once", `{"sum":[],"product":[]}`],
    ["a sum of no list", `{"sum":{"length":1}}`],
    ["a difference of three", `{"difference":[{"value":1},{"value":1},{"value":1}]}`],
    ["an object as value", `{"value":{}}`],
    ["digits without end", `{"round":{"value":1},"digits":1e9}`],
    ["a bad condition", `{"if":{"field":"a","is":"eval"},"yes":{"value":1},"no":{"value":1}}`],
    ["a bad part", `{"sum":[{"sum":[1]}]}`],
  ])("%s is refused", ([, text]) => {
    expect(expressionProblem(JSON.parse(text))).toBeDefined();
  });
});
