import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import { describe, expect, test } from "vitest";
import { madeFormProblem } from "./made-form-guard.ts";
import { accept, type MadeForm, type UiField } from "./made-form.ts";

type Properties = Readonly<Record<string, JsonSchema>>;

/** A form with a list of rows, which nothing is wrong with. */
function formOfRows(properties: Properties, fields: Readonly<Record<string, UiField>>, outside: Properties = {}) {
  const rows = { type: "array", items: { type: "object", properties } };
  const made: MadeForm = { schema: { type: "object", properties: { ...outside, rows } }, ui: { fields } };
  expect(madeFormProblem(made)).toBeUndefined();
  return made;
}
const rows = (count: number, row: object = {}): object[] => Array.from({ length: count }, () => row);
const repeated = <T>(count: number, each: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => each(n));
const refused = { values: {}, errors: [{ path: "", text: { en: expect.stringContaining("fewer rows") } }] };

describe("answers that would take minutes to look at are refused, and fewer of them taken", () => {
  test("conditions of many parts, in each field of each row", () => {
    const names = repeated(60, (n) => `f${n}`);
    const showWhen = { all: repeated(190, () => ({ field: "tea", is: "ne", value: "black" }) as const) };
    const made = formOfRows(
      Object.fromEntries(names.map((name) => [name, { type: "string" }])),
      Object.fromEntries(names.map((name) => [`rows.${name}`, { showWhen }])),
      { tea: { type: "string" } },
    );
    expect(accept(made, { tea: "green", rows: rows(1000) })).toMatchObject(refused);
    expect(accept(made, { tea: "green", rows: rows(10, { f1: "x" }) }).errors).toEqual([]);
  });

  test("a sum over all rows, in each row", () => {
    const compute = { rows: "rows", sum: { field: "price" } };
    const made = formOfRows({ price: { type: "number" }, all: { type: "number" } }, { "rows.all": { compute } });
    expect(accept(made, { rows: rows(1000, { price: 1 }) })).toMatchObject(refused);
    expect(accept(made, { rows: rows(200, { price: 1 }) }).values["rows"]).toContainEqual({ price: 1, all: 200 });
  });

  test("rows in rows, each of many fields", () => {
    const many = Object.fromEntries(repeated(400, (n) => [`f${n}`, { type: "string" }]));
    const made = formOfRows({ inner: { type: "array", items: { type: "object", properties: many } } }, {});
    const of = (count: number): object => ({ rows: rows(count, { inner: rows(900) }) });
    expect(accept(made, of(50))).toMatchObject(refused);
    expect(accept(made, { rows: rows(3, { inner: rows(3, { f0: "茶" }) }) }).errors).toEqual([]);
  });
});

test("a text of texts of texts grows no longer than a text may be", () => {
  const names = repeated(5, (n) => `f${n}`);
  const twice = (count: number): MadeForm => ({
    schema: { type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])) },
    ui: {
      fields: Object.fromEntries(
        names.slice(1).map((name, n) => [name, { compute: { concat: repeated(count, () => ({ field: `f${n}` })) } }]),
      ),
    },
  });
  expect(madeFormProblem(twice(190))).toBeUndefined();
  expect(accept(twice(190), { f0: "x".repeat(500) })).toEqual({ values: { f0: "x".repeat(500) }, errors: [] });
  expect(accept(twice(2), { f0: "茶" }).values).toMatchObject({ f1: "茶茶", f4: "茶".repeat(16) });
});
