import { type Schema, Validator } from "@cfworker/json-schema";
import type { FieldOptions } from "@zhanggui/kit/contract/field";
import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { accessOf, enforce, type FieldAccess, type FieldRights, lockedFor } from "./access.ts";
import { errorsOf, type FieldError } from "./errors.ts";
import { isUnanswered, trimmed } from "./form-state.ts";
import { isTooMuchWork } from "./form-work.ts";
import { formOf, type Form, type Section } from "./form.ts";
import { dataProblem } from "./schema-guard.ts";
import { Collected, isRecord, valueAt, type Values } from "./values.ts";
import { nothingAnswered } from "./words.ts";

/** What a schema doesn't say of a field. */
export type UiField = {
  readonly label?: LocalizedText;
  /** The rights that it takes to see what was answered, and to answer; who can't see it can't answer it either. */
  readonly readBy?: string;
  readonly writeBy?: string;
} & Pick<
  FieldOptions,
  | "kind"
  | "choices"
  | "hint"
  | "placeholder"
  | "rule"
  | "input"
  | "showWhen"
  | "disableWhen"
  | "requireWhen"
  | "compute"
>;

/** How a made form looks and behaves, beside its schema. */
export interface UiSchema {
  /** By path, without the numbers of rows: `address.city`, `lines.price`. */
  readonly fields?: Readonly<Record<string, UiField>>;
  readonly steps?: readonly Section[];
}

/** A form that an operator made: one version of it never changes. */
export interface MadeForm {
  readonly schema: JsonSchema;
  readonly ui?: UiSchema;
}

/** The form of a schema that `madeFormProblem` found nothing wrong with: for the same components as any other. */
export function formOfSchema({ schema, ui = {} }: MadeForm): Form {
  const form = formOf(withLabels(schema, schema, ui, ""));
  return ui.steps === undefined ? form : { ...form, steps: ui.steps };
}

/** What somebody with these rights may do with each field of a made form, and with what is within it. */
export function accessToMade({ ui = {} }: MadeForm, rights: ReadonlySet<string>): FieldAccess {
  const rules = Object.entries(ui.fields ?? {}).map(([path, { readBy, writeBy }]): [string, FieldRights] => [
    path,
    { ...(readBy === undefined ? {} : { read: readBy }), ...(writeBy === undefined ? {} : { write: writeBy }) },
  ]);
  return accessOf(Object.fromEntries(rules), rights);
}

export interface Accepted {
  /** What is kept: only what the form asks for and shows, with computed values. */
  readonly values: Values;
  readonly errors: readonly FieldError[];
}

/**
 * What becomes of answers to a made form, in the browser as on the server. The schema is law; `errorsOf` says it in
 * better words where it can. Which fields are required depends on what is shown.
 *
 * @param access what whoever answers may do: what they may not answer is refused, asked of nobody, and computed still
 */
export function accept(made: MadeForm, given: unknown, access: FieldAccess = {}): Accepted {
  const problem = dataProblem(given) ?? (isRecord(given) ? undefined : noAnswers);
  if (problem !== undefined) return { values: {}, errors: [{ path: "", text: problem }] };
  const form = lockedFor(formOfSchema(made), access);
  if (isTooMuchWork(form, given as Values)) return { values: {}, errors: [{ path: "", text: tooMuch }] };
  const { values: own, refused: beyond } = enforce(form, {}, given as Values, access);
  const values = trimmed(form, asked(form, own));
  const errors = [...beyond, ...errorsOf(form, values)];
  const known = new Set(errors.map(({ path }) => path));
  for (const { instanceLocation, keyword } of validatorOf(made.schema).validate(values).errors) {
    const path = instanceLocation.slice(2).replaceAll("/", ".");
    if (repeating.has(keyword) || known.has(path)) continue;
    known.add(path);
    errors.push({ path, text: keyword === "pattern" ? wrongForm : refused });
  }
  if (errors.length === 0 && isUnanswered(form, values)) errors.push({ path: "", text: nothingAnswered });
  return { values, errors: toldTo(access, errors, new Set(beyond)) };
}

