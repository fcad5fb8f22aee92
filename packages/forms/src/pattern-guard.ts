import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { parsePattern, type Pattern, UnsupportedPattern } from "./pattern-syntax.ts";

export const patternLimits = { length: 200, positions: 200, textLength: 10_000 } as const;

/**
 * What is wrong with a regular expression that somebody sent; undefined if it can be used. Only those pass that read a
 * text from its beginning and for which each character can match in one place only (Brüggemann-Klein and Wood's
 * one-unambiguous expressions, 1998, with each loop entered in one way): trying again then costs no more than the
 * length of the pattern, for each character. `^(a+)+$`, `^(a|a)*$` and `^.*a.*$` are none of these.
 */
export function patternProblem(pattern: string): LocalizedText | undefined {
  if (pattern.length > patternLimits.length) return problems.tooLong;
  try {
    // Whether it is an expression at all. It isn't run.
    void new RegExp(pattern, "u");
    return isUnambiguous(parsePattern(pattern)) ? undefined : problems.ambiguous;
  } catch (error) {
    if (error instanceof UnsupportedPattern) return problems.unsupported;
    if (error instanceof SyntaxError) return problems.invalid;
    throw error;
  }
}

const problems = {
  tooLong: { zh: "正则表达式不能超过 200 个字符", en: "a pattern has at most 200 characters" },
  invalid: { zh: "正则表达式有语法错误", en: "the pattern isn't a regular expression" },
  unsupported: {
    zh: "正则表达式须以 ^ 开头，不能使用环视、反向引用，也不能在中间使用 ^、$、\\b",
    en: "a pattern begins with ^, and can't look around, refer back, or have ^, $ or \\b in its middle",
  },
  ambiguous: {
    zh: "这个正则表达式对某些文本会耗时过长：每个字符应只有一种匹配方式",
    en: "the pattern would take too long on some texts: each character should match in one way only",
  },
} as const satisfies Readonly<Record<string, LocalizedText>>;

/** Places of characters in a pattern: which can come first and last, and whether it can be empty. */
interface Ends {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly isNullable: boolean;
}

const empty: Ends = { first: [], last: [], isNullable: true };

/** Glushkov's construction, given up as soon as there are two ways. */
class Places {
  readonly #sets: bigint[] = [];
  readonly #follow: Set<number>[] = [];
  isUnambiguous = true;

  read(pattern: Pattern): Ends {
    if (!this.isUnambiguous) return empty;
    if ("set" in pattern) return this.#place(pattern.set);
    if ("sequence" in pattern) return pattern.sequence.reduce((ends, part) => this.#join(ends, this.read(part)), empty);
    if ("choice" in pattern) return this.#either(pattern.choice.map((branch) => this.read(branch)));
    return this.#repeat(pattern.repeat, pattern.min, pattern.max);
  }

  #place(set: bigint): Ends {
    const place = this.#sets.push(set) - 1;
    this.#follow.push(new Set());
    this.#expect(place < patternLimits.positions);
    return { first: [place], last: [place], isNullable: false };
  }

  #join(a: Ends, b: Ends): Ends {
    this.#connect(a.last, b.first);
    return {
      first: a.isNullable ? this.#apart([...a.first, ...b.first]) : a.first,
      last: b.isNullable ? [...a.last, ...b.last] : b.last,
      isNullable: a.isNullable && b.isNullable,
    };
  }

  #either(branches: readonly Ends[]): Ends {
    this.#expect(branches.filter(({ isNullable }) => isNullable).length <= 1);
    return {
      first: this.#apart(branches.flatMap(({ first }) => first)),
      last: branches.flatMap(({ last }) => last),
      isNullable: branches.some(({ isNullable }) => isNullable),
    };
  }

  /** `x{2,4}` is read as `xx(x(x)?)?`, `x{2,}` as `xx+`. */
  #repeat(pattern: Pattern, min: number, max: number): Ends {
    if (max === 0 || !this.isUnambiguous) return empty;
    const once = this.read(pattern);
    // Of nothing at all, a thousand times a thousand add no place, and so would never come to an end here.
    this.#expect(once.first.length > 0);
    if (min > 1 || (min === 1 && max !== Infinity)) {
      return this.#join(once, this.#repeat(pattern, min - 1, max - 1));
    }
    // Nothing, several times or once, is matched in several ways.
    this.#expect(!once.isNullable);
    if (max === Infinity) this.#connect(once.last, once.first);
    const ends = max === Infinity || max === 1 ? once : this.#join(once, this.#repeat(pattern, 0, max - 1));
    return { ...ends, isNullable: min === 0 };
  }

  #connect(from: readonly number[], to: readonly number[]): void {
    for (const place of from) {
      const follow = this.#follow[place] ?? new Set();
      this.#apart([...follow, ...to]);
      for (const next of to) follow.add(next);
    }
  }

  /** Expects that no character matches in two of these places, or twice in the same. */
  #apart(places: readonly number[]): readonly number[] {
    let taken = 0n;
    for (const place of places) {
      const set = this.#sets[place] ?? 0n;
      this.#expect((taken & set) === 0n);
      taken |= set;
    }
    return places;
  }

  #expect(isSo: boolean): void {
    this.isUnambiguous &&= isSo;
  }
}

function isUnambiguous(pattern: Pattern): boolean {
  const places = new Places();
  places.read(pattern);
  return places.isUnambiguous;
}
