import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { conditionProblem } from "./condition-guard.ts";
import { expressionProblem } from "./expression-guard.ts";
import { dependencyProblem, fieldsByPath } from "./form-graph.ts";
import type { Form, Section } from "./form.ts";
import { formOfSchema, type MadeForm, type UiField, type UiSchema } from "./made-form.ts";
import { dataProblem, schemaLimits, schemaProblem } from "./schema-guard.ts";
import { isPlainName, isRecord } from "./values.ts";
import { filled } from "./words.ts";

/**
 * What is wrong with a form that somebody made, before it is stored or shown; undefined if nothing is. Browser and
 * server ask the same.
 */
export function madeFormProblem(given: unknown): LocalizedText | undefined {
  if (!isRecord(given) || !hasOnly(given, ["schema", "ui"])) return problems.unknown;
  const { schema, ui = {} } = given;
  const problem = schemaProblem(schema) ?? dataProblem(ui) ?? shapeProblem(ui);
  if (problem !== undefined) return problem;
  const form = formOfSchema(given as unknown as MadeForm);
  return pathProblem(form, ui as UiSchema) ?? stepsProblem(form, ui as UiSchema) ?? dependencyProblem(form);
}

function hasOnly(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}

function shapeProblem(ui: unknown): LocalizedText | undefined {
  if (!isRecord(ui) || !hasOnly(ui, ["fields", "steps"])) return problems.unknown;
  const { fields = {}, steps = [] } = ui;
  if (!isRecord(fields) || !Array.isArray(steps) || !steps.every(isSection)) return problems.unknown;
  for (const [path, field] of Object.entries(fields)) {
    const isRight =
      isRecord(field) && Object.entries(field).every(([name, value]) => uiKeys.get(name)?.(value) ?? false);
    if (!isRight) return filled(problems.badField, { path });
  }
  return undefined;
}

function isSection(step: unknown): step is Section {
  if (!isRecord(step) || !hasOnly(step, ["name", "label", "hint", "fields"])) return false;
  const { name, label, hint, fields } = step;
  const areNames = Array.isArray(fields) && fields.every((each) => typeof each === "string");
  return isName(name) && isWords(label) && (hint === undefined || isWords(hint)) && areNames;
}

/** Text in both languages. It is shown as text: whatever looks like markup in it is read, not run. */
function isWords(value: unknown): boolean {
  if (!isRecord(value) || !hasOnly(value, ["zh", "en"])) return false;
  return [value["zh"], value["en"]].every((text) => typeof text === "string" && text.length <= schemaLimits.hintLength);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && isPlainName(value);
}

const uiKeys: ReadonlyMap<string, (value: unknown) => boolean> = new Map<keyof UiField, (value: unknown) => boolean>([
  ["label", isWords],
  ["hint", isWords],
  ["placeholder", isWords],
  ["rule", isWords],
  ["kind", isName],
  ["input", isName],
  ["choices", (value) => isRecord(value) && Object.values(value).every(isWords)],
  ["showWhen", (value) => conditionProblem(value) === undefined],
  ["disableWhen", (value) => conditionProblem(value) === undefined],
  ["requireWhen", (value) => conditionProblem(value) === undefined],
  ["compute", (value) => expressionProblem(value) === undefined],
]);

/** Whatever the UI schema names is there. */
function pathProblem(form: Form, { fields = {} }: UiSchema): LocalizedText | undefined {
  const all = fieldsByPath(form);
  const objects = [...all.keys()].flatMap((path) =>
    path.split(".").map((_, end, names) => names.slice(0, end).join(".")),
  );
  const lost = Object.keys(fields).find((path) => !all.has(path) && !objects.includes(path));
  return lost === undefined ? undefined : filled(problems.noField, { path: lost });
}

/** Each field stands in one step: what stands in none could never be filled in. */
function stepsProblem(form: Form, { steps }: UiSchema): LocalizedText | undefined {
  if (steps === undefined) return undefined;
  const named = steps.flatMap(({ fields }) => fields).toSorted();
  const there = form.fields.map(({ name }) => name).toSorted();
  return JSON.stringify(named) === JSON.stringify(there) ? undefined : problems.badSteps;
}

const problems = {
  unknown: { zh: "表单的写法无法识别", en: "the form can't be understood" },
  badField: { zh: "字段“{path}”的界面设置有误", en: "what the UI schema says of “{path}” is wrong" },
  noField: { zh: "界面设置里的字段“{path}”不存在", en: "the UI schema names “{path}”, which isn't there" },
  badSteps: { zh: "每个字段应恰好属于一个步骤", en: "each field must stand in one step" },
} as const satisfies Readonly<Record<string, LocalizedText>>;
