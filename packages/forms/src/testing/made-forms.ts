import fc from "fast-check";
import type { MadeForm } from "../made-form.ts";

const text = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("AB123", "a", "😀", "龙井", ""));
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.integer({ min: -12, max: 12 }),
  // The other implementation reads 2e21 as 2 where it divides.
  fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
  fc.boolean(),
  fc.constant(null),
);
const limits = fc.record({ a: fc.nat({ max: 4 }), b: fc.nat({ max: 6 }) });
/** Those that are kept. */
const some = <T>(record: T, keep: readonly boolean[]): Partial<T> =>
  Object.fromEntries(Object.entries(record as object).filter((_, index) => keep[index])) as Partial<T>;
const kept = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });
const textSchema = fc
  .tuple(limits, fc.constantFrom("^[A-Z]{2}\\d{3}$", "^a", "^[^b]*$"), kept)
  .map(([{ a, b }, pattern, keep]) => ({ type: "string", ...some({ minLength: a, maxLength: b, pattern }, keep) }));
const numberSchema = fc
  .tuple(limits, fc.constantFrom("integer", "number"), fc.constantFrom(1, 2, 0.5), kept)
  .map(([{ a, b }, type, multipleOf, keep]) => ({ type, ...some({ minimum: a, maximum: b, multipleOf }, keep) }));
const openSchema = fc
  .tuple(limits, kept)
  .map(([{ a, b }, keep]) => ({ type: "number", ...some({ exclusiveMinimum: a, exclusiveMaximum: b }, keep) }));
const choices = fc.uniqueArray(fc.oneof(text, fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 3 });
const leaf: fc.Arbitrary<object> = fc.oneof(
  textSchema,
  numberSchema,
  openSchema,
  textSchema.map((schema) => ({ ...schema, type: ["string", "null"] })),
  fc.constant({ type: "boolean" }),
  choices.map((values) => ({ enum: values })),
  scalar.filter((value) => value !== null && value !== "").map((value) => ({ const: value })),
);
const any = (depth: number): fc.Arbitrary<object> => {
  if (depth === 0) return leaf;
  const list = fc.tuple(fc.oneof(leaf, object(depth - 1)), limits, kept).map(([items, { a, b }, keep]) => ({
    type: "array",
    items,
    ...some({ minItems: a % 3, maxItems: b, uniqueItems: !("properties" in items) }, keep),
  }));
  return fc.oneof(leaf, leaf, object(depth - 1), list);
};
const object = (depth: number): fc.Arbitrary<object> =>
  fc.array(fc.tuple(any(depth), fc.boolean()), { minLength: 1, maxLength: 4 }).map((properties) => ({
    type: "object",
    properties: Object.fromEntries(properties.map(([schema], index) => [`p${index}`, schema])),
    required: properties.flatMap(([, isRequired], index) => (isRequired ? [`p${index}`] : [])),
  }));
/** Values of a field's type, so that a good part of the answers is right whatever the seed is. */
const ofType: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: text,
  integer: fc.integer({ min: 0, max: 6 }),
  number: fc.integer({ min: 0, max: 6 }),
  boolean: fc.boolean(),
};
/** Answers that have something to do with the schema, or nothing at all. */
const answersTo = (schema: Readonly<Record<string, unknown>>): fc.Arbitrary<unknown> => {
  const wild = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("p0", "p1"), scalar, { maxKeys: 2 }),
  );
  const fitting = (): fc.Arbitrary<unknown> => {
    if (schema["properties"] !== undefined) {
      const shapes = Object.entries(schema["properties"] as object).map(([name, each]) => [
        name,
        answersTo(each as never),
      ]);
      return fc.record(Object.fromEntries(shapes) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] });
    }
    if (schema["items"] !== undefined) return fc.array(answersTo(schema["items"] as never), { maxLength: 4 });
    if (schema["enum"] !== undefined) return fc.constantFrom(...(schema["enum"] as unknown[]));
    if ("const" in schema) return fc.constant(schema["const"]);
    return ofType[String(schema["type"])] ?? scalar;
  };
  return fc.oneof({ weight: 9, arbitrary: fitting() }, { weight: 1, arbitrary: wild });
};
/** A form that an operator could make, and answers to it that may be right. */
export const madeFormAndAnswers = object(2).chain((schema) =>
  fc.tuple(fc.constant({ schema } as MadeForm), answersTo(schema as never)),
);
