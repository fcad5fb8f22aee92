import type { MadeForm, UiField, UiSchema } from "@zhanggui/forms/made-form";
import type { Section } from "@zhanggui/forms/form";
import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import { palette, type PartName, partOf } from "./palette.ts";

/*
 * What a designer does to a form, each as a function from one form to the next: so every step can be undone, and what
 * only the JSON says (other keywords, definitions) stays as it is.
 */

/** A field in the outline, outer ones before what is in them. */
export interface Entry {
  /** Without the numbers of rows: `lines.price`. */
  readonly path: string;
  readonly parent: string;
  readonly name: string;
  readonly depth: number;
  readonly part: PartName | undefined;
  readonly isRequired: boolean;
  /** Of the outermost, where a form has steps. */
  readonly step: number;
  /** Among its siblings, within its step. */
  readonly index: number;
}

/** Where a field is put: before the sibling of that number. */
export interface Place {
  readonly parent: string;
  readonly step: number;
  readonly index: number;
}

const uiOf = ({ ui = {} }: MadeForm): UiSchema => ui;
export const uiAt = (made: MadeForm, path: string): UiField => uiOf(made).fields?.[path] ?? {};
export const stepsOf = (made: MadeForm): readonly Section[] => uiOf(made).steps ?? [];

/** The object whose properties are the fields: of rows, that of one row. */
const objectIn = (schema: JsonSchema): JsonSchema => (schema.type === "array" ? (schema.items ?? {}) : schema);
const outer = (path: string): string => path.split(".").slice(0, -1).join(".");
const last = (path: string): string => path.split(".").at(-1) ?? "";

/** The schema of a field; undefined if there is none. */
export function schemaAt({ schema }: MadeForm, path: string): JsonSchema | undefined {
  if (path === "") return schema;
  return path
    .split(".")
    .reduce<JsonSchema | undefined>(
      (at, name) => (at === undefined ? undefined : objectIn(at).properties?.[name]),
      schema,
    );
}

const withObject = (schema: JsonSchema, change: (object: JsonSchema) => JsonSchema): JsonSchema =>
  schema.type === "array" ? { ...schema, items: change(schema.items ?? {}) } : change(schema);

function withSchema(schema: JsonSchema, path: string, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  if (path === "") return change(schema);
  const [name = "", ...rest] = path.split(".");
  return withObject(schema, (object) => {
    const inner = object.properties?.[name];
    if (inner === undefined) return object;
    return { ...object, properties: { ...object.properties, [name]: withSchema(inner, rest.join("."), change) } };
  });
}

/** The fields in the order in which they are asked for. */
export function entriesOf(made: MadeForm): Entry[] {
  const steps = stepsOf(made);
  const inside = (parent: string, depth: number): Entry[] => {
    const object = objectIn(schemaAt(made, parent) ?? {});
    const counts = new Map<number, number>();
    const own = Object.entries(object.properties ?? {}).map(([name, schema]): Entry => {
      const path = parent === "" ? name : `${parent}.${name}`;
      const step = parent === "" ? Math.max(0, stepOf(steps, name)) : 0;
      const index = counts.get(step) ?? 0;
      counts.set(step, index + 1);
      const isRequired = object.required?.includes(name) === true;
      return { path, parent, name, depth, part: partOf(schema, uiAt(made, path)), isRequired, step, index };
    });
    return own
      .toSorted((a, b) => a.step - b.step)
      .flatMap((entry) => [entry, ...(isContainer(entry) ? inside(entry.path, depth + 1) : [])]);
  };
  return inside("", 0);
}

export function isContainer({ part }: Pick<Entry, "part">): boolean {
  return part === "group" || part === "rows";
}

function stepOf(steps: readonly Section[], name: string): number {
  return steps.findIndex(({ fields }) => fields.some((each) => each === name || each.startsWith(`${name}.`)));
}

/** A form with one more field, and where that is. */
export function addPart(
  made: MadeForm,
  part: PartName,
  place: Place,
): { readonly made: MadeForm; readonly path: string } {
  const name = freeName(made, place.parent, part);
  const path = place.parent === "" ? name : `${place.parent}.${name}`;
  const { label, schema, ...more } = palette[part];
  const ui: UiField = { label, ...("ui" in more ? more.ui : {}) };
  const withUi = { ...made, ui: { ...uiOf(made), fields: { ...uiOf(made).fields, [path]: ui } } };
  return { made: inserted(withUi, name, schema, place, false), path };
}

