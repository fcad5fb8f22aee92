import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { sentenceOf } from "./condition-sentence.ts";
import { fieldsByPath, fieldsInScope } from "./form-graph.ts";
import type { Form, FormField } from "./form.ts";
import { formOfSchema, type MadeForm, type UiField } from "./made-form.ts";
import { filled } from "./words.ts";

/** One thing that is other than before. */
export interface FormChange {
  readonly kind: "added" | "removed" | "changed";
  /** Of a field; empty for what is of the whole form. */
  readonly path: string;
  readonly text: LocalizedText;
}

/** What a form asks otherwise than before, in words: for whoever publishes it, or looks back. */
export function changesBetween(before: MadeForm, after: MadeForm): FormChange[] {
  const [old, now] = [before, after].map((made) => ({ made, form: formOfSchema(made) }));
  if (old === undefined || now === undefined) return [];
  const [was, is] = [fieldsByPath(old.form), fieldsByPath(now.form)];
  const changes: FormChange[] = [];
  for (const [path, { label }] of was)
    if (!is.has(path)) changes.push({ kind: "removed", path, text: named(words.removed, label) });
  for (const [path, field] of is) {
    const earlier = was.get(path);
    if (earlier === undefined) changes.push({ kind: "added", path, text: named(words.added, field.label) });
    else
      for (const text of changesOf(side(old, earlier, path), side(now, field, path)))
        changes.push({ kind: "changed", path, text });
  }
  const order = (form: Form): string =>
    JSON.stringify([...fieldsByPath(form).keys()].filter((path) => was.has(path) && is.has(path)));
  if (order(old.form) !== order(now.form)) changes.push({ kind: "changed", path: "", text: words.order });
  if (stepsOf(old.form) !== stepsOf(now.form)) changes.push({ kind: "changed", path: "", text: words.steps });
  return changes;
}

interface Side {
  readonly field: FormField;
  readonly ui: UiField;
  readonly told: (name: "showWhen" | "disableWhen" | "requireWhen") => LocalizedText | undefined;
}

function side({ made, form }: { readonly made: MadeForm; readonly form: Form }, field: FormField, path: string): Side {
  const scope = fieldsInScope(fieldsByPath(form), path);
  return {
    field,
    ui: made.ui?.fields?.[path] ?? {},
    told: (name) => {
      const condition = field[name];
      if (condition === undefined) return undefined;
      return { zh: sentenceOf(condition, scope, "zh"), en: sentenceOf(condition, scope, "en") };
    },
  };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function changesOf(was: Side, is: Side): LocalizedText[] {
  const { label } = is.field;
  const found: LocalizedText[] = [];
  const say = (text: LocalizedText, values: Readonly<Record<string, LocalizedText>> = {}): void => {
    const of = (language: "zh" | "en") =>
      Object.fromEntries(Object.entries({ label, ...values }).map(([name, each]) => [name, each[language]]));
    found.push({ zh: filled(text, of("zh")).zh, en: filled(text, of("en")).en });
  };
  if (!same(was.field.label, label)) say(words.renamed, { old: was.field.label });
  if (was.field.isRequired !== is.field.isRequired) say(is.field.isRequired ? words.required : words.optional);
  if (was.field.kind !== is.field.kind || was.field.input !== is.field.input) say(words.kind);
  if (!same(was.field.choices, is.field.choices)) say(words.choices);
  if (limits.some((name) => !same(was.field[name], is.field[name]))) say(words.limits);
  if (texts.some((name) => !same(was.field[name], is.field[name]))) say(words.hint);
  for (const name of ["showWhen", "disableWhen", "requireWhen"] as const) {
    if (same(was.field[name], is.field[name])) continue;
    const when = is.told(name);
    if (when === undefined) say(words.never[name]);
    else say(words.when[name], { when });
  }
  if (!same(was.field.compute, is.field.compute)) say(words.compute);
  if (was.ui.readBy !== is.ui.readBy || was.ui.writeBy !== is.ui.writeBy) say(words.rights);
  return found;
}

const limits = ["min", "max", "step", "minLength", "maxLength", "pattern", "minItems", "maxItems", "format"] as const;
const texts = ["hint", "placeholder", "rule"] as const;

function stepsOf({ steps = [] }: Form): string {
  return JSON.stringify(steps.map(({ label, fields }) => [label, fields]));
}

function named(text: LocalizedText, label: LocalizedText): LocalizedText {
  return { zh: filled(text, { label: label.zh }).zh, en: filled(text, { label: label.en }).en };
}

const words = {
  added: { zh: "新增“{label}”", en: "Added “{label}”" },
  removed: { zh: "删除“{label}”", en: "Removed “{label}”" },
  renamed: { zh: "“{old}”改名为“{label}”", en: "Renamed “{old}” to “{label}”" },
  required: { zh: "“{label}”改为必填", en: "“{label}” is now required" },
  optional: { zh: "“{label}”改为选填", en: "“{label}” is now optional" },
  kind: { zh: "“{label}”换了填写方式", en: "“{label}” is filled in differently" },
  choices: { zh: "“{label}”的选项有变", en: "The choices of “{label}” changed" },
  limits: { zh: "“{label}”的限制有变", en: "The limits of “{label}” changed" },
  hint: { zh: "“{label}”的说明有变", en: "The help text of “{label}” changed" },
  compute: { zh: "“{label}”的计算方式有变", en: "“{label}” is calculated differently" },
  rights: { zh: "“{label}”的可见或可填范围有变", en: "Who can see or fill in “{label}” changed" },
  order: { zh: "字段的顺序有变", en: "The order of the fields changed" },
  steps: { zh: "步骤有变", en: "The steps changed" },
  when: {
    showWhen: { zh: "“{label}”仅在此时显示：{when}", en: "“{label}” is now shown only when {when}" },
    disableWhen: { zh: "“{label}”在此时不可填：{when}", en: "“{label}” can't be filled in when {when}" },
    requireWhen: { zh: "“{label}”在此时必填：{when}", en: "“{label}” is required when {when}" },
  },
  never: {
    showWhen: { zh: "“{label}”不再有显示条件", en: "“{label}” is always shown" },
    disableWhen: { zh: "“{label}”不再有禁用条件", en: "“{label}” can always be filled in" },
    requireWhen: { zh: "“{label}”不再有必填条件", en: "“{label}” is no longer required by a condition" },
  },
} as const;
