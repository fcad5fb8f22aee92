import type { MadeForm } from "@zhanggui/forms/made-form";
import { madeFormProblem } from "@zhanggui/forms/made-form-guard";
import { expect, test } from "vitest";
import { renamePart } from "./rename-part.ts";

const text = { type: "string" };
const number = { type: "number" };
const row = { type: "object", required: ["price"], properties: { price: number, count: number, sum: number } };
const order: MadeForm = {
  schema: {
    type: "object",
    required: ["kind", "lines"],
    properties: {
      kind: text,
      address: { type: "object", properties: { city: text } },
      lines: { type: "array", items: row },
      total: number,
    },
  },
  ui: {
    fields: {
      kind: { label: { zh: "类型", en: "Kind" } },
      "address.city": { showWhen: { all: [{ field: "kind", is: "eq", value: "home" }] } },
      "lines.sum": { compute: { product: [{ field: "price" }, { field: "count" }] } },
      "lines.count": { requireWhen: { not: { field: "kind", is: "empty" } } },
      total: { compute: { rows: "lines", sum: { field: "sum" } }, showWhen: { field: "address.city", is: "notEmpty" } },
    },
    steps: [
      { name: "a", label: { zh: "甲", en: "A" }, fields: ["kind", "address.city"] },
      { name: "b", label: { zh: "乙", en: "B" }, fields: ["lines", "total"] },
    ],
  },
};
const renamed = (path: string, name: string): MadeForm => {
  const done = renamePart(order, path, name);
  if (typeof done === "string") throw new Error(done);
  expect(madeFormProblem(done.made), `${path} as ${name}`).toBeUndefined();
  return done.made;
};

test("a field is called otherwise in its place, with all that is said of it", () => {
  const { schema, ui } = renamed("kind", "way");
  expect([Object.keys(schema.properties ?? {})[0], schema.required]).toEqual(["way", ["way", "lines"]]);
  expect(ui?.fields?.["way"]?.label?.zh).toBe("类型");
  expect(ui?.fields?.["address.city"]?.showWhen).toEqual({ all: [{ field: "way", is: "eq", value: "home" }] });
  expect(ui?.fields?.["lines.count"]?.requireWhen).toEqual({ not: { field: "way", is: "empty" } });
  expect(ui?.steps?.[0]?.fields).toEqual(["way", "address.city"]);
});

test("within groups and rows, too, and so are these", () => {
  expect(renamed("address", "home").ui?.fields?.["total"]?.showWhen).toMatchObject({ field: "home.city" });
  expect(renamed("address.city", "town").ui?.fields?.["total"]?.showWhen).toMatchObject({ field: "address.town" });
  const inRows = renamed("lines.price", "each");
  expect(inRows.ui?.fields?.["lines.sum"]?.compute).toEqual({ product: [{ field: "each" }, { field: "count" }] });
  expect(inRows.schema.properties?.["lines"]?.items?.required).toEqual(["each"]);
  expect(renamed("lines", "teas").ui?.fields?.["total"]?.compute).toEqual({ rows: "teas", sum: { field: "sum" } });
  expect(renamed("lines.sum", "all").ui?.fields?.["total"]?.compute).toEqual({ rows: "lines", sum: { field: "all" } });
});

test("never so that something would mean another field, nor by a name that is taken or none", () => {
  expect(renamePart(order, "lines.price", "kind")).toBe("shadows");
  expect(renamePart(order, "kind", "total")).toBe("taken");
  for (const name of ["", "1st", "a.b", "称呼", "__proto__", "constructor"])
    expect(renamePart(order, "kind", name), name).toBe("notPlain");
  expect(renamePart(order, "kind", "kind")).toEqual({ made: order, path: "kind" });
});