function freeName(made: MadeForm, parent: string, stem: string): string {
  const taken = objectIn(schemaAt(made, parent) ?? {}).properties ?? {};
  for (let number = 1; ; number += 1) if (!Object.hasOwn(taken, `${stem}${number}`)) return `${stem}${number}`;
}

function inserted(made: MadeForm, name: string, schema: JsonSchema, place: Place, isRequired: boolean): MadeForm {
  const siblings = entriesOf(made).filter(({ parent }) => parent === place.parent);
  const own = siblings.filter(({ step }) => place.parent !== "" || step === place.step);
  const before = own[place.index]?.name;
  const after = own.at(-1)?.name ?? siblings.filter(({ step }) => step < place.step).at(-1)?.name;
  const whole = withSchema(made.schema, place.parent, (at) =>
    withObject(at, (object) => {
      const pairs = Object.entries(object.properties ?? {});
      const at = before === undefined ? pairs.findIndex(([each]) => each === after) + 1 : indexOf(pairs, before);
      const properties = Object.fromEntries(pairs.toSpliced(at, 0, [name, schema]));
      const required = [...(object.required ?? []), ...(isRequired ? [name] : [])];
      return { ...object, properties, ...(required.length === 0 ? {} : { required }) };
    }),
  );
  return settled({ ...made, schema: whole }, place.parent === "" ? new Map([[name, place.step]]) : new Map());
}

function indexOf(pairs: readonly (readonly [string, unknown])[], name: string): number {
  return pairs.findIndex(([each]) => each === name);
}

/** Without the field and all that is in it. */
export function removePart(made: MadeForm, path: string): MadeForm {
  return settled(withoutUi(withoutProperty(made, path), path));
}

function withoutProperty(made: MadeForm, path: string): MadeForm {
  const name = last(path);
  const schema = withSchema(made.schema, outer(path), (at) =>
    withObject(at, ({ required, ...object }) => {
      const { [name]: _, ...properties } = object.properties ?? {};
      const left = required?.filter((each) => each !== name) ?? [];
      return { ...object, properties, ...(left.length === 0 ? {} : { required: left }) };
    }),
  );
  return { ...made, schema };
}

const isWithin = (path: string, each: string): boolean => each === path || each.startsWith(`${path}.`);

function withoutUi(made: MadeForm, path: string): MadeForm {
  const kept = Object.entries(uiOf(made).fields ?? {}).filter(([each]) => !isWithin(path, each));
  return { ...made, ui: { ...uiOf(made), fields: Object.fromEntries(kept) } };
}

/** The field elsewhere, with all that is in it; where that can't be, the form as it is. */
export function movePart(
  made: MadeForm,
  path: string,
  place: Place,
): { readonly made: MadeForm; readonly path: string } {
  const schema = schemaAt(made, path);
  const entry = entriesOf(made).find((each) => each.path === path);
  if (schema === undefined || entry === undefined || isWithin(path, place.parent)) return { made, path };
  const isSibling = place.parent === entry.parent && place.step === entry.step;
  const index = isSibling && entry.index < place.index ? place.index - 1 : place.index;
  const isTaken = place.parent !== entry.parent && schemaAt(made, join(place.parent, entry.name)) !== undefined;
  const name = isTaken ? freeName(made, place.parent, entry.part ?? "field") : entry.name;
  const now = join(place.parent, name);
  const fields = Object.entries(uiOf(made).fields ?? {}).map(([each, ui]) => [
    isWithin(path, each) ? `${now}${each.slice(path.length)}` : each,
    ui,
  ]);
  const without = withoutProperty(made, path);
  const renamed = { ...without, ui: { ...uiOf(made), fields: Object.fromEntries(fields) as UiSchema["fields"] } };
  return { made: inserted(renamed, name, schema, { ...place, index }, entry.isRequired), path: now };
}

const join = (parent: string, name: string): string => (parent === "" ? name : `${parent}.${name}`);

/** One further up or down among its siblings; over the edge of a step, into the next. Undefined at the ends. */
export function placeBeside(made: MadeForm, path: string, by: -1 | 1): Place | undefined {
  const all = entriesOf(made);
  const entry = all.find((each) => each.path === path);
  if (entry === undefined) return undefined;
  const { parent, step, index } = entry;
  const countIn = (wanted: number): number =>
    all.filter((each) => each.parent === parent && each.step === wanted).length;
  if (by === -1 && index > 0) return { parent, step, index: index - 1 };
  if (by === 1 && index < countIn(step) - 1) return { parent, step, index: index + 2 };
  const next = step + by;
  if (parent !== "" || next < 0 || next >= stepsOf(made).length) return undefined;
  return { parent, step: next, index: by === -1 ? countIn(next) : 0 };
}

