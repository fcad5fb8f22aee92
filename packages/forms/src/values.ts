/** Values by their names, as a form holds them. */
export type Values = Readonly<Record<string, unknown>>;

/** No text is longer, be it given or computed. */
export const longestText = 10_000;

/** What is at a path: `address.city`, `items.0.name`. Only what the values themselves have, never what they inherit. */
export function valueAt(values: unknown, path: string): unknown {
  let at = values;
  for (const name of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Values)[name];
  }
  return at;
}

/** A copy with another value at `path`; undefined takes it out. */
export function withValue(values: Values, path: string, value: unknown): Values {
  const [name = "", ...rest] = path.split(".");
  const inner = valueAt(values, name);
  if (inner === undefined && value === undefined) return values;
  const next = rest.length === 0 ? value : within(inner, rest, value);
  if (next !== undefined) return { ...values, [name]: next };
  const { [name]: _, ...others } = values;
  return others;
}

function within(inner: unknown, [name = "", ...rest]: readonly string[], value: unknown): unknown {
  if (!Array.isArray(inner)) return withValue(isRecord(inner) ? inner : {}, [name, ...rest].join("."), value);
  return inner.map((row: Values, index) => (String(index) === name ? withValue(row, rest.join("."), value) : row));
}

/** Values put together field by field: a copy for each of hundreds of fields, in each of many rows, takes seconds. */
export class Collected {
  readonly #root: Record<string, unknown>;
  /** Objects that were made here, and so may be written into. */
  readonly #own = new WeakSet<object>();

  /** @param start is left as it is */
  constructor(start: Values = {}) {
    this.#root = this.#copy(start);
  }

  get values(): Values {
    return this.#root;
  }

  /** As `withValue` does, through objects, not through lists. */
  set(path: string, value: unknown): void {
    const names = path.split(".");
    const last = names.pop() ?? "";
    let at = this.#root;
    for (const name of names) {
      const inner = valueAt(at, name);
      if (inner === undefined && value === undefined) return;
      if (!isRecord(inner) || !this.#own.has(inner)) at[name] = this.#copy(isRecord(inner) ? inner : {});
      at = at[name] as Record<string, unknown>;
    }
    if (value === undefined) delete at[last];
    else at[last] = value;
  }

  #copy(values: Values): Record<string, unknown> {
    const copy = { ...values };
    this.#own.add(copy);
    return copy;
  }
}

/** Nobody has said anything: no value, no text, no member. `false` and 0 are answers. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

const instantForm = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** The milliseconds of an RFC 3339 instant; undefined for anything else, the 30th of February too. */
export function instantOf(value: unknown): number | undefined {
  const day = typeof value === "string" ? instantForm.exec(value)?.[1] : undefined;
  if (day === undefined || !isDay(day)) return undefined;
  const milliseconds = Date.parse(value as string);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

/** Whether it is a day of the calendar, `YYYY-MM-DD`. */
export function isDay(value: unknown): value is string {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const milliseconds = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two values say the same: in whatever order names stand, and what is missing as null does. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => isSameJson(each, b[index]));
  if (!isRecord(a) || !isRecord(b)) return a === b || ((a ?? null) === null && (b ?? null) === null);
  return Object.keys({ ...a, ...b }).every((name) => isSameJson(valueAt(a, name), valueAt(b, name)));
}

/**
 * Whether fields may be called so: a name that code, FEEL and paths can all write, and that objects don't have already.
 * Whoever asks whether `toString` is `in` an object hears yes; whoever writes to `__proto__` changes others.
 */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) && !(name in Object.prototype) && name !== "prototype";
}
