import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stateOf } from "./form-state.ts";
import { draftProblem, madeFormProblem } from "./made-form-guard.ts";
import { accept, formOfSchema, type MadeForm } from "./made-form.ts";
import { madeFormAndAnswers } from "./testing/made-forms.ts";
import { nothingAnswered } from "./words.ts";

/** A form for tastings of Lantern Tea, as an operator would draw it. */
const tasting: MadeForm = {
  schema: {
    type: "object",
    required: ["name", "how", "lines", "code"],
    properties: {
      name: { type: "string", title: "姓名", minLength: 1, maxLength: 20 },
      mail: { type: "string", format: "email" },
      how: { enum: ["shop", "home"] },
      address: { $ref: "#/$defs/Address", title: "地址" },
      lines: {
        type: "array",
        minItems: 1,
        maxItems: 5,
        items: {
          type: "object",
          required: ["tea", "count"],
          properties: {
            tea: { type: "string" },
            count: { type: "integer", minimum: 1, maximum: 9 },
            sum: { type: "number" },
          },
        },
      },
      total: { type: "number" },
      code: { type: "string", pattern: "^[A-Z]{2}\\d{3}$" },
      likes: { type: ["array", "null"], items: { enum: ["green", "black"] }, uniqueItems: true },
    },
    $defs: { Address: { type: "object", required: ["city"], properties: { city: { type: "string", minLength: 1 } } } },
  },
  ui: {
    fields: {
      how: { label: { zh: "方式", en: "How" }, choices: { shop: { zh: "到店", en: "In the shop" } }, input: "radio" },
      address: { showWhen: { field: "how", is: "eq", value: "home" } },
      "lines.sum": { compute: { product: [{ field: "count" }, { value: 10 }] } },
      total: { compute: { rows: "lines", sum: { field: "sum" } } },
    },
  },
};
const answers = { name: "阿青", how: "shop", lines: [{ tea: "龙井", count: 2 }], code: "AB123" };

describe("a form that an operator made", () => {
  test("says of which field a condition isn't finished, as people call it", () => {
    const how = { label: { zh: "怎么来", en: "Where" }, showWhen: { field: "name", is: "contains" } } as const;
    const made = { ...tasting, ui: { fields: { ...tasting.ui?.fields, how } } } as unknown as MadeForm;
    expect(madeFormProblem(made)).toEqual({
      at: "/ui/fields/how/showWhen",
      zh: "“怎么来”的条件：还没有填写要比较的值",
      en: "the condition of “Where”: the value to compare with is missing",
    });
  });
  test("is a form like any other", () => {
    expect(madeFormProblem(tasting)).toBeUndefined();
    const form = formOfSchema(tasting);
    expect(form.fields.map(({ name, input }) => `${name}: ${input}`)).toEqual([
      "name: text",
      "mail: text",
      "how: radio",
      "address.city: text",
      "lines: rows",
      "total: number",
      "code: text",
      "likes: selectMany",
    ]);
    expect(form.groups).toEqual([{ name: "address", label: { zh: "地址", en: "地址" }, fields: ["address.city"] }]);
    expect(form.fields[2]).toMatchObject({
      label: { en: "How" },
      choices: { shop: { zh: "到店" }, home: { zh: "home" } },
    });
    expect(stateOf(form, { how: "home" }).get("address.city")?.isShown).toBe(true);
  });

  test("keeps what it asks for and shows, with what is computed, and nothing else", () => {
    const given = {
      ...answers,
      address: { city: "杭州" },
      total: 1,
      isAdmin: true,
      lines: [{ ...answers.lines[0], id: 1 }],
    };
    expect(accept(tasting, given)).toEqual({
      values: { ...answers, lines: [{ tea: "龙井", count: 2, sum: 20 }], total: 20, likes: null },
      errors: [],
    });
  });

  test("says what is wrong at each field, in both languages", () => {
    const { errors } = accept(tasting, {
      name: "阿".repeat(21),
      mail: "nobody",
      how: "home",
      lines: [{ tea: "", count: 10 }, { tea: "龙井", count: 1.5 }, 7],
      code: "ab123",
      likes: ["green", "green"],
    });
    expect(errors.map(({ path, text }) => `${path}: ${text.zh} / ${text.en}`)).toEqual([
      "name: 最多 20 个字符 / Must have at most 20 characters",
      "mail: 请填写邮箱地址，例如 name@example.com / Please enter a mail address, like name@example.com",
      "address.city: 请填写 / Please fill this in",
      "lines: 内容无法识别 / This can't be understood",
      "lines.0.tea: 请填写 / Please fill this in",
      "lines.0.count: 不能大于 9 / Must be at most 9",
      "lines.1.count: 请填写整数 / Please enter a whole number",
      "lines.2.tea: 请填写 / Please fill this in",
      "lines.2.count: 请填写 / Please fill this in",
      "lines.2: 不符合要求 / This isn't allowed here",
      "code: 格式不正确 / This has the wrong form",
      "likes: 不符合要求 / This isn't allowed here",
    ]);
  });

  test.for<object | string | number | null>([
    null,
    [],
    "text",
    3,
    { name: "a".repeat(20_000) },
    JSON.parse(`{"__proto__":{"a":1}}`),
  ])("answers that can't be read are one error: %j", (given) => {
    expect(accept(tasting, given)).toMatchObject({ values: {}, errors: [{ path: "" }] });
  });

  test("a choice may be called like something that objects have", () => {
    const names = ["toString", "constructor", "__proto__"];
    const made: MadeForm = { schema: { type: "object", properties: { a: { enum: names } } } };
    const { choices = {} } = formOfSchema(made).fields[0] ?? {};
    expect(madeFormProblem(made)).toBeUndefined();
    expect(Object.entries(choices)).toEqual(names.map((name) => [name, { zh: name, en: name }]));
    expect(accept(made, { a: "__proto__" }).errors).toEqual([]);
    expect(accept(made, { a: "valueOf" }).errors).toHaveLength(1);
  });

  test("a script in a label stays text", () => {
    const script = `<script>alert(1)</script><img src=x onerror=alert(1)>{{constructor}}`;
    const made: MadeForm = {
      schema: { type: "object", properties: { a: { type: "string", title: script, description: script } } },
      ui: { fields: { a: { placeholder: { zh: script, en: script } } } },
    };
    expect(madeFormProblem(made)).toBeUndefined();
    const text = { zh: script, en: script };
    expect(formOfSchema(made).fields[0]).toMatchObject({ label: text, hint: text, placeholder: text });
  });
});

