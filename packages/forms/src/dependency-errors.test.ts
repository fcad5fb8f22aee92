import { field } from "@zhanggui/kit/contract/field";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import { expect, test } from "vitest";
import { z } from "zod";
import { dependencyErrors } from "./dependency-errors.ts";
import { formOf } from "./form.ts";

const mailed = { field: "way", is: "eq", value: "mail" } as const;
const Order = z.object({
  way: field(
    z.enum(["shop", "mail"]),
    { zh: "方式", en: "Way" },
    { choices: { shop: { zh: "到店", en: "In the shop" }, mail: { zh: "邮寄", en: "By mail" } } },
  ),
  address: field(z.string().optional(), { zh: "地址", en: "Address" }, { showWhen: mailed, requireWhen: mailed }),
  gift: field(z.boolean().default(false), { zh: "礼品", en: "Gift" }, { showWhen: mailed }),
  lines: field(
    z
      .array(
        z.object({
          count: field(z.int(), { zh: "数量", en: "Count" }),
          note: field(
            z.string().optional(),
            { zh: "备注", en: "Note" },
            { requireWhen: { field: "count", is: "gt", value: 9 } },
          ),
        }),
      )
      .default([]),
    { zh: "明细", en: "Lines" },
  ),
  total: field(
    z.int().optional(),
    { zh: "合计", en: "Total" },
    { compute: { rows: "lines", sum: { field: "count" } } },
  ),
});
const form = formOf(schemaOf(Order));
const errors = (given: object, isPartial = false) =>
  dependencyErrors(form, {
    values: (isPartial ? Order.partial() : Order).parse(given),
    given: given as Record<string, unknown>,
    isPartial,
  }).map(({ path, text }) => [path, text.en]);

test("what is required under a condition, shown under another, or computed is held on the server", () => {
  expect(errors({ way: "shop" })).toEqual([]);
  expect(errors({ way: "mail", address: "1 Lantern Lane" })).toEqual([]);
  expect(errors({ way: "mail" })).toEqual([["address", "Please fill this in"]]);
  expect(errors({ way: "shop", address: "1 Lantern Lane" })).toEqual([["address", "Only where Way is “By mail”"]]);
  // Defaults aren't answers.
  expect(errors({ way: "shop", gift: false })).toEqual([]);
  expect(errors({ way: "shop", gift: true })).toEqual([["gift", "Only where Way is “By mail”"]]);
});

test("rows are held each by itself, and a computed value is what is computed", () => {
  const lines = [{ count: 1 }, { count: 10 }, { count: 11, note: "for the feast" }];
  expect(errors({ way: "shop", lines })).toEqual([["lines.1.note", "Please fill this in"]]);
  expect(errors({ way: "shop", lines: [{ count: 2 }, { count: 3 }], total: 5 })).toEqual([]);
  expect(errors({ way: "shop", lines: [{ count: 2 }], total: 1 })).toEqual([
    ["total", "This is computed, and can't be sent"],
  ]);
});

test("of a change, what depends on a field that wasn't sent isn't known", () => {
  expect(errors({ address: "1 Lantern Lane" }, true)).toEqual([]);
  expect(errors({ way: "shop", address: "1 Lantern Lane" }, true)).toEqual([
    ["address", "Only where Way is “By mail”"],
  ]);
  expect(errors({ way: "mail" }, true)).toEqual([]);
  expect(errors({ way: "mail", address: "" }, true)).toEqual([["address", "Please fill this in"]]);
});
