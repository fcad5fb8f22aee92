import fc from "fast-check";
import { expect, test } from "vitest";
import { differencesOf } from "./differences.ts";
import type { Form, FormField } from "./form.ts";

const text = (name: string, more: Partial<FormField> = {}): FormField => ({
  name,
  label: { zh: name, en: name },
  input: "text",
  kind: "text",
  isRequired: false,
  isNullable: false,
  ...more,
});
const rows: Form = { fields: [text("by"), text("subject", { showWhen: { field: "by", is: "eq", value: "mail" } })] };
const form: Form = {
  fields: [text("name"), text("address.city"), text("data"), text("items", { kind: "rows", isList: true, rows })],
};
const told = (before: object, after: object) =>
  differencesOf(form, before as never, after as never).map(({ path, before: was, after: is }) => [path, was, is]);

test("a field that changed is told with what it was and is; one that came or went has only one of them", () => {
  expect(told({ name: "a", address: { city: "x" } }, { name: "b", data: "d" })).toEqual([
    ["name", "a", "b"],
    ["address.city", "x", undefined],
    ["data", undefined, "d"],
  ]);
});

test("rows are told field by field, with the number of the row", () => {
  const [first, second, ...others] = differencesOf(
    form,
    { items: [{ by: "wechat" }, { by: "mail", subject: "old" }] },
    { items: [{ by: "wechat" }, { by: "mail", subject: "new" }, { by: "wechat" }] },
  );
  expect(first).toMatchObject({ path: "items.1.subject", within: [{ label: { en: "items" }, number: 2 }] });
  expect(second).toMatchObject({ path: "items.2.by", before: undefined, after: "wechat" });
  expect(others).toEqual([]);
});

test("what isn't shown is nothing: a subject goes with its mail", () => {
  expect(told({ items: [{ by: "mail", subject: "s" }] }, { items: [{ by: "wechat", subject: "s" }] })).toEqual([
    ["items.0.by", "mail", "wechat"],
    ["items.0.subject", "s", undefined],
  ]);
});

test("empty is as good as left out, and the order of an object's names says nothing", () => {
  expect(told({ name: "", data: { a: 1, b: [1, 2] } }, { name: null, data: { b: [1, 2], a: 1 } })).toEqual([]);
  expect(told({ data: { a: 1 } }, { data: { constructor: 1 } })).toHaveLength(1);
  expect(told({ data: [1, 2] }, { data: [2, 1] })).toHaveLength(1);
});

test("of any two values the differences the other way round are the same ones, turned", () => {
  const value = fc.record(
    { name: fc.string(), data: fc.jsonValue(), items: fc.array(fc.record({ by: fc.constantFrom("mail", "x") })) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(value, value, (a, b) => {
      const turned = told(b, a).map(([path, was, is]) => JSON.stringify([path, is, was]));
      expect(new Set(turned)).toEqual(new Set(told(a, b).map((each) => JSON.stringify(each))));
      expect(told(a, structuredClone(a))).toEqual([]);
    }),
  );
});