describe("a bad schema from outside is refused", () => {
  const property = (schema: unknown): unknown => ({ schema: { type: "object", properties: { a: schema } } });
  const fields = (count: number, of: unknown = { type: "string" }): unknown => ({
    schema: { type: "object", properties: Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, of])) },
  });
  const laughs = Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [
      `L${n}`,
      { type: "object", properties: { a: { $ref: `#/$defs/L${n + 1}` }, b: { $ref: `#/$defs/L${n + 1}` } } },
    ]),
  );
  const nested = (depth: number): unknown =>
    depth === 0 ? { type: "string" } : { type: "object", properties: { a: nested(depth - 1) } };

  test.for<[what: string, made: unknown, says: string]>([
    ["nothing", null, "can't be understood"],
    ["no object", { schema: [] }, "an object with properties"],
    ["no object at the top", { schema: { type: "string" } }, "an object with properties"],
    [
      "a circle",
      {
        schema: {
          type: "object",
          properties: { a: { $ref: "#/$defs/A" } },
          $defs: { A: { $ref: "#/$defs/B" }, B: { $ref: "#/$defs/A" } },
        },
      },
      "refers to itself",
    ],
    [
      "a circle through rows",
      {
        schema: {
          type: "object",
          properties: { a: { $ref: "#/$defs/A" } },
          $defs: { A: { type: "array", items: { $ref: "#/$defs/A" } } },
        },
      },
      "refers to itself",
    ],
    ["a circle to the top", property({ $ref: "#" }), "refers to nothing"],
    [
      "references that double each time",
      {
        schema: {
          type: "object",
          properties: { a: { $ref: "#/$defs/L0" } },
          $defs: { ...laughs, L20: { type: "string" } },
        },
      },
      "nested too deep",
    ],
    ["501 fields", fields(501), "at most 500 fields"],
    ["10,000 fields", fields(10_000), "at most 500 fields"],
    [
      "251 fields, each with rows of one",
      fields(251, { type: "array", items: { type: "object", properties: { a: { type: "string" } } } }),
      "at most 500 fields",
    ],
    ["what is nested too deep", { schema: nested(8) }, "nested too deep"],
    ["what is nested very deep", { schema: nested(5000) }, "nested too deep"],
    ["megabytes", property({ type: "string", description: "a".repeat(3_000_000) }), "too large"],
    ["many large texts", fields(100, { type: "string", description: "a".repeat(9_000) }), "too large"],
    [
      "a property called __proto__",
      { schema: { type: "object", properties: JSON.parse(`{"__proto__":{"type":"string"}}`) } },
      "__proto__",
    ],
    [
      "a property called constructor",
      { schema: { type: "object", properties: { constructor: { type: "string" } } } },
      "constructor",
    ],
    [
      "a polluting key deep inside",
      property(JSON.parse(`{"type":"object","properties":{"b":{"type":"string","prototype":1}}}`)),
      "prototype",
    ],
    [
      "a definition called __proto__",
      { schema: { type: "object", properties: {}, $defs: JSON.parse(`{"__proto__":{}}`) } },
      "__proto__",
    ],
    [
      "a property called toString",
      { schema: { type: "object", properties: { toString: { type: "string" } } } },
      "toString",
    ],
    ["a list of a billion rows", property({ type: "array", minItems: 1e9, items: { type: "string" } }), "minItems"],
    ["a name with a dot", { schema: { type: "object", properties: { "a.b": { type: "string" } } } }, "a.b"],
    ["an exploding pattern", property({ type: "string", pattern: "^(a+)+$" }), "take too long"],
    [
      "an exploding pattern in rows",
      property({ type: "array", items: { type: "string", pattern: "^(a|a)*$" } }),
      "take too long",
    ],
    [
      "rows that are each compared to each",
      property({
        type: "array",
        uniqueItems: true,
        items: { type: "object", properties: { b: { type: "string" } } },
      }),
      "uniqueItems",
    ],
    ["$dynamicRef", property({ type: "string", $dynamicRef: "#a" }), "$dynamicRef"],
    ["a remote reference", property({ $ref: "https://example.com/schema.json" }), "refers to nothing"],
    ["an inherited reference", property({ $ref: "#/$defs/constructor" }), "refers to nothing"],
    [
      "another dialect",
      { schema: { $schema: "http://json-schema.org/draft-07/schema#", type: "object", properties: {} } },
      "2020-12",
    ],
    ["combined schemas", property({ anyOf: [{ type: "string" }] }), "anyOf"],
    ["our own metadata", property({ type: "string", field: { label: { zh: "a", en: "a" } } }), "“field”"],
    ["an unknown type", property({ type: "function" }), "“type”"],
    ["an inherited keyword", property({ type: "string", toString: "a" }), "toString"],
    ["no type", property({}), "needs a type"],
    ["an object of nothing", property({ type: "object" }), "needs properties"],
    ["a list of anything", property({ type: "array" }), "needs a type"],
    ["what is no schema", property(true), "a JSON Schema"],
    ["a length below zero", property({ type: "string", minLength: -1 }), "minLength"],
    ["a multiple of nothing", property({ type: "number", multipleOf: 0 }), "multipleOf"],
    ["choices of objects", property({ enum: [{}] }), "“enum”"],
    ["required, but not there", { schema: { type: "object", properties: {}, required: ["toString"] } }, "“required”"],
    ["another format", property({ type: "string", format: "regex" }), "“format”"],
  ])("%s", ([, made, says]) => {
    const problem = madeFormProblem(made);
    expect(problem?.en).toContain(says);
    expect(problem?.zh).toMatch(/\p{Script=Han}/u);
  });

  const ui = (of: unknown): unknown => ({ schema: tasting.schema, ui: of });
  test.for<[what: string, made: unknown, says: string]>([
    ["unknown keys", ui({ fields: {}, script: "alert(1)" }), "can't be understood"],
    ["a field that isn't there", ui({ fields: { shoes: {} } }), "“shoes”"],
    ["an unknown key of a field", ui({ fields: { name: { onClick: "alert(1)" } } }), "“name”"],
    ["a label that is no text", ui({ fields: { name: { label: { zh: "a", en: ["b"] } } } }), "“name”"],
    ["a condition that is none", ui({ fields: { name: { showWhen: { field: "how", is: "eval" } } } }), "“name”"],
    ["a formula that is none", ui({ fields: { total: { compute: { eval: "1" } } } }), "“total”"],
    ["a condition about nothing", ui({ fields: { name: { showWhen: { field: "gone", is: "empty" } } } }), "“gone”"],
    [
      "a value that doesn't suit",
      ui({ fields: { name: { showWhen: { field: "how", is: "eq", value: "train" } } } }),
      "“how”",
    ],
    [
      "a field that shows itself",
      ui({ fields: { name: { showWhen: { field: "name", is: "empty" } } } }),
      "depends on itself",
    ],
    ["a formula of nothing", ui({ fields: { total: { compute: { field: "gone" } } } }), "“gone”"],
    ["a sum of itself", ui({ fields: { total: { compute: { sum: [{ field: "total" }] } } } }), "depends on itself"],
    [
      "a circle through rows",
      ui({
        fields: {
          total: { compute: { rows: "lines", sum: { field: "sum" } } },
          "lines.sum": { compute: { product: [{ field: "count" }, { field: "total" }] } },
        },
      }),
      "depends on itself",
    ],
    [
      "steps that leave a field out",
      ui({ steps: [{ name: "one", label: { zh: "一", en: "One" }, fields: ["name"] }] }),
      "one step",
    ],
  ])("in its UI schema: %s", ([, made, says]) => {
    expect(madeFormProblem(made)?.en).toContain(says);
  });

  test("500 fields are taken", () => {
    expect(madeFormProblem(fields(500))).toBeUndefined();
  });
});

