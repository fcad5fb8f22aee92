import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { conditionProblem } from "./condition-guard.ts";
import { expressionProblem } from "./expression-guard.ts";
import { dependencyProblem, dependsOn, fieldsByPath } from "./form-graph.ts";
import type { Form, Section } from "./form.ts";
import { formOfSchema, type MadeForm, type UiField, type UiSchema } from "./made-form.ts";
import { dataProblem, schemaLimits, schemaProblem } from "./schema-guard.ts";
import { isPlainName, isRecord } from "./values.ts";
import { filled, type Misfit, within } from "./words.ts";

/**
 * What is wrong with a form that somebody made, before it is used, and where; undefined if nothing is. Browser and
 * server ask the same.
 */
export function madeFormProblem(given: unknown): Misfit | undefined {
  if (!isRecord(given) || !hasOnly(given, ["schema", "ui"])) return within([], problems.unknown);
  const { schema, ui = {} } = given;
  const inSchema = schemaProblem(schema);
  if (inSchema !== undefined) return within(["schema"], inSchema);
  const inUi = dataProblem(ui) ?? shapeProblem(ui);
  if (inUi !== undefined) return within(["ui"], inUi);
  const form = formOfSchema(given as unknown as MadeForm);
  const lost = pathProblem(form, ui as UiSchema);
  if (lost !== undefined) return lost;
  const inSteps = stepsProblem(form, ui as UiSchema);
  if (inSteps !== undefined) return within(["ui", "steps"], inSteps);
  const inFields = dependencyProblem(form) ?? rightsProblem(form, ui as UiSchema);
  return inFields && within(["ui", "fields"], inFields);
}

/**
 * What speaks against keeping it while it is worked on: only what nobody could open any more. The rest is said when it
 * is to be used.
 */
export function draftProblem(given: unknown): Misfit | undefined {
  if (!isRecord(given) || !hasOnly(given, ["schema", "ui"])) return within([], problems.unknown);
  const problem = dataProblem(given);
  if (problem !== undefined) return problem;
  const { schema, ui = {} } = given;
  if (!isRecord(schema) || schema["type"] !== "object" || !isRecord(schema["properties"]))
    return within(["schema"], problems.noObject);
  const inSchema = brokenIn(schema);
  if (inSchema !== undefined) return within(["schema"], inSchema);
  const inUi = shapeProblem(ui, { isUnfinished: true });
  if (inUi !== undefined) return within(["ui"], inUi);
  return propertiesIn(schema) > schemaLimits.fields ? within(["schema"], problems.tooMany) : undefined;
}

/** Where a schema isn't built as one, whatever it says: a designer shows fields, lists and choices of any draft. */
function brokenIn(schema: unknown): Misfit | undefined {
  if (!isRecord(schema)) return within([], problems.noSchema);
  const { properties = {}, items, required = [], enum: choices = [] } = schema;
  if (!Array.isArray(required)) return within(["required"], problems.noList);
  if (!Array.isArray(choices) || choices.some((each) => typeof each === "object" && each !== null))
    return within(["enum"], problems.noList);
  if (!isRecord(properties)) return within(["properties"], problems.noSchema);
  for (const [name, property] of Object.entries(properties)) {
    const inner = brokenIn(property);
    if (inner !== undefined) return within(["properties", name], inner);
  }
  const inItems = items === undefined ? undefined : brokenIn(items);
  return inItems && within(["items"], inItems);
}

/** How many fields are written down, at whatever depth. */
function propertiesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const { properties } = value as { readonly properties?: unknown };
  const own = isRecord(properties) ? Object.keys(properties).length : 0;
  return Object.values(value).reduce<number>((sum, each) => sum + propertiesIn(each), own);
}

function hasOnly(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}

interface Stage {
  /** Somebody is still at it: conditions and formulas that lack something are kept, and refused when it is used. */
  readonly isUnfinished?: boolean;
}

function shapeProblem(ui: unknown, stage: Stage = {}): Misfit | undefined {
  if (!isRecord(ui) || !hasOnly(ui, ["fields", "steps"])) return within([], problems.unknown);
  const { fields = {}, steps = [] } = ui;
  if (!isRecord(fields)) return within(["fields"], problems.unknown);
  if (!Array.isArray(steps) || !steps.every(isSection)) return within(["steps"], problems.unknown);
  for (const [path, field] of Object.entries(fields)) {
    if (!isRecord(field)) return within(["fields", path], filled(problems.badField, { path }));
    const wrong = Object.entries(field).find(([name, value]) => uiKeys.get(name)?.(value, stage) !== true);
    if (wrong !== undefined) return within(["fields", path, wrong[0]], misfitOf(path, field, wrong[0], stage));
  }
  return undefined;
}