export function changeSchema(made: MadeForm, path: string, change: (schema: JsonSchema) => JsonSchema): MadeForm {
  return { ...made, schema: withSchema(made.schema, path, change) };
}

/** Other words of the UI schema for a field; undefined takes one away. */
export function changeUi(
  made: MadeForm,
  path: string,
  change: { readonly [Key in keyof UiField]?: UiField[Key] | undefined },
): MadeForm {
  const said = Object.entries({ ...uiAt(made, path), ...change }).filter(([, value]) => value !== undefined);
  const fields = { ...uiOf(made).fields, [path]: Object.fromEntries(said) as UiField };
  return { ...made, ui: { ...uiOf(made), fields } };
}

/** What it asks for, whatever that depends on: for showing one whose conditions or formulas aren't finished. */
export function withoutDependencies(made: MadeForm): MadeForm {
  const fields = Object.entries(uiOf(made).fields ?? {}).map(([path, said]) => {
    const { showWhen: _show, disableWhen: _disable, requireWhen: _require, compute: _compute, ...kept } = said;
    return [path, kept] as const;
  });
  return { ...made, ui: { ...uiOf(made), fields: Object.fromEntries(fields) } };
}

export function changeRequired(made: MadeForm, path: string, isRequired: boolean): MadeForm {
  const name = last(path);
  return changeSchema(made, outer(path), (at) =>
    withObject(at, ({ required = [], ...object }) => {
      const left = required.filter((each) => each !== name);
      const now = isRequired ? [...left, name] : left;
      return { ...object, ...(now.length === 0 ? {} : { required: now }) };
    }),
  );
}

/** One step more, at the end; the first time, what there is becomes the first of two. */
export function addStep(made: MadeForm): MadeForm {
  const steps = stepsOf(made);
  const numbers = steps.length === 0 ? [1, 2] : [freeStep(steps)];
  const more = numbers.map((number): Section => ({
    name: `step${number}`,
    label: { zh: `第 ${number} 步`, en: `Step ${number}` },
    fields: [],
  }));
  return settled({ ...made, ui: { ...uiOf(made), steps: [...steps, ...more] } });
}

function freeStep(steps: readonly Section[]): number {
  for (let number = steps.length + 1; ; number += 1)
    if (!steps.some(({ name }) => name === `step${number}`)) return number;
}

/** What was asked for in it is asked for in the step before. */
export function removeStep(made: MadeForm, index: number): MadeForm {
  const steps = stepsOf(made);
  const { steps: _, ...ui } = uiOf(made);
  if (steps.length <= 2) return { ...made, ui };
  const kept = steps.toSpliced(index, 1);
  const into = Math.max(0, index - 1);
  const moved = steps[index]?.fields ?? [];
  return settled({
    ...made,
    ui: {
      ...ui,
      steps: kept.map((step, at) => (at === into ? { ...step, fields: [...step.fields, ...moved] } : step)),
    },
  });
}

export function changeStep(made: MadeForm, index: number, label: Section["label"]): MadeForm {
  const steps = stepsOf(made).map((step, at) => (at === index ? { ...step, label } : step));
  return { ...made, ui: { ...uiOf(made), steps } };
}

/** Each field stands in one step: those of `moved` in another than before, new ones where they belong. */
function settled(made: MadeForm, moved: ReadonlyMap<string, number> = new Map()): MadeForm {
  const steps = stepsOf(made);
  if (steps.length === 0) return made;
  const fields: string[][] = steps.map(() => []);
  for (const [name, schema] of Object.entries(made.schema.properties ?? {})) {
    const step = moved.get(name) ?? Math.max(0, stepOf(steps, name));
    fields[Math.min(step, steps.length - 1)]?.push(...leavesOf(name, schema));
  }
  return { ...made, ui: { ...uiOf(made), steps: steps.map((step, at) => ({ ...step, fields: fields[at] ?? [] })) } };
}

/** What a form asks for under that name: of a group, each of its fields. */
function leavesOf(path: string, schema: JsonSchema): string[] {
  if (schema.type !== "object" || schema.properties === undefined) return [path];
  // One that is empty still has its place.
  if (Object.keys(schema.properties).length === 0) return [path];
  return Object.entries(schema.properties).flatMap(([name, inner]) => leavesOf(`${path}.${name}`, inner));
}
