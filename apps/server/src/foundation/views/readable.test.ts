import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import { expect, test } from "vitest";
import { demandReadable, dividedFor } from "./readable.ts";

const named = (name: string, more: Partial<FieldInfo> = {}): FieldInfo => ({
  name,
  label: { zh: name, en: name },
  kind: "text",
  isNullable: true,
  filter: "oneOf",
  sort: true,
  ...more,
});
const info: ListInfo = {
  noun: { zh: "客户", en: "person", plural: "people" },
  fields: [named("name"), named("salary", { readBy: "pay:read" })],
  filters: [named("bonus", { readBy: "pay:read" })],
  sort: "name",
};
const [finance, anybody] = [{ permissions: new Set(["pay:read"]) }, { permissions: new Set<string>() }];
const view = { query: { name: "阿青", salary: "9000", bonus: "1", sort: "-salary" }, hidden: ["name", "salary"] };

test("filters, order and columns of what a reader may not see are kept from them", () => {
  expect(dividedFor(finance, info, view)).toEqual({ given: view, withheld: { query: {}, hidden: [] } });
  expect(dividedFor(anybody, info, view)).toEqual({
    given: { query: { name: "阿青" }, hidden: ["name"] },
    withheld: { query: { salary: "9000", bonus: "1", sort: "-salary" }, hidden: ["salary"] },
  });
});

test("nor can they keep a view of it", () => {
  expect(() => demandReadable(finance, info, view)).not.toThrow();
  const errors = ["query.salary", "query.bonus", "query.sort", "hidden.1"].map((field) =>
    expect.objectContaining({ field }),
  );
  expect(() => demandReadable(anybody, info, view)).toThrow(
    expect.objectContaining({ code: "kit.invalid_input", details: { errors } }),
  );
});
