import { field } from "@zhanggui/kit/contract/field";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import { Instant } from "@zhanggui/kit/contract/time";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { errorsOf } from "./errors.ts";
import { formOf } from "./form.ts";

const label = { zh: "名称", en: "Name" };
const Voucher = z.object({
  name: field(z.string().trim().min(2).max(10), label),
  code: field(z.string().regex(/^[A-Z]{3}$/), label, {
    rule: { zh: "三个大写字母", en: "Three capital letters" },
  }),
  price: field(z.int().min(100).optional(), label, { kind: "money" }),
  count: field(z.int().min(1).max(9), label),
  kind: field(z.enum(["tea", "cup"]), label).nullable(),
  shops: field(z.array(z.string()).min(1).max(2), label, { kind: "shop" }),
  isOpen: field(z.boolean().optional(), label),
  page: field(z.url().optional(), label),
  mail: field(z.email().optional(), label),
  from: field(Instant.nullable().optional(), label),
  day: field(z.iso.date().optional(), label),
  secret: field(z.string(), label, { showWhen: { field: "count", is: "gt", value: 8 } }).optional(),
});
const form = formOf(schemaOf(Voucher));
const right = { name: "Spring", code: "ABC", count: 3, kind: null, shops: ["a"] };
const said = (values: object): string[] =>
  errorsOf(form, { ...right, ...values }).map(({ path, text }) => `${path}: ${text.zh} / ${text.en}`);

test("what is right has no errors", () => {
  expect(said({})).toEqual([]);
  expect(
    said({
      isOpen: false,
      page: "https://example.com",
      mail: "a@b.example",
      from: "2026-01-01T00:00:00Z",
      day: "2026-02-28",
    }),
  ).toEqual([]);
});

test.for<[object, string]>([
  [{ name: "" }, "name: 请填写 / Please fill this in"],
  [{ name: "a" }, "name: 至少 2 个字符 / Must have at least 2 characters"],
  [{ name: "a".repeat(11) }, "name: 最多 10 个字符 / Must have at most 10 characters"],
  [{ name: 7 }, "name: 内容无法识别 / This can't be understood"],
  [{ code: "abc" }, "code: 三个大写字母 / Three capital letters"],
  [{ count: "three" }, "count: 请填写数字 / Please enter a number"],
  [{ count: 0 }, "count: 不能小于 1 / Must be at least 1"],
  [{ count: 10 }, "count: 不能大于 9 / Must be at most 9"],
  [{ price: 99 }, "price: 不能小于 ¥1.00 / Must be at least ¥1.00"],
  [{ count: 1.5 }, "count: 请填写整数 / Please enter a whole number"],
  [{ kind: "toString" }, "kind: 没有这个选项 / There is no such choice"],
  [{ kind: ["tea"] }, "kind: 没有这个选项 / There is no such choice"],
  [{ shops: [] }, "shops: 请填写 / Please fill this in"],
  [{ shops: ["a", "b", "c"] }, "shops: 最多 2 项 / Must have at most 2 entries"],
  [{ shops: "a" }, "shops: 内容无法识别 / This can't be understood"],
  [{ isOpen: "yes" }, "isOpen: 内容无法识别 / This can't be understood"],
  [
    { page: "example" },
    "page: 请填写完整网址，例如 https://example.com / Please enter a whole address, like https://example.com",
  ],
  [{ mail: "me" }, "mail: 请填写邮箱地址，例如 name@example.com / Please enter a mail address, like name@example.com"],
  [{ from: "tomorrow" }, "from: 请填写日期和时间 / Please enter a date and time"],
  [{ day: "2026-02-30" }, "day: 请填写日期 / Please enter a date"],
])("%j: %s", ([values, sentence]) => {
  expect(said(values)).toEqual([sentence]);
});

test("a character that takes two units counts once, and what surrounds a text doesn't make it too long", () => {
  expect(said({ name: "😀".repeat(10) })).toEqual([]);
  expect(said({ name: `  ${"a".repeat(10)}  ` })).toEqual([]);
});

test("a field that isn't shown has no errors", () => {
  expect(said({ secret: 7 })).toEqual([]);
  expect(said({ count: 9, secret: 7 })).toEqual(["secret: 内容无法识别 / This can't be understood"]);
});

test("what the contract's shape takes is never called wrong", () => {
  const text = fc.string({ maxLength: 12 });
  const odd = fc.oneof(text, fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
  const likely: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    name: text,
    code: fc.stringMatching(/^[A-Z]{2,4}$/),
    price: fc.integer({ min: 98 }),
    count: fc.integer({ min: 0, max: 10 }),
    kind: fc.constantFrom("tea", "cup", null),
    shops: fc.array(text, { maxLength: 3 }),
    isOpen: fc.boolean(),
    page: fc.webUrl(),
    mail: fc.emailAddress(),
    from: fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => date.toISOString()),
    day: fc.constantFrom("2026-02-28", "2026-02-30", "2024-02-29"),
  };
  const one = fc
    .constantFrom(...Object.keys(likely))
    .chain((name) =>
      fc
        .oneof({ weight: 3, arbitrary: likely[name] ?? odd }, { weight: 1, arbitrary: odd })
        .map((value) => ({ [name]: value })),
    );
  let taken = 0;
  fc.assert(
    fc.property(one, (given) => {
      if (!Voucher.safeParse({ ...right, ...given }).success) return;
      taken += 1;
      expect(said(given)).toEqual([]);
    }),
    { numRuns: 600 },
  );
  expect(taken).toBeGreaterThan(150);
});
