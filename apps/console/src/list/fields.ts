import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { ListInfo, Noun } from "@zhanggui/kit/contract/list-info";
import { inLanguage } from "../common/language.ts";
import { can } from "../common/signed-in.ts";

/**
 * A field of a list, for pages that show one of its values elsewhere.
 *
 * @throws Error for a name that the list's contract doesn't know
 */
export function fieldOf({ id, list }: { readonly id: string; readonly list: ListInfo }, name: string): FieldInfo {
  const found = list.fields.find((field) => field.name === name);
  if (found === undefined) throw new Error(`${id} has no field ${name}`);
  return found;
}

/** The list as far as the account may see its fields. */
export function readable(list: ListInfo): ListInfo {
  return { ...list, fields: list.fields.filter(({ readBy }) => readBy === undefined || can({ code: readBy })) };
}

/** A value out of a few in words; one that nobody has named yet as it is. */
export function choiceLabel({ choices }: FieldInfo, value: string): string {
  const choice = choices?.[value];
  return choice === undefined ? value : inLanguage(choice);
}

/** What so many rows of a list are called. */
export function severalOf({ zh, en, plural }: Noun, count?: number): string {
  return inLanguage({ zh, en: count === 1 ? en : plural });
}

/** The same within a sentence: between Chinese and Latin letters stands a space. */
export function severalWithin({ zh, ...noun }: Noun, count?: number): string {
  const spaced = zh.replace(/^(?=[a-z\d])/i, " ").replace(/(?<=[a-z\d])$/i, " ");
  return severalOf({ ...noun, zh: spaced }, count);
}
