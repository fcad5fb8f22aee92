import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { patternLimits, patternProblem } from "./pattern-guard.ts";

describe("a pattern from outside", () => {
  test.for([
    "^[a-z]+$",
    String.raw`^\d{17}[\dX]$`,
    "^1[3-9][0-9]{9}$",
    "^[A-Z]{2,5}[0-9]{4}$",
    "^[^@\\s]+@[^@\\s]+$",
    "^[0-9]+(\\.[0-9]{1,2})?$",
    "^(red|green|blue)$",
    "^(?:[a-z]+,)*$",
    "^([0-9]{3}-)+",
    "^[\\u4e00-\\u9fa5]{2,20}$",
    "^\\p{Script=Han}{2,20}$",
    "^[^\\p{Cc}]*$",
    "^#[0-9a-f]{6}$",
    "^https://[^/]+/",
    "^[\\w-]{1,64}$",
    "^(a|b)*c$",
    "^$",
    "^a\\$",
    "^[a-c]{0,3}?-",
    "^😀+😁$",
  ])("%s is taken", (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });

  test.for([
    "^(a+)+$",
    "^(a*)*$",
    "^(a|a)*$",
    "^(a|ab)*$",
    "^(a|aa)+$",
    "^([a-zA-Z]+)*$",
    "^(.*a){20}$",
    "^.*a.*$",
    "^\\d+\\d+$",
    "^(\\w|\\d)+$",
    "^a?a?a?a?aaaa$",
    "^(a?){20}a{20}$",
    "^(a?|b?)(c?|d?)$",
    "^(a*)?(b*)?$",
    "^[^a]*\\p{L}*$",
    "^([^\\p{L}]|a)*$",
    "^(\\x61|\\u{61})*$",
    "^([b-]|-)*$",
    "^[\\u4e00-\\u9fa5]+龙$",
    "^[一-龥]*[龙-龟]*$",
    "^(\\u{1f600}|😀)*$",
    "^a{500}$",
    "^(a{20}){21}$",
    "^(?:){1000000000}$",
    "^(a{0}){99999}$",
    "^((((((){300}){300}){300}){300}){300}){300}$",
    "^(a{0}|){20000}$",
  ])("%s would take too long, or might", (pattern) => {
    expect(patternProblem(pattern)?.en).toContain("take too long");
  });

  test.for([
    "a+b",
    "",
    "^a|b$",
    "^(a)\\1$",
    "^(?<x>a)\\k<x>$",
    "^(?=a)a$",
    "^(?!a)b$",
    "^(?<=a)b$",
    "^a\\b$",
    "^(^a)$",
    "^a$b",
    "^(\\ud83d\\ude00|😀)*$",
  ])("%s uses what isn't supported", (pattern) => {
    expect(patternProblem(pattern)?.zh).toContain("须以 ^ 开头");
  });

  test.for(["^(", "^[", "^a{2,1}$", "^\\q$", "^*"])("%s is none", (pattern) => {
    expect(patternProblem(pattern)?.en).toContain("isn't a regular expression");
  });

  test("has a limit of length", () => {
    expect(patternProblem(`^${"a".repeat(patternLimits.length - 1)}`)).toBeUndefined();
    expect(patternProblem(`^${"a".repeat(patternLimits.length)}`)?.en).toContain("200 characters");
  });

  test("what is taken never tries a character more often than the pattern is long", () => {
    const atom = fc.constantFrom("a", "b", "[ab]", "[^a]", "\\d", ".", "ab");
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("")),
        fc.tuple(tie("pattern"), tie("pattern")).map((parts) => `(${parts.join("|")})`),
        fc.tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2}", "{0,3}", "{1,}")).map(([p, q]) => `(${p})${q}`),
      ),
    }));
    let taken = 0;
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b", "0"), maxLength: 14 }), (inner, text) => {
        const source = `^${inner}$`;
        if (patternProblem(source) !== undefined) return;
        taken += 1;
        expect(waysToMatch(inner, text)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

/**
 * In how many ways a backtracking matcher can read the whole text: counted by one that is independent of the guard, on
 * the small language that the test generates.
 */
function waysToMatch(source: string, text: string): number {
  let at = 0;
  type Matcher = (from: number, then: (to: number) => number) => number;
  const choice = (): Matcher => {
    const branches = [sequence()];
    while (source[at] === "|") {
      at += 1;
      branches.push(sequence());
    }
    return (from, then) => branches.reduce((sum, branch) => sum + branch(from, then), 0);
  };
  const sequence = (): Matcher => {
    const parts: Matcher[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") parts.push(repeated(atom()));
    return parts.reduceRight<Matcher>(
      (rest, part) => (from, then) => part(from, (to) => rest(to, then)),
      (from, then) => then(from),
    );
  };
  const atom = (): Matcher => {
    if (source[at] === "(") {
      at += 1;
      const inner = choice();
      at += 1;
      return inner;
    }
    const [token = ""] = /^(\[[^\]]*\]|\\d|.)/.exec(source.slice(at)) ?? [];
    at += token.length;
    const one = new RegExp(`^${token}$`, "u");
    return (from, then) => (from < text.length && one.test(text[from] ?? "") ? then(from + 1) : 0);
  };
  const repeated = (inner: Matcher): Matcher => {
    const [token = ""] = /^([*+?]|\{[\d,]+\})/.exec(source.slice(at)) ?? [];
    at += token.length;
    const bounds: Readonly<Record<string, readonly [number, number]>> = {
      "": [1, 1],
      "*": [0, 99],
      "+": [1, 99],
      "?": [0, 1],
      "{2}": [2, 2],
      "{0,3}": [0, 3],
      "{1,}": [1, 99],
    };
    const [min, max] = bounds[token] ?? [1, 1];
    const times =
      (count: number): Matcher =>
      (from, then) =>
        (count >= min ? then(from) : 0) +
        (count < max ? inner(from, (to) => (to === from && count >= min ? 0 : times(count + 1)(to, then))) : 0);
    return times(0);
  };
  return choice()(0, (to) => (to === text.length ? 1 : 0));
}
