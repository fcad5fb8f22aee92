import fc from "fast-check";
import { expect, test } from "vitest";
import { BadPattern, compilePattern } from "./pattern.ts";

test.each([
  ["^(预订|订位)\\d{1,2}人$", ["预订4人", "订位12人"], ["预订人", "请预订4人", "预订123人"]],
  ["a.c", ["xabcx", "ABC", "a茶c"], ["ac", "a\nc"]],
  ["[一二三]两|[1-3]两", ["来三两", "2两"], ["四两", "4两"]],
  ["[^0-9]+元", ["十元"], ["10元"]],
  ["(?:ha){2,}", ["haha", "HAHAHA"], ["ha"]],
  ["\\[茶\\]", ["[茶]"], ["茶"]],
  ["^$", [""], ["a"]],
  ["a*", ["", "b"], []],
  ["a{0}b", ["b"], ["a"]],
  ["x(a|b|)y", ["xay", "xy"], ["xcy"]],
])("%s matches what it says", (source, yes, no) => {
  const pattern = compilePattern(source);
  expect(yes.filter((text) => !pattern(text))).toEqual([]);
  expect(no.filter((text) => pattern(text))).toEqual([]);
});

test.each([
  "(",
  "a)",
  "[",
  "*a",
  "a{3,1}",
  "a{99}",
  "(?=a)",
  "\\1",
  "[b-a]",
  "\\",
  "((a{50}){50}){50}",
  "(){50}{50}{50}{50}{50}{50}",
])("%s is refused, with the reason in both languages", (source) => {
  expect(() => compilePattern(source)).toThrow(BadPattern);
});

test("a pattern that keeps a backtracking matcher busy for years takes steps in proportion to the text", () => {
  for (const source of ["^(a+)+$", "(a|aa)*b", "(a*)*c", "^(a?){30}a{30}$"]) {
    const pattern = compilePattern(source);
    expect(pattern(`${"a".repeat(2_000)}!`)).toBe(false);
  }
});

/** What both know, in the same words. */
const source = fc.letrec<{ all: string; one: string }>((tie) => ({
  all: fc.array(tie("one"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("")),
  one: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "^", "$"),
    fc.tuple(tie("all"), fc.constantFrom("", "*", "+", "?", "{1,2}")).map(([inner, times]) => `(?:${inner})${times}`),
    fc.tuple(tie("all"), tie("all")).map(([left, right]) => `(?:${left}|${right})`),
  ),
})).all;

test("it finds what the language's own expressions find", () => {
  fc.assert(
    fc.property(source, fc.string({ unit: fc.constantFrom("a", "b", "c", "1"), maxLength: 6 }), (written, text) => {
      expect(compilePattern(written)(text)).toBe(new RegExp(written, "u").test(text));
    }),
    { numRuns: 2_000 },
  );
});
