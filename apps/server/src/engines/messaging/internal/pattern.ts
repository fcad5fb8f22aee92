import type { LocalizedText } from "@zhanggui/kit/contract/text";

/**
 * Patterns that operators write: a part of regular expressions that is matched in a time linear in the text, whatever
 * the pattern (K. Thompson, "Regular Expression Search Algorithm", CACM 1968). A backtracking matcher can be kept busy
 * for years by a pattern of ten characters, while WeChat waits for five seconds. There are literals, `.`, classes,
 * `\d \w \s` and their opposites, `^ $`, groups, `|`, `* + ? {m,n}`; no look-around and no back-references, which need
 * more than that.
 */

/** States of one pattern; each character of a text is held against no more than these. */
const mostStates = 300;
/** Repeats of nothing add no states, but each is gone through. */
const mostSteps = 20 * mostStates;
/** What all patterns that one message is held against may cost together: some ten milliseconds. */
const mostEffort = 200_000;
/** WeChat's texts are shorter. */
const longestText = 2_048;

/** What is left for one message; when nothing is, no pattern matches it any more. */
export interface Effort {
  left: number;
}
export const newEffort = (): Effort => ({ left: mostEffort });

/** Small and capital letters are alike. */
export type Pattern = (text: string, effort?: Effort) => boolean;

export class BadPattern extends Error {
  readonly reason: LocalizedText;

  constructor(reason: LocalizedText) {
    super(reason.en);
    this.name = "BadPattern";
    this.reason = reason;
  }
}

type Test = (character: string) => boolean;
type Node =
  | { readonly kind: "one"; readonly test: Test }
  | { readonly kind: "start" | "end" | "empty" }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "either"; readonly choices: readonly Node[] }
  | { readonly kind: "repeat"; readonly node: Node; readonly from: number; readonly to: number };

type State =
  | { readonly kind: "one"; readonly test: Test; readonly next: number }
  | { readonly kind: "start" | "end"; readonly next: number }
  | { readonly kind: "split"; next: readonly number[] }
  | { readonly kind: "match" };

/** @throws BadPattern saying what is wrong with it */
export function compilePattern(source: string): Pattern {
  const states = statesOf(new Parser(source).read());
  return (text, effort = newEffort()) => matches(states, Array.from(text.slice(0, longestText).toLowerCase()), effort);
}

const digit: Test = (character) => /^\d$/u.test(character);
const word: Test = (character) => /^[\p{L}\p{N}_]$/u.test(character);
const space: Test = (character) => /^\s$/u.test(character);
const not =
  (test: Test): Test =>
  (character) =>
    !test(character);
const classes: Readonly<Record<string, Test>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
};
const controls: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

const wrong = {
  open: { zh: "括号没有成对", en: "a bracket isn't closed" },
  nothing: { zh: "“{c}”前面没有可重复的内容", en: "there is nothing before “{c}” to repeat" },
  escape: { zh: "不支持“\\{c}”", en: "“\\{c}” isn't supported" },
  group: { zh: "不支持“(?”开头的写法", en: "groups that begin with “(?” aren't supported" },
  count: { zh: "重复次数应为 {m,n}，不超过 50", en: "repetitions are {m,n}, at most 50" },
  range: { zh: "字符范围的顺序反了", en: "a range of characters is the wrong way round" },
  large: { zh: "太复杂了", en: "it is too large" },
} as const satisfies Readonly<Record<string, LocalizedText>>;
function bad(what: keyof typeof wrong, character = ""): BadPattern {
  const { zh, en } = wrong[what];
  return new BadPattern({ zh: zh.replace("{c}", character), en: en.replace("{c}", character) });
}

