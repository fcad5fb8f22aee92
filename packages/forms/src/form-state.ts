import type { Condition } from "@zhanggui/kit/contract/condition";
import { type Facts, holds } from "./condition.ts";
import { compute, type Source } from "./expression.ts";
import { scopesOf } from "./form-graph.ts";
import type { Form, FormField } from "./form.ts";
import { Collected, isEmpty, isRecord, valueAt, type Values, withValue } from "./values.ts";

export interface FieldState {
  readonly isShown: boolean;
  readonly isDisabled: boolean;
  readonly isRequired: boolean;
  /** What is computed, or else what was given; undefined while it isn't shown. */
  readonly value?: unknown;
}

/** The state of each field by its path: `address.city`, and in the first row of `items`, `items.0.name`. */
export type FormState = ReadonlyMap<string, FieldState>;

/**
 * What each field is like with these values. Names in conditions are looked up in the field's own row or object first,
 * then outside. A field that isn't shown has no value, for others either.
 *
 * @param outside what conditions can ask besides: events and memberships
 * @throws Error where fields depend on each other in a circle
 */
export function stateOf(form: Form, values: Values, outside: Omit<Facts, "value"> = {}): FormState {
  const reader = new Reader(form, values, outside);
  return new Map([...reader.fields].map(([path, { field, scope }]) => [path, reader.stateOf(path, field, scope)]));
}

/** The paths of fields that are shown, required and empty. */
export function missing(form: Form, values: Values): string[] {
  return [...stateOf(form, values)]
    .filter(([, { isShown, isRequired, value }]) => isShown && isRequired && isEmpty(value))
    .map(([path]) => path);
}

/**
 * What is sent: computed values with the others, without fields that aren't shown and without what is empty. Where
 * null is allowed it is sent instead, so that what was there before is gone. A nested object is there while any of its
 * fields is shown.
 */
export function trimmed(form: Form, values: Values): Values {
  return trimmedWithin(form, values, stateOf(form, values), "");
}

function trimmedWithin(form: Form, values: Values, state: FormState, scope: string): Values {
  const isShown = (name: string): boolean => state.get(`${scope}${name}`)?.isShown ?? false;
  const sent = new Collected(values);
  for (const field of form.fields) {
    const { name, rows } = field;
    const path = `${scope}${name}`;
    const value = isShown(name) ? state.get(path)?.value : undefined;
    const inRow = (row: unknown, index: number): unknown =>
      isRecord(row) && rows !== undefined ? trimmedWithin(rows, row, state, `${path}.${index}.`) : row;
    const answer = isEmpty(value) ? nothing(field, isShown(name)) : value;
    sent.set(name, rows !== undefined && Array.isArray(answer) ? answer.map(inRow) : answer);
  }
  for (const { name, fields } of form.groups ?? []) {
    if (!fields.some(isShown)) sent.set(name, undefined);
    else if (!isRecord(valueAt(sent.values, name))) sent.set(name, {});
  }
  return sent.values;
}

/** What says that there is no answer: null where that is allowed, no member of a list that may have none. */
function nothing({ isNullable, isList, minItems = 0 }: FormField, isShown: boolean): unknown {
  if (isNullable) return null;
  return isList && isShown && minItems === 0 ? [] : undefined;
}

/** What a new form begins with: defaults, and no answer elsewhere. */
export function blank(form: Form): Values {
  let values: Values = {};
  for (const field of form.fields) {
    const { rows, minItems = 0 } = field;
    const begin = rows === undefined ? emptyOf(field) : Array.from({ length: minItems }, () => blank(rows));
    values = withValue(values, field.name, field.default ?? begin);
  }
  return values;
}

function emptyOf({ kind, isNullable, isList }: FormField): unknown {
  if (isList) return [];
  if (isNullable) return null;
  return kind === "yesNo" ? false : undefined;
}

