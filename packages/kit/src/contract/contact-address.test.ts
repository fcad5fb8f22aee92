import fc from "fast-check";
import { expect, test } from "vitest";
import { addressIn, PhoneNumber } from "./contact-address.ts";
import { translate } from "./text.ts";

const fullWidth = (text: string) => text.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));

test.each([
  "86 13800000021",
  "8613800000021",
  "+86 138-0000-0021",
  "0086 13800000021",
  "＋８６ １３８００００００２１",
  "13800000021\u200b",
  "\u202a13800000021\u202c",
  "tel:13800000021",
  "TEL:+86-138-0000-0021",
  "138.0000.0021",
  "138‑0000–0021",
])("%j is 13800000021", (typed) => expect(addressIn("phone", typed)).toBe("13800000021"));

test("of whatever spelling, one number is one address", () => {
  const number = fc.integer({ min: 0, max: 9_999_999_999 }).map((n) => `1${String(n).padStart(10, "0")}`);
  const before = fc.constantFrom("", "86", "86 ", "+86 ", "0086", "＋８６", "tel:", "tel:+86", " \ufeff");
  const between = fc.constantFrom("", " ", "-", ".", "\u00a0", "\u3000", "\u200b");
  const after = fc.constantFrom("", "\u200b", "\u2060", "\u202c", "\n");
  fc.assert(
    fc.property(number, before, between, after, fc.boolean(), (digits, before, between, after, isWide) => {
      const written = [digits.slice(0, 3), digits.slice(3, 7), digits.slice(7)].join(between);
      expect(PhoneNumber.parse(before + (isWide ? fullWidth(written) : written) + after)).toBe(digits);
    }),
  );
});

test("a number of another country keeps its plus, and what is none says so in both languages", () => {
  expect(PhoneNumber.parse("tel:+44 20.7946.0000")).toBe("+442079460000");
  for (const typed of ["8613800", "86 23800000021", "1380000002", "138000000211", "+0123456789", "tea"]) {
    const [issue] = PhoneNumber.safeParse(typed).error?.issues ?? [];
    expect(translate(issue?.message ?? "", "zh"), typed).toBe("请输入 11 位手机号，或以 + 开头的国际号码。");
    expect(translate(issue?.message ?? "", "en"), typed).toMatch(/^A mobile number of 11 digits/);
  }
});
