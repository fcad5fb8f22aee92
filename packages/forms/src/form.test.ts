import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { Fen } from "@zhanggui/kit/contract/money";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import { Instant } from "@zhanggui/kit/contract/time";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { blank, missing, stateOf, trimmed } from "./form-state.ts";
import { formOf } from "./form.ts";

const words = (zh: string, en: string) => ({ zh, en });
const name = words("名称", "Name");

/** A tea order: what forms are made of, all in one. */
const Order = z.object({
  id: Id,
  title: field(z.string().min(1).max(60), name, { placeholder: words("春茶", "Spring tea") }),
  note: field(z.string().max(600).optional(), words("备注", "Note")),
  by: field(z.enum(["post", "pickup"]).default("pickup"), words("方式", "By"), {
    choices: { post: words("邮寄", "Post"), pickup: words("自取", "Pick-up"), gone: words("已停", "Gone") },
  }),
  address: field(
    z.object({
      city: field(z.string().min(1), words("城市", "City")),
      street: field(z.string().optional(), words("街道", "Street"), {
        requireWhen: { field: "city", is: "eq", value: "杭州" },
      }),
    }),
    words("地址", "Address"),
    { showWhen: { field: "by", is: "eq", value: "post" } },
  ).optional(),
  until: field(Instant, words("截止", "Until")).nullable().default(null),
  lines: field(
    z
      .array(
        z.object({
          tea: field(z.string().min(1), words("茶", "Tea")),
          price: field(Fen, words("单价", "Price"), { kind: "money" }),
          count: field(z.int().min(1).max(99), words("数量", "Count")),
          sum: field(z.int().optional(), words("小计", "Sum"), {
            kind: "money",
            compute: { product: [{ field: "price" }, { field: "count" }] },
          }),
        }),
      )
      .min(1)
      .max(20),
    words("明细", "Lines"),
  ),
  total: field(z.int().optional(), words("合计", "Total"), {
    kind: "money",
    compute: { rows: "lines", sum: { field: "sum" } },
  }),
});
const form = formOf(schemaOf(Order));
const named = (path: string) => form.fields.find((each) => each.name === path);

describe("the form of a contract's body", () => {
  test("asks for what has a name, in its order", () => {
    expect(form.fields.map((each) => each.name)).toEqual([
      "title",
      "note",
      "by",
      "address.city",
      "address.street",
      "until",
      "lines",
      "total",
    ]);
    expect(form.groups).toEqual([
      { name: "address", label: words("地址", "Address"), fields: ["address.city", "address.street"] },
    ]);
  });

  test("knows kind, component and limits from the shape", () => {
    expect(named("title")).toEqual({
      name: "title",
      label: name,
      placeholder: words("春茶", "Spring tea"),
      kind: "text",
      input: "text",
      minLength: 1,
      maxLength: 60,
      isRequired: true,
      isNullable: false,
    });
    expect(named("note")).toMatchObject({ input: "textarea", isRequired: false });
    expect(named("until")).toMatchObject({ kind: "instant", input: "instant", isNullable: true });
    expect(named("lines")).toMatchObject({ input: "rows", minItems: 1, maxItems: 20, isRequired: true });
    expect(named("lines")?.rows?.fields[2]).toMatchObject({ kind: "number", min: 1, max: 99, step: 1 });
  });

  test("offers the values of an enum and no other, each in words", () => {
    expect(named("by")).toMatchObject({ input: "select", isRequired: false, default: "pickup" });
    expect(named("by")?.choices).toEqual({ post: words("邮寄", "Post"), pickup: words("自取", "Pick-up") });
  });

  test("of variants, asks which, and for what only that one has", () => {
    const Mail = z.object({
      channel: field(z.literal("mail"), words("方式", "By"), { choices: { mail: words("邮件", "Mail") } }),
      subject: field(z.string().min(1), words("主题", "Subject")),
      text: field(z.string().min(1), words("正文", "Text")),
    });
    const Sms = z.object({
      channel: field(z.literal("sms"), words("方式", "By"), { choices: { sms: words("短信", "Text message") } }),
      text: field(z.string().min(1), words("正文", "Text")),
    });
    const variants = formOf(schemaOf(z.discriminatedUnion("channel", [Mail, Sms])));
    expect(variants.fields.map((each) => each.name)).toEqual(["channel", "subject", "text"]);
    expect(variants.fields[0]?.choices).toEqual({ mail: words("邮件", "Mail"), sms: words("短信", "Text message") });
    const rows = formOf(schemaOf(z.object({ items: field(z.array(z.union([Mail, Sms])), name) })));
    expect(rows.fields[0]?.rows).toEqual(variants);
    expect(missing(variants, { channel: "sms" })).toEqual(["text"]);
    expect(missing(variants, { channel: "mail" })).toEqual(["subject", "text"]);
    expect(trimmed(variants, { channel: "sms", subject: "left over", text: "hi" })).toEqual({
      channel: "sms",
      text: "hi",
    });
  });

  test("survives JSON", () => {
    expect(JSON.parse(JSON.stringify(form))).toEqual(form);
  });

  test("a reference that leads nowhere, or in a circle, is an error", () => {
    const around = { properties: { a: { $ref: "#/$defs/A" } }, $defs: { A: { $ref: "#/$defs/A" } } };
    expect(() => formOf(around)).toThrow("refers to itself");
    expect(() => formOf({ properties: { a: { $ref: "#/$defs/constructor" } } })).toThrow("isn't there");
  });
});

