import type { z } from "zod";
import { forbidden } from "../../contract/faults.ts";
import { type FieldRight, fieldRightOf, hasFieldRights, partsOf } from "../../contract/field-rights.ts";
import type { ListInfo } from "../../contract/list-info.ts";
import type { LocalizedText } from "../../contract/text.ts";
import type { Entitled } from "../data-scope.ts";

type Fields = Record<string, unknown>;
const hiddenText = { zh: "提交了不属于您的内容", en: "Something was sent that isn't yours to send" };
const lockedText = { zh: "您不能修改这一项", en: "You may not change this" };

/** Takes what the actor may not see out of a reply that was made of `shape`. Changes `value`. */
export function hideFields<Value>(shape: z.ZodType, value: Value, { permissions }: Entitled): Value {
  for (const { holder, name, right } of placesOf(shape, value)) {
    if (right.readBy === undefined || permissions.has(right.readBy.code)) continue;
    if (right.isOptional) delete holder[name];
    else holder[name] = null;
  }
  return value;
}

/** What was sent although it isn't the actor's to send, each with what to tell them. */
export function fieldsRefused(
  shape: z.ZodType,
  value: unknown,
  { permissions }: Entitled,
): { readonly path: string; readonly text: LocalizedText }[] {
  return [...placesOf(shape, value)].flatMap(({ path, right }) => {
    const text = whyRefused(right, permissions);
    return text === undefined ? [] : [{ path, text }];
  });
}

function whyRefused({ readBy, writeBy }: FieldRight, permissions: ReadonlySet<string>): LocalizedText | undefined {
  if (readBy !== undefined && !permissions.has(readBy.code)) return hiddenText;
  return writeBy === undefined || permissions.has(writeBy.code) ? undefined : lockedText;
}

interface Place {
  readonly holder: Fields;
  readonly name: string;
  readonly path: string;
  readonly right: FieldRight;
}

/**
 * Where a value holds what is for some only: shape and value are walked together, so that it is found at any depth of a
 * shape that holds itself, under any key of a record, and in each variant.
 */
function* placesOf(
  shape: z.ZodType,
  value: unknown,
  at = "",
  here: ReadonlySet<z.ZodType> = new Set(),
): Generator<Place, void, undefined> {
  if (typeof value !== "object" || value === null || here.has(shape) || !hasFieldRights(shape)) return;
  const holder = value as Fields;
  for (const [step, part] of partsOf(shape)) {
    if (step === undefined) {
      yield* placesOf(part, value, at, new Set([...here, shape]));
      continue;
    }
    const right = fieldRightOf(part);
    for (const name of step === "*" ? Object.keys(holder) : Object.hasOwn(holder, step) ? [step] : []) {
      const path = `${at}${name}`;
      if (right !== undefined) yield { holder, name, path, right };
      yield* placesOf(part, holder[name], `${path}.`);
    }
  }
}

/**
 * A list tells of a field that isn't shown by whom it leaves out, and by its order.
 *
 * @throws Fault `kit.forbidden` for a list that is narrowed or sorted by what the actor may not see
 */
export function assertListFields(
  { fields, filters }: ListInfo,
  asked: Readonly<Fields>,
  { permissions }: Entitled,
): void {
  for (const { name, readBy } of [...fields, ...filters]) {
    if (readBy === undefined || permissions.has(readBy)) continue;
    const isSorted = typeof asked["sort"] === "string" && asked["sort"].replace(/^-/, "") === name;
    if (isSorted || asked[name] !== undefined) throw forbidden({ permission: readBy });
  }
}