test("answers in which nothing is filled in are refused, as a whole", () => {
  const properties = {
    name: { type: "string" },
    agreed: { type: "boolean" },
    lines: { type: "array", items: { type: "object", properties: { tea: { type: "string" } } } },
    sum: { type: "number" },
  };
  const ui = { fields: { sum: { compute: { rows: "lines", count: true } } } } as const;
  const optional: MadeForm = { schema: { type: "object", properties }, ui };
  for (const given of [{}, { name: "" }, { agreed: false }, { lines: [{}] }, { lines: [{ tea: "" }] }, { other: 1 }])
    expect(accept(optional, given).errors, JSON.stringify(given)).toEqual([{ path: "", text: nothingAnswered }]);
  for (const given of [{ name: "茶" }, { agreed: true }, { lines: [{ tea: "绿" }] }])
    expect(accept(optional, given).errors, JSON.stringify(given)).toEqual([]);
  // Where all that is asked for is yes or no, a box left empty says no.
  const question: MadeForm = { schema: { type: "object", properties: { comes: { type: "boolean" } } } };
  expect(accept(question, { comes: false }).errors).toEqual([]);
  expect(accept(question, {}).errors).toHaveLength(1);
});

test("a condition or a formula that somebody is still at is kept in a draft, and refused with its place in a form", () => {
  const properties = { kind: { type: "string" }, more: { type: "string" }, sum: { type: "number" } };
  const made = (more: object) => ({ schema: { type: "object", properties }, ui: { fields: more } });
  const conditions = [
    { field: "kind", is: "eq" },
    { all: [{ field: "kind", is: "between", value: ["a", null] }] },
    { field: "kind", is: "in", value: "a" },
  ];
  for (const showWhen of conditions) {
    const unfinished = made({ more: { showWhen } });
    expect(draftProblem(unfinished)).toBeUndefined();
    expect(madeFormProblem(unfinished)).toMatchObject({ at: "/ui/fields/more/showWhen" });
  }
  const formula = made({ sum: { compute: { rows: "kind", sum: { field: "" } } } });
  expect(draftProblem(formula)).toBeUndefined();
  expect(madeFormProblem(formula)).toMatchObject({ at: "/ui/fields/sum/compute" });
  for (const broken of [{ field: "kind" }, { field: "kind", is: "eq", value: { a: 1 } }, { all: "x" }])
    expect(draftProblem(made({ more: { showWhen: broken } })), JSON.stringify(broken)).toBeDefined();
});

test("of random forms and answers, what is accepted is what another implementation finds valid", () => {
  const ajv = new Ajv2020({ strict: false });
  let valid = 0;
  fc.assert(
    fc.property(madeFormAndAnswers, ([made, given]) => {
      expect(madeFormProblem(made)).toBeUndefined();
      const { values, errors } = accept(made, given);
      if (typeof given !== "object" || given === null || Array.isArray(given)) {
        expect(errors).toHaveLength(1);
        return;
      }
      // Whether anything was answered no schema says.
      if (errors[0]?.text === nothingAnswered) return;
      const isValid = ajv.compile(made.schema)(values);
      expect(errors.length === 0, JSON.stringify({ made, given, values, errors })).toBe(isValid);
      valid += isValid ? 1 : 0;
      // Twice is once: what was accepted is accepted as it is.
      expect(accept(made, values)).toEqual({ values, errors });
    }),
    { numRuns: 400 },
  );
  expect(valid).toBeGreaterThan(20);
});
