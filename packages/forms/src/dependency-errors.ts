import type { Condition } from "@zhanggui/kit/contract/condition";
import type { FieldError } from "./errors.ts";
import { sentenceOf } from "./condition-sentence.ts";
import { fieldsByPath } from "./form-graph.ts";
import { fieldsIn, stateOf } from "./form-state.ts";
import type { Form, FormField } from "./form.ts";
import { isEmpty, valueAt, type Values } from "./values.ts";

export interface Sent {
  /** What was sent as its shape reads it, with defaults. */
  readonly values: Values;
  /** What was sent. */
  readonly given: Values;
  /** Only what changes was sent: what a condition asks of a field that wasn't isn't known. */
  readonly isPartial: boolean;
}

/**
 * What fields ask of each other, for the server: one that isn't shown has no answer, one that is required under a
 * condition has one, and one that is computed is what is computed. What the shape says is left to the shape.
 */
export function dependencyErrors(form: Form, { values, given, isPartial }: Sent): FieldError[] {
  const state = stateOf(form, values);
  const asked = [...fieldsByPath(form)].map(([name, field]) => ({ ...field, name }));
  return [...fieldsIn(form, values)].flatMap(([path, field]): FieldError[] => {
    const { isShown = true, isRequired = false, value } = state.get(path) ?? {};
    const { showWhen, requireWhen, compute } = field;
    if (isPartial && ![showWhen, requireWhen].every((condition) => isKnown(condition, values))) return [];
    const sent = valueAt(given, path);
    if (!isShown) {
      const isSilent = isEmpty(sent) || sent === false || sent === field.default || showWhen === undefined;
      return isSilent ? [] : [{ path, text: onlyWhen(showWhen, asked) }];
    }
    if (compute !== undefined) return sent === undefined || sent === value ? [] : [{ path, text: words.computed }];
    // What isn't sent in a change stays as it is.
    const isSent = !isPartial || sent !== undefined;
    const isMissing = requireWhen !== undefined && isSent && isRequired && !field.isRequired && isEmpty(value);
    return isMissing ? [{ path, text: words.missing }] : [];
  });
}

/** Whether all fields that it asks about were sent. */
function isKnown(condition: Condition | undefined, values: Values): boolean {
  if (condition === undefined) return true;
  if ("all" in condition) return condition.all.every((part) => isKnown(part, values));
  if ("any" in condition) return condition.any.every((part) => isKnown(part, values));
  if ("not" in condition) return isKnown(condition.not, values);
  return !("field" in condition) || valueAt(values, condition.field) !== undefined;
}

function onlyWhen(condition: Condition, fields: readonly FormField[]): FieldError["text"] {
  return {
    zh: `仅在${sentenceOf(condition, fields, "zh")}时填写`,
    en: `Only where ${sentenceOf(condition, fields, "en")}`,
  };
}

const words = {
  missing: { zh: "请填写", en: "Please fill this in" },
  computed: { zh: "这一项由系统计算，不能填写", en: "This is computed, and can't be sent" },
};
