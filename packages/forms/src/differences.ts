import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { fieldsIn, stateOf } from "./form-state.ts";
import type { Form, FormField } from "./form.ts";
import { isEmpty, isSameJson, type Values } from "./values.ts";

/** One field that isn't what it was. */
export interface Difference {
  readonly path: string;
  readonly field: FormField;
  /** The rows that it stands in, the outermost first, each with its number from one. */
  readonly within: readonly { readonly label: LocalizedText; readonly number: number }[];
  /** Undefined where there was nothing. */
  readonly before: unknown;
  /** Undefined where there is nothing now. */
  readonly after: unknown;
}

/**
 * What changed between two versions of the same form's values, in the form's order: field by field, those in rows too.
 * What isn't shown counts as nothing, and so does what is empty. Rows are told apart by their places.
 */
export function differencesOf(form: Form, before: Values, after: Values): Difference[] {
  const [old, now] = [shownOf(form, before), shownOf(form, after)];
  const paths = new Map([...fieldsIn(form, after), ...fieldsIn(form, before)]);
  return [...paths].flatMap(([path, field]) => {
    if (field.rows !== undefined) return [];
    const [was, is] = [old.get(path), now.get(path)];
    return isSameJson(was, is) ? [] : [{ path, field, within: rowsAround(paths, path), before: was, after: is }];
  });
}

function shownOf(form: Form, values: Values): ReadonlyMap<string, unknown> {
  const shown = [...stateOf(form, values)].filter(([, { isShown, value }]) => isShown && !isEmpty(value));
  return new Map(shown.map(([path, { value }]) => [path, value]));
}

function rowsAround(fields: ReadonlyMap<string, FormField>, path: string): Difference["within"] {
  const steps = path.split(".");
  return steps.flatMap((step, index) => {
    const list = /^\d+$/.test(step) ? fields.get(steps.slice(0, index).join(".")) : undefined;
    return list === undefined ? [] : [{ label: list.label, number: Number(step) + 1 }];
  });
}