/**
 * What is wrong with a hidden field is computed wrong: nobody typed it. That the answers aren't taken is said, but
 * neither where nor why, for that would tell of the field. What was sent for a hidden field is named as it was sent.
 */
function toldTo(
  access: FieldAccess,
  errors: readonly FieldError[],
  sent: ReadonlySet<FieldError>,
): readonly FieldError[] {
  const told = errors.filter((error) => sent.has(error) || !isHidden(access, error.path));
  return told.length === errors.length ? errors : [...told, { path: "", text: refusedWhole }];
}

function isHidden(access: FieldAccess, path: string): boolean {
  const names = path.split(".").filter((name) => !/^\d+$/.test(name));
  return names.some((_, index) => access[names.slice(0, index + 1).join(".")] === "hidden");
}

/** Keywords that say only that something further inside is wrong. */
const repeating: ReadonlySet<string> = new Set(["properties", "items", "$ref"]);
const tooMuch = { zh: "内容太多，请减少行数", en: "This is too much at once: please give fewer rows" };
const noAnswers = { zh: "内容无法识别", en: "The answers can't be understood" };
const wrongForm = { zh: "格式不正确", en: "This has the wrong form" };
const refused = { zh: "不符合要求", en: "This isn't allowed here" };
const refusedWhole = {
  zh: "按这些内容算出的结果不符合表单的要求，请检查后再提交",
  en: "What follows from these answers isn't allowed by the form: please look through them",
};

/** Only what the form has a field for. */
function asked(form: Form, given: Values): Values {
  const collected = new Collected();
  for (const { name, rows } of form.fields) {
    const value = valueAt(given, name);
    const isList = rows !== undefined && Array.isArray(value);
    collected.set(name, isList ? value.map((row: unknown) => (isRecord(row) ? asked(rows, row) : row)) : value);
  }
  return collected.values;
}

/** The schema with its references put in, and with a label for each property. */
function withLabels(schema: JsonSchema, root: JsonSchema, ui: UiSchema, path: string): JsonSchema {
  const { $ref, $defs: _, ...own } = schema;
  const name = typeof $ref === "string" ? $ref.slice("#/$defs/".length) : "";
  const whole: JsonSchema = { ...(root["$defs"] as Record<string, JsonSchema> | undefined)?.[name], ...own };
  if (typeof whole["$ref"] === "string") return withLabels(whole, root, ui, path);
  const { properties, items, title, description } = whole;
  const label = typeof title === "string" ? title : (path.split(".").at(-1) ?? "");
  // Rights are held against answers by `accessToMade`; in a form's fields they would be a contract's permissions.
  const { readBy: _read, writeBy: _write, ...said } = ui.fields?.[path] ?? {};
  const field = {
    label: { zh: label, en: label },
    ...(description === undefined ? {} : { hint: { zh: description, en: description } }),
    ...said,
  };
  const inner = Object.entries(properties ?? {}).map(([each, property]) => {
    return [each, withLabels(property, root, ui, path === "" ? each : `${path}.${each}`)] as const;
  });
  return {
    ...whole,
    ...(path === "" ? {} : { field }),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(inner) }),
    ...(items === undefined ? {} : { items: withLabels(items, root, ui, path) }),
  };
}

const validators = new WeakMap<object, Validator>();

/** Works without `new Function`, so under a strict CSP. */
function validatorOf(schema: JsonSchema): Validator {
  let validator = validators.get(schema);
  if (validator === undefined) {
    // A copy, because it writes into what it is given. A property called "required" is a schema, no list.
    const copy = JSON.stringify(schema, (key, value: unknown) =>
      key === "required" && Array.isArray(value) ? undefined : value,
    );
    validator = new Validator(JSON.parse(copy) as Schema, "2020-12", false);
    validators.set(schema, validator);
  }
  return validator;
}
