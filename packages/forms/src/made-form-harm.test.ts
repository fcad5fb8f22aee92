import { expect, test } from "vitest";
import { draftProblem } from "./made-form-guard.ts";
import { accept, accessToMade, type MadeForm } from "./made-form.ts";

test.for<[what: string, answers: string, path: string]>([
  ["an infinite number, which JSON would keep as nothing", `{"weight":1e400}`, ""],
  ["one in a list", `{"weights":[1,-1e400]}`, ""],
  ["a whole number whose last digits are lost", `{"count":9007199254740993}`, "count"],
  ["one below zero", `{"count":-9007199254740993}`, "count"],
])("%s isn't taken", ([, answers, path]) => {
  const numbers: MadeForm = {
    schema: {
      type: "object",
      properties: {
        weight: { type: "number" },
        weights: { type: "array", items: { type: "number" } },
        count: { type: "integer" },
      },
    },
  };
  expect(accept(numbers, JSON.parse(answers)).errors.map((error) => error.path)).toEqual([path]);
  expect(accept(numbers, { weight: 1e15, count: Number.MAX_SAFE_INTEGER }).errors).toEqual([]);
});

test("what is computed wrong for a hidden field is refused without a word of it", () => {
  const scored: MadeForm = {
    schema: {
      type: "object",
      properties: {
        age: { type: "integer" },
        score: { type: "integer", maximum: 40 },
        lines: {
          type: "array",
          items: { type: "object", properties: { n: { type: "integer" }, twice: { type: "integer", maximum: 8 } } },
        },
      },
    },
    ui: {
      fields: {
        score: { compute: { product: [{ field: "age" }, { value: 2 }] }, readBy: "forms:read" },
        "lines.twice": { compute: { product: [{ field: "n" }, { value: 2 }] }, readBy: "forms:read" },
      },
    },
  };
  const [guest, reader] = [[], ["forms:read"]].map((rights) => accessToMade(scored, new Set(rights)));
  for (const given of [{ age: 30 }, { age: 2, lines: [{ n: 5 }] }]) {
    const { errors } = accept(scored, given, guest);
    expect(errors.map(({ path }) => path)).toEqual([""]);
    expect(JSON.stringify(errors)).not.toMatch(/score|twice|40/);
  }
  expect(accept(scored, { age: 30 }, reader).errors).toMatchObject([{ path: "score" }]);
  expect(accept(scored, { age: 20, lines: [{ n: 4 }] }, guest).errors).toEqual([]);
});

test.for<[what: string, schema: object, at: string]>([
  ["a field of nothing", { properties: { a: null } }, "/schema/properties/a"],
  ["rows of nothing", { properties: { a: { type: "array", items: [] } } }, "/schema/properties/a/items"],
  [
    "fields that are none, in rows",
    { properties: { a: { items: { properties: [] } } } },
    "/schema/properties/a/items/properties",
  ],
  ["choices that are none", { properties: { a: { enum: "abc" } } }, "/schema/properties/a/enum"],
  ["choices of objects", { properties: { a: { enum: [{}] } } }, "/schema/properties/a/enum"],
  ["required fields that are no list", { properties: {}, required: 7 }, "/schema/required"],
])("a draft isn't kept with %s", ([, schema, at]) => {
  expect(draftProblem({ schema: { type: "object", ...schema } })?.at).toBe(at);
});
