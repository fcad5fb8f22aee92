import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseRequest } from "./arguments.ts";
import { assertName, named, singular } from "./new.ts";

const root = resolve(import.meta.dirname, "../..");
const template = await readFile(join(import.meta.dirname, "templates/module.md"), "utf8");

test("the command takes a layer and a name, and says what would be right", () => {
  const module = { layer: "products", name: "vouchers" };
  expect(parseRequest(["new", "module", "products", "vouchers"])).toEqual({ command: "new", module });
  for (const words of [[], ["module"], ["module", "products"], ["part", "products", "x"], ["module", "a", "b", "c"]]) {
    expect(() => parseRequest(["new", ...words])).toThrow("./zg new module <layer> <name>");
  }
  expect(() => parseRequest(["new", "module", "product", "x"])).toThrow("foundation, engines, products");
});

test.each([
  ["access", "is taken: there is apps/server/src/foundation/access"],
  ["shell", "is taken: there is apps/console/src/shell"],
  ["group-desk", "one word of 3 to 24 lower-case letters"],
  ["Vouchers", "one word of 3 to 24 lower-case letters"],
  ["../../etc", "one word of 3 to 24 lower-case letters"],
  ["x".repeat(25), "one word of 3 to 24 lower-case letters"],
  ["", "one word of 3 to 24 lower-case letters"],
  ["class", "is a reserved word"],
  ["kit", "is a reserved word"],
  ["contract", "would clash with contract"],
  ["ids", "would clash with Id"],
])("%s is refused with a sentence", (name, sentence) => {
  expect(() => assertName(name, template, root)).toThrow(sentence);
});

test("what the template calls its own is a name like any other", () => {
  for (const name of ["samples", "sample"]) expect(() => assertName(name, template, root)).not.toThrow();
});

test("a free name is taken, and leaves nothing of the template's own words", () => {
  expect(() => assertName("vouchers", template, root)).not.toThrow();
  const text = named(template, { layer: "products", name: "vouchers" });
  expect(text).not.toMatch(/sample|foundation/i);
  expect(text).toContain("CREATE TABLE vouchers_voucher");
  expect(text).toContain("apps/server/src/products/vouchers/vouchers.contract.ts");
});

test.each([
  ["bookings", "booking"],
  ["stories", "story"],
  ["boxes", "box"],
  ["classes", "class"],
  ["keys", "key"],
  ["finance", "entry"],
  ["status", "entry"],
  ["access", "entry"],
])("of %s there is one %s", (name, one) => expect(singular(name)).toBe(one));
