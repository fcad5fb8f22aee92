/** A pattern as a tree. A set of characters is one of bits: which of the pattern's samples are in it. */
export type Pattern =
  | { readonly set: bigint }
  | { readonly sequence: readonly Pattern[] }
  | { readonly choice: readonly Pattern[] }
  /** `max` is Infinity where there is no end. */
  | { readonly repeat: Pattern; readonly min: number; readonly max: number };

/** A pattern uses what isn't supported: it looks around, refers back, or has an anchor in its middle. */
export class UnsupportedPattern extends Error {}

/** An escape, a class, an opening group, a quantifier, or a character. */
const token = /\\(?:[pu]\{[^}]*\}|u[\da-f]{4}|x[\da-f]{2}|.)|\[(?:\\.|[^\]\\])*\]|\(\?:|\{\d+,?\d*\}|./gisu;

/**
 * Reads the part of a regular expression between `^` and an optional `$`.
 *
 * @param source valid with the flag `u`: what is no syntax at all was refused before
 * @throws UnsupportedPattern
 */
export function parsePattern(source: string): Pattern {
  const tokens = source.match(token) ?? [];
  const body = tokens.slice(1, tokens.at(-1) === "$" ? -1 : undefined);
  // Halves of pairs would have to be put together.
  if (tokens[0] !== "^" || /\\u\{?0*d[89a-f]../iu.test(source)) throw new UnsupportedPattern();
  const reader = new PatternReader(body, samplesOf(source));
  const pattern = reader.choice();
  // At the top, the anchors would belong to the first and the last branch only.
  if (!reader.isAtEnd || "choice" in pattern) throw new UnsupportedPattern();
  return pattern;
}

/** Where `\s` and the dot begin and end, beyond ASCII. */
const edges = [0xa0, 0x16_80, 0x20_00, 0x20_0a, 0x20_28, 0x20_29, 0x20_2f, 0x20_5f, 0x30_00, 0xfe_ff, 0x10_ff_ff];

/**
 * Enough characters to tell whether two sets of this pattern have one in common: sets are ranges, so that if they have
 * any, they have one at an edge.
 */
function samplesOf(source: string): readonly string[] {
  const escapes = source.matchAll(/\\[ux]\{?([\da-f]+)/giu);
  const escaped = Array.from(escapes, ([, code = ""]) => Number.parseInt(code, 16));
  const written = Array.from(source, (character) => character.codePointAt(0) ?? 0);
  const around = [...edges, ...escaped, ...written].flatMap((code) => [code - 1, code, code + 1]);
  const codes = new Set([...Array.from({ length: 129 }, (_, code) => code), ...around]);
  return [...codes].filter((code) => code >= 0 && code <= 0x10_ff_ff).map((code) => String.fromCodePoint(code));
}

class PatternReader {
  readonly #tokens: readonly string[];
  readonly #samples: readonly string[];
  readonly #sets = new Map<string, bigint>();
  #at = 0;

  constructor(tokens: readonly string[], samples: readonly string[]) {
    this.#tokens = tokens;
    this.#samples = samples;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  choice(): Pattern {
    const branches = [this.#sequence()];
    while (this.#takes("|")) branches.push(this.#sequence());
    const [only, ...others] = branches;
    return only !== undefined && others.length === 0 ? only : { choice: branches };
  }

  #sequence(): Pattern {
    const sequence: Pattern[] = [];
    while (!this.isAtEnd && this.#next !== "|" && this.#next !== ")") sequence.push(this.#repeated(this.#atom()));
    return { sequence };
  }

  #repeated(atom: Pattern): Pattern {
    const [, least, comma, most] = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})$/u.exec(this.#next) ?? ["none"];
    const quantifier = this.#next;
    if (least === undefined && !["*", "+", "?"].includes(quantifier)) return atom;
    this.#at += 1;
    this.#takes("?");
    if (least === undefined) {
      return { repeat: atom, min: quantifier === "+" ? 1 : 0, max: quantifier === "?" ? 1 : Infinity };
    }
    const max = comma === "" ? least : most;
    return { repeat: atom, min: Number(least), max: max === "" ? Infinity : Number(max) };
  }

  #atom(): Pattern {
    if (this.#takes("(") || this.#takes("(?:")) {
      const inner = this.choice();
      this.#takes(")");
      return inner;
    }
    const text = this.#next;
    this.#at += 1;
    // Anchors, boundaries, what refers back; and `?` behind an opening bracket, which looks around.
    if (/^(?:[$^*+?]|\\[1-9bBck])/u.test(text)) throw new UnsupportedPattern();
    return { set: this.#setOf(text) };
  }

  #setOf(text: string): bigint {
    let set = this.#sets.get(text);
    if (set === undefined) {
      // What a property holds isn't a matter of ranges: it could be anything.
      const expression = new RegExp(/\\p\{/iu.test(text) ? String.raw`^[\s\S]$` : `^${text}$`, "u");
      const bits = this.#samples.map((sample) => (expression.test(sample) ? "1" : "0"));
      set = BigInt(`0b${bits.join("")}`);
      this.#sets.set(text, set);
    }
    return set;
  }

  get #next(): string {
    return this.#tokens[this.#at] ?? "";
  }

  #takes(text: string): boolean {
    const isNext = this.#next === text;
    if (isNext) this.#at += 1;
    return isNext;
  }
}
