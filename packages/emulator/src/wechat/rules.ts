import { type KnownErrcode, Refusal } from "./errcodes.ts";

/** How sure a rule is: read on a page of the platform, told by somebody who met it, or only remembered. */
export type Certainty = "documented" | "reported" | "recalled";

/** Where a rule was read. */
export interface Source {
  /** A page of developers.weixin.qq.com, unless another host is named. */
  page: string;
  /** The month it was read, `2026-10`. */
  read: string;
  certainty: Certainty;
}

/** A number that WeChat keeps to: how long something lives, how often something is tried. */
export interface Fact extends Source {
  kind: "fact";
  id: string;
  says: string;
  value: number;
}

/** What may be so large at most and must be so large at least; outside it a call is refused. */
export interface Limit extends Source {
  kind: "limit";
  id: string;
  says: string;
  min: number;
  max: number;
  /** Answered above `max`. */
  errcode: KnownErrcode;
  /** Answered below `min`, where it is another one. */
  errcodeBelow: KnownErrcode;
}

/** A behaviour that sources disagree on, or that nobody wrote down: a switch. */
export interface Switch extends Source {
  kind: "switch";
  id: string;
  says: string;
  /** What each position means, the default first. */
  positions: Readonly<Record<string, string>>;
}

export type Rule = Fact | Limit | Switch;
type Unnamed<R extends Rule> = Omit<R, "id" | keyof Source> & Partial<Source>;

export function fact(value: number, says: string, source: Partial<Source> = {}): Unnamed<Fact> {
  return { kind: "fact", value, says, ...source };
}

/** @param bounds the least and the most, both allowed */
export function limit(
  bounds: readonly [min: number, max: number],
  errcode: KnownErrcode,
  says: string,
  { below = errcode, ...source }: Partial<Source> & { below?: KnownErrcode } = {},
): Unnamed<Limit> {
  const [min, max] = bounds;
  return { kind: "limit", min, max, errcode, errcodeBelow: below, says, ...source };
}

export function choice(
  positions: Readonly<Record<string, string>>,
  says: string,
  source: Partial<Source> = {},
): Unnamed<Switch> {
  return { kind: "switch", positions, says, ...source };
}

/** Every rule there is, by its id. */
const registry = new Map<string, Rule>();

/** Declares rules that stand on one page: each is named `group.name`, and may say another source than its group. */
export function rules<const G extends Record<string, Unnamed<Rule>>>(
  group: string,
  source: Source,
  members: G,
): { readonly [N in keyof G]: G[N] & Source & { readonly id: string } } {
  const named = Object.fromEntries(
    Object.entries(members).map(([name, member]) => {
      const rule = { ...source, ...member, id: `${group}.${name}` } as Rule;
      registry.set(rule.id, rule);
      return [name, rule];
    }),
  );
  return named as unknown as { readonly [N in keyof G]: G[N] & Source & { readonly id: string } };
}

export function allRules(): readonly Rule[] {
  return [...registry.values()];
}

export function ruleOf(id: string): Rule | undefined {
  return registry.get(id);
}

/** Told of each look at a limit: a test learns from it which bounds were really reached. */
export type Witness = (limit: Limit, side: "below" | "least" | "inside" | "most" | "above") => void;

/** Beyond it a number is a mistake: a hundred years of seconds, or a hundred times what WeChat keeps to. */
function mostOf(rule: Fact | Limit): number {
  const written = rule.kind === "fact" ? rule.value : rule.max;
  return rule.id.endsWith("Seconds") ? 100 * 366 * 86_400 : Math.max(1_000, 100 * written);
}

/** The rules as one emulator keeps them: with limits lowered and switches set as somebody ordered. */
export class Rulebook {
  witness: Witness = () => {};
  private readonly set = new Map<string, number | string>();

  /** Lowers or raises a limit's `max`, changes a fact, sets a switch; null: as it was. @throws RangeError */
  change(id: string, value: number | string | null): void {
    const rule = ruleOf(id);
    if (rule === undefined) throw new RangeError(`There is no rule "${id}".`);
    if (value === null) return void this.set.delete(id);
    if (rule.kind === "switch") {
      if (typeof value !== "string" || !Object.hasOwn(rule.positions, value))
        throw new RangeError(`${id} is one of ${Object.keys(rule.positions).join(", ")}.`);
    } else if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > mostOf(rule)) {
      throw new RangeError(`${id} is a whole number from 0 to ${mostOf(rule)}, not "${value}".`);
    }
    this.set.set(id, value);
  }

  /** What differs from the rules as they are written down. */
  changes(): Record<string, number | string> {
    return Object.fromEntries(this.set);
  }

  /** As they are written down, but for `changes`. @returns those that there are no more, or that may not be so */
  reset(changes: Readonly<Record<string, number | string>> = {}): string[] {
    this.set.clear();
    return Object.entries(changes).flatMap(([id, value]) => {
      try {
        this.change(id, value);
        return [];
      } catch {
        return [id];
      }
    });
  }

  number(rule: Fact | Limit): number {
    const set = this.set.get(rule.id);
    if (typeof set === "number") return set;
    return rule.kind === "fact" ? rule.value : rule.max;
  }

  position(rule: Switch): string {
    return String(this.set.get(rule.id) ?? Object.keys(rule.positions)[0]);
  }

  /** @throws Refusal with the limit's code when `measured` lies outside it */
  within(rule: Limit, measured: number): void {
    const max = this.number(rule);
    // What is no number at all lies beyond, too.
    if (!(measured <= max)) {
      this.witness(rule, "above");
      throw new Refusal(rule.errcode);
    }
    if (measured < rule.min) {
      this.witness(rule, "below");
      throw new Refusal(rule.errcodeBelow);
    }
    this.witness(rule, measured === max ? "most" : measured === rule.min ? "least" : "inside");
  }
}