/** A condition says by itself what it lacks, of the field by what people call it. */
function misfitOf(path: string, field: Readonly<Record<string, unknown>>, name: string, stage: Stage): LocalizedText {
  const { label } = field;
  const called = isWords(label) ? (label as LocalizedText) : { zh: path, en: path };
  const why = conditions.has(name) ? conditionProblem(field[name], undefined, stage) : undefined;
  if (why === undefined) return filled(problems.badField, { path });
  const said = (language: "zh" | "en") =>
    filled(problems.badCondition, { label: called[language], why: why[language] })[language];
  return { zh: said("zh"), en: said("en") };
}

const conditions: ReadonlySet<string> = new Set(["showWhen", "disableWhen", "requireWhen"]);

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

/** `forms:read`. Which there are, whoever stores the form knows. */
function isRight(value: unknown): boolean {
  return typeof value === "string" && /^[a-z_]{1,40}:[a-z_]{1,40}$/.test(value);
}

type Guard = (value: unknown, stage: Stage) => boolean;
const isCondition: Guard = (value, stage) => conditionProblem(value, undefined, stage) === undefined;
const uiKeys: ReadonlyMap<string, Guard> = new Map<keyof UiField, Guard>([
  ["label", isWords],
  ["hint", isWords],
  ["placeholder", isWords],
  ["rule", isWords],
  ["kind", isName],
  ["input", isName],
  ["choices", (value) => isRecord(value) && Object.values(value).every(isWords)],
  ["showWhen", isCondition],
  ["disableWhen", isCondition],
  ["requireWhen", isCondition],
  ["compute", (value, stage) => expressionProblem(value, stage) === undefined],
  ["readBy", isRight],
  ["writeBy", isRight],
]);

/** Whatever the UI schema names is there. */
function pathProblem(form: Form, { fields = {} }: UiSchema): Misfit | undefined {
  const all = fieldsByPath(form);
  const objects = [...all.keys()].flatMap((path) =>
    path.split(".").map((_, end, names) => names.slice(0, end).join(".")),
  );
  const lost = Object.keys(fields).find((path) => !all.has(path) && !objects.includes(path));
  return lost === undefined ? undefined : within(["ui", "fields", lost], filled(problems.noField, { path: lost }));
}

/** Each field stands in one step: what stands in none could never be filled in. */
function stepsProblem(form: Form, { steps }: UiSchema): LocalizedText | undefined {
  if (steps === undefined) return undefined;
  const named = steps.flatMap(({ fields }) => fields).toSorted();
  const there = form.fields.map(({ name }) => name).toSorted();
  return JSON.stringify(named) === JSON.stringify(there) ? undefined : problems.badSteps;
}

/** What follows from a field tells of it: nobody may see that who may not see the field. */
function rightsProblem(form: Form, { fields = {} }: UiSchema): Misfit | undefined {
  const all = fieldsByPath(form);
  for (const path of all.keys()) {
    const own = readersOf(path, fields);
    const told = dependsOn(path, all).find((needed) => readersOf(needed, fields).some((right) => !own.includes(right)));
    if (told !== undefined) return within([path], filled(problems.tells, { path, told }));
  }
  return undefined;
}

/** The rights that it takes to see a field: its own, and those of what it is in. */
function readersOf(path: string, fields: NonNullable<UiSchema["fields"]>): string[] {
  const names = path.split(".");
  return names.flatMap((_, index) => fields[names.slice(0, index + 1).join(".")]?.readBy ?? []);
}

const problems = {
  unknown: { zh: "表单的写法无法识别", en: "the form can't be understood" },
  badCondition: { zh: "“{label}”的条件：{why}", en: "the condition of “{label}”: {why}" },
  badField: { zh: "字段“{path}”的设置有误", en: "what the UI schema says of “{path}” is wrong" },
  noField: { zh: "界面设置里的字段“{path}”不存在", en: "the UI schema names “{path}”, which isn't there" },
  noObject: { zh: "最外层应为含 properties 的 object", en: "at the top there must be an object with properties" },
  noSchema: { zh: "每个字段都应是一个 JSON Schema 对象", en: "each field must be an object, a JSON Schema" },
  noList: { zh: "这里应是一个列表", en: "there must be a list here" },
  tooMany: { zh: "表单最多 500 个字段", en: "a form has at most 500 fields" },
  tells: {
    zh: "字段“{path}”取决于“{told}”，能看到它的人须同样能看到后者",
    en: "“{path}” depends on “{told}”, so whoever sees it must be allowed to see that, too",
  },
  badSteps: { zh: "每个字段应恰好属于一个步骤", en: "each field must stand in one step" },
} as const satisfies Readonly<Record<string, LocalizedText>>;