const tea = { tea: "龙井", price: 12_800, count: 2 };
const posted = { title: "Order", by: "post", address: { city: "杭州" }, lines: [tea, { ...tea, count: 1 }] };

describe("the state of a form", () => {
  test("a group is shown when its condition holds", () => {
    expect(stateOf(form, { by: "post" }).get("address.city")?.isShown).toBe(true);
    expect(stateOf(form, { by: "pickup" }).get("address.city")?.isShown).toBe(false);
  });

  test("names in conditions mean the own object first", () => {
    expect(stateOf(form, posted).get("address.street")?.isRequired).toBe(true);
    expect(stateOf(form, { ...posted, address: { city: "苏州" } }).get("address.street")?.isRequired).toBe(false);
  });

  test("values are computed, in rows and over them", () => {
    const state = stateOf(form, posted);
    expect(state.get("lines.0.sum")).toMatchObject({ value: 25_600, isDisabled: true });
    expect(state.get("total")?.value).toBe(38_400);
    expect(stateOf(form, { lines: [{ tea: "龙井" }] }).get("total")?.value).toBeUndefined();
  });

  test("what isn't shown has no value for other fields either", () => {
    const chain = formOf(
      schemaOf(
        z.object({
          a: field(z.boolean().optional(), name),
          b: field(z.boolean().optional(), name, { showWhen: { field: "a", is: "eq", value: true } }),
          c: field(z.string().optional(), name, { showWhen: { field: "b", is: "eq", value: true } }),
        }),
      ),
    );
    expect(stateOf(chain, { a: true, b: true }).get("c")?.isShown).toBe(true);
    expect(stateOf(chain, { a: false, b: true }).get("c")?.isShown).toBe(false);
  });

  test("nor have the rows of a list that isn't shown", () => {
    const Rows = z.object({
      isWanted: field(z.boolean(), name),
      lines: field(z.array(z.object({ tea: field(z.string(), name) })), name, {
        showWhen: { field: "isWanted", is: "eq", value: true },
      }).optional(),
    });
    const rows = formOf(schemaOf(Rows));
    expect(missing(rows, { isWanted: true, lines: [{}] })).toEqual(["lines.0.tea"]);
    expect(missing(rows, { isWanted: false, lines: [{}] })).toEqual([]);
    expect(trimmed(rows, { isWanted: false, lines: [{ tea: "龙井" }] })).toEqual({ isWanted: false });
  });

  test("fields that depend on each other in a circle are an error", () => {
    const showWhen = (other: string) => ({ showWhen: { field: other, is: "notEmpty" } }) as const;
    const Circle = z.object({
      a: field(z.string().optional(), name, showWhen("b")),
      b: field(z.string().optional(), name, showWhen("a")),
    });
    expect(() => stateOf(formOf(schemaOf(Circle)), {})).toThrow("depends on itself");
  });

  test("what is missing is required, shown and empty", () => {
    expect(missing(form, { by: "post", lines: [{ tea: "龙井", price: 1 }] })).toEqual([
      "title",
      "address.city",
      "lines.0.count",
    ]);
    expect(missing(form, { title: "Order", by: "pickup", lines: [] })).toEqual(["lines"]);
    expect(missing(form, posted)).toEqual(["address.street"]);
  });

  test("what is sent has neither what is hidden nor what is empty, and nothing typed is changed", () => {
    const sent = trimmed(form, { ...posted, title: " Order ", by: "pickup", note: "", until: "" });
    expect(sent).toEqual({
      title: " Order ",
      by: "pickup",
      until: null,
      lines: [
        { ...tea, sum: 25_600 },
        { ...tea, count: 1, sum: 12_800 },
      ],
      total: 38_400,
    });
  });

  test("a new form begins with defaults", () => {
    expect(blank(form)).toEqual({ by: "pickup", until: null, lines: [{}] });
  });
});

test("a shape that has a name of its own has the same form as one without", () => {
  const fields = { name: field(z.string(), { zh: "名称", en: "Name" }) };
  const named = z.object(fields).meta({ id: "FormTestNamed" });
  expect(formOf(schemaOf(named)).fields).toEqual(formOf(schemaOf(z.object(fields))).fields);
  expect(formOf(schemaOf(named)).fields).toHaveLength(1);
});