/** Every field with its path, those of rows for each row that is there; outer ones before inner ones. */
export function* fieldsIn(form: Form, values: unknown, scope = ""): Generator<[string, FormField], void, undefined> {
  for (const field of form.fields) {
    const path = `${scope}${field.name}`;
    yield [path, field];
    if (field.rows === undefined) continue;
    const rows = valueAt(values, field.name);
    if (!Array.isArray(rows)) continue;
    for (const [index, row] of rows.entries()) yield* fieldsIn(field.rows, row, `${path}.${index}.`);
  }
}

/**
 * Whether nothing was answered: every field that isn't computed is empty. A box that isn't ticked says no only where a
 * form asks for nothing but yes or no; beside other fields it is one that was passed over.
 */
export function isUnanswered(form: Form, values: Values): boolean {
  const asked = [...fieldsIn(form, values)].filter(([, { compute, rows }]) => compute === undefined && !rows);
  const isTickedOnly = asked.every(([, { kind }]) => kind === "yesNo");
  return asked.every(([path]) => {
    const value = valueAt(values, path);
    return isEmpty(value) || (value === false && !isTickedOnly);
  });
}

interface Placed {
  readonly field: FormField;
  /** The paths within which its names are looked up, the closest first: `items.0.`, then none. */
  readonly scope: readonly string[];
}

/** Reads each value once, when somebody asks for it: what it depends on is read first by that. */
class Reader {
  readonly fields: ReadonlyMap<string, Placed>;
  readonly #values: Values;
  readonly #outside: Omit<Facts, "value">;
  readonly #known = new Map<string, { readonly isShown: boolean; readonly value: unknown }>();
  readonly #reading = new Set<string>();

  constructor(form: Form, values: Values, outside: Omit<Facts, "value">) {
    this.#values = values;
    this.#outside = outside;
    this.fields = new Map([...fieldsIn(form, values)].map(([path, field]) => [path, { field, scope: scopesOf(path) }]));
  }

  stateOf(path: string, field: FormField, scope: readonly string[]): FieldState {
    const facts = this.#source(scope);
    const { isShown, value } = this.#read(path);
    const asks = (condition: Condition | undefined): boolean => condition !== undefined && holds(condition, facts);
    const isLocked = field.isReadOnly === true || asks(field.disableWhen);
    return {
      isShown,
      isDisabled: isLocked || field.compute !== undefined,
      // Nobody is asked for what they can't fill in.
      isRequired: !isLocked && (field.isRequired || asks(field.requireWhen)),
      value,
    };
  }

  #read(path: string): { readonly isShown: boolean; readonly value: unknown } {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const placed = this.fields.get(path);
    if (placed === undefined) return { isShown: true, value: valueAt(this.#values, path) };
    if (this.#reading.has(path)) throw new Error(`what ${path} is depends on itself`);
    this.#reading.add(path);
    const read = this.#readField(path, placed);
    this.#reading.delete(path);
    this.#known.set(path, read);
    return read;
  }

  #readField(path: string, { field, scope }: Placed): { readonly isShown: boolean; readonly value: unknown } {
    const facts = this.#source(scope);
    const row = /^(.+)\.\d+\./.exec(path)?.[1];
    const isShown =
      (row === undefined || this.#read(row).isShown) && (field.showWhen === undefined || holds(field.showWhen, facts));
    if (!isShown) return { isShown, value: undefined };
    return {
      isShown,
      value: field.compute === undefined ? valueAt(this.#values, path) : compute(field.compute, facts),
    };
  }

  #source(scope: readonly string[]): Source {
    return {
      ...this.#outside,
      value: (name) => this.#read(this.#find(name, scope)).value,
      rows: (name) => {
        const path = this.#find(name, scope);
        const rows = this.#read(path).value;
        return Array.isArray(rows) ? rows.map((_, index) => this.#source([`${path}.${index}.`, ...scope])) : [];
      },
    };
  }

  #find(name: string, scope: readonly string[]): string {
    return scope.map((prefix) => `${prefix}${name}`).find((path) => this.fields.has(path)) ?? name;
  }
}