class Parser {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#characters = Array.from(source);
  }

  read(): Node {
    const node = this.#either();
    if (this.#at < this.#characters.length) throw bad("open");
    return node;
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw bad("open");
    this.#at += 1;
    return character;
  }

  #takes(character: string): boolean {
    if (this.#next !== character) return false;
    this.#at += 1;
    return true;
  }

  #either(): Node {
    const choices = [this.#all()];
    while (this.#takes("|")) choices.push(this.#all());
    return choices.length === 1 && choices[0] !== undefined ? choices[0] : { kind: "either", choices };
  }

  #all(): Node {
    const parts: Node[] = [];
    while (this.#next !== undefined && this.#next !== "|" && this.#next !== ")") parts.push(this.#repeated());
    return { kind: "all", parts };
  }

  #repeated(): Node {
    let node = this.#one();
    for (;;) {
      if (this.#takes("*")) node = { kind: "repeat", node, from: 0, to: Infinity };
      else if (this.#takes("+")) node = { kind: "repeat", node, from: 1, to: Infinity };
      else if (this.#takes("?")) node = { kind: "repeat", node, from: 0, to: 1 };
      else if (this.#takes("{")) node = { kind: "repeat", node, ...this.#counts() };
      else return node;
    }
  }

  #counts(): { from: number; to: number } {
    let text = "";
    while (!this.#takes("}")) text += this.#take();
    const found = /^(\d{1,2})(,(\d{0,2}))?$/.exec(text);
    if (found === null) throw bad("count");
    const from = Number(found[1]);
    const to = found[2] === undefined ? from : found[3] === "" ? Infinity : Number(found[3]);
    if (to < from || from > 50 || (to !== Infinity && to > 50)) throw bad("count");
    return { from, to };
  }

  #one(): Node {
    const character = this.#take();
    if (character === "^") return { kind: "start" };
    if (character === "$") return { kind: "end" };
    if (character === ".") return { kind: "one", test: (each) => each !== "\n" };
    if (character === "(") return this.#group();
    if (character === "[") return { kind: "one", test: this.#class() };
    if (character === "\\") return { kind: "one", test: this.#escaped() };
    if ("*+?{".includes(character)) throw bad("nothing", character);
    return { kind: "one", test: literal(character) };
  }

  #group(): Node {
    if (this.#takes("?") && !this.#takes(":")) throw bad("group");
    const node = this.#either();
    if (!this.#takes(")")) throw bad("open");
    return node;
  }

  #escaped(): Test {
    const character = this.#take();
    const known = classes[character];
    if (known !== undefined) return known;
    const control = controls[character];
    if (control !== undefined) return literal(control);
    if (/[\p{L}\p{N}]/u.test(character)) throw bad("escape", character);
    return literal(character);
  }

  #class(): Test {
    const isOpposite = this.#takes("^");
    const tests: Test[] = [];
    do {
      if (this.#takes("\\")) tests.push(this.#escaped());
      else {
        const from = this.#take().toLowerCase();
        if (this.#next === "-" && this.#characters[this.#at + 1] !== "]") {
          this.#at += 1;
          const to = this.#take().toLowerCase();
          if (to < from) throw bad("range");
          tests.push((character) => character >= from && character <= to);
        } else tests.push(literal(from));
      }
    } while (!this.#takes("]"));
    const isOneOf: Test = (character) => tests.some((test) => test(character));
    return isOpposite ? not(isOneOf) : isOneOf;
  }
}

function literal(character: string): Test {
  const small = character.toLowerCase();
  return (each) => each === small;
}

/** The pattern as states, of which the last is the match and the first is where it begins. */
function statesOf(pattern: Node): readonly State[] {
  const states: State[] = [];
  const add = (state: State): number => {
    if (states.length >= mostStates) throw bad("large");
    return states.push(state) - 1;
  };
  /** Built from its end: each state knows where it leads. */
  let steps = 0;
  const build = (node: Node, next: number): number => {
    steps += 1;
    if (steps > mostSteps) throw bad("large");
    switch (node.kind) {
      case "empty":
        return next;
      case "one":
        return add({ kind: "one", test: node.test, next });
      case "start":
      case "end":
        return add({ kind: node.kind, next });
      case "all":
        return node.parts.reduceRight((after, part) => build(part, after), next);
      case "either":
        return add({ kind: "split", next: node.choices.map((choice) => build(choice, next)) });
      case "repeat":
        return repeat(node, next);
    }
  };
  const repeat = ({ node, from, to }: Extract<Node, { kind: "repeat" }>, next: number): number => {
    let at = next;
    if (to === Infinity) {
      const loop: State = { kind: "split", next: [] };
      at = add(loop);
      loop.next = [build(node, at), next];
    } else for (let count = from; count < to; count++) at = add({ kind: "split", next: [build(node, at), next] });
    for (let count = 0; count < from; count++) at = build(node, at);
    return at;
  };
  const match = add({ kind: "match" });
  const first = build(pattern, match);
  return [...states, { kind: "split", next: [first] }];
}

/** Whether it is found anywhere in the text: all the ways at once, a character at a time. */
function matches(states: readonly State[], text: readonly string[], effort: Effort): boolean {
  const first = states.length - 1;
  let current: number[] = [];
  for (let at = 0; at <= text.length; at++) {
    const reached = new Set<number>();
    const pending = [...current, first];
    const ones: Extract<State, { kind: "one" }>[] = [];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (reached.has(index)) continue;
      effort.left -= 1;
      if (effort.left < 0) return false;
      reached.add(index);
      const state = states[index];
      if (state === undefined) continue;
      if (state.kind === "match") return true;
      if (state.kind === "one") ones.push(state);
      else if (state.kind === "split") pending.push(...state.next);
      else if (state.kind === "start" ? at === 0 : at === text.length) pending.push(state.next);
    }
    const character = text[at];
    if (character === undefined) return false;
    current = ones.filter(({ test }) => test(character)).map(({ next }) => next);
  }
  return false;
}
