import fc from "fast-check";
import { expect, test } from "vitest";
import { BondBook } from "./bond-book.ts";
import { Column, SharedTexts, TextIndex } from "./columns.ts";
import type { Account } from "./model.ts";
import { PuppetBook } from "./puppet-book.ts";

const ascii = fc.string({ unit: fc.constantFrom("a", "b", "A", "B", "0", "1", "-", "_"), minLength: 1, maxLength: 6 });

test("an index finds what was added, where it was added, and nothing else", () => {
  fc.assert(
    fc.property(fc.uniqueArray(ascii, { maxLength: 300 }), fc.array(ascii), (texts, others) => {
      const index = new TextIndex();
      for (const [row, text] of texts.entries()) expect(index.add(text)).toBe(row);
      for (const text of [...texts, ...others, ""]) expect(index.find(text)).toBe(texts.indexOf(text));
      expect(texts.map((_, row) => index.text(row))).toEqual(texts);
    }),
  );
});

test("a column holds what was written, in whatever order, and 0 elsewhere", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.nat(5_000).map(String), fc.double({ noNaN: true }), { maxKeys: 50 }), (written) => {
      const column = new Column(Float64Array);
      for (const [row, value] of Object.entries(written)) column.set(Number(row), value);
      for (const row of [0, 1, 63, 64, 9_999, ...Object.keys(written).map(Number)])
        expect(column.get(row) + 0).toBe((written[String(row)] ?? 0) + 0);
    }),
  );
});

test("texts keep their numbers, also beyond those that are looked for", () => {
  const texts = new SharedTexts();
  const given = Array.from({ length: 9_000 }, (_, number) => `茶客 ${number % 8_000}`);
  const numbers = given.map((text) => texts.numberOf(text));
  expect(numbers.map((number) => texts.text(number))).toEqual(given);
  expect(numbers[8_000]).toBe(numbers[0]);
});

const tea = (id: string) =>
  ({ id, name: "小茶", templateDelivery: "success", platform: "ios", phone: "0138", isRisky: false }) as const;

test("what is read of a puppet is what was written, leading zeros too", () => {
  const book = new PuppetBook();
  const puppet = book.add({ ...tea("tea"), templateDelivery: "system_failed", platform: "other", isRisky: true });
  expect(puppet.toJSON()).toEqual({
    ...tea("tea"),
    templateDelivery: "system_failed",
    platform: "other",
    isRisky: true,
  });
  book.get("tea")!.name = "阿岚";
  expect(puppet.name).toBe("阿岚");
  expect(book.get("nobody")).toBeUndefined();
});

test("pages hold each puppet once, in order or the newest first, of those that are looked for", () => {
  const book = new PuppetBook();
  for (let number = 0; number < 25; number += 1) book.add(tea(`guest-${number}`));
  const walk = (wanted: { newest?: boolean; search?: string }) => {
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = book.page({ ...wanted, limit: 7, ...(after === undefined ? {} : { after }) });
      ids.push(...page.puppets.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return ids;
  };
  const all = Array.from({ length: 25 }, (_, number) => `guest-${number}`);
  expect(walk({})).toEqual(all);
  expect(walk({ newest: true })).toEqual(all.toReversed());
  expect(walk({ search: "guest-1" })).toEqual(all.filter((id) => id.startsWith("guest-1")));
  expect(book.page({ search: "小", limit: 1 }).total).toBe(25);
});

test("bonds of different accounts share nothing, and nothing is shared by those who have nothing", () => {
  const puppets = new PuppetBook();
  const bonds = new BondBook(puppets, () => null);
  const [one, other] = ["wxone", "wxother"].map((appid) => ({ appid }) as Account);
  const [first, second] = ["a", "b"].map((id) => puppets.add(tea(id)).row);
  const mine = bonds.of(one!).add(first!, "oOne");
  const theirs = bonds.of(other!).add(first!, "oOther");
  bonds.of(one!).add(second!, "oSecond");
  mine.tagIds = [100];
  mine.chat = [{ id: "1", at: 0, from: "puppet", via: null, content: { kind: "text", text: "在" } }];
  expect([theirs.tagIds, theirs.chat, bonds.find("oSecond")!.chat]).toEqual([[], [], []]);
  expect(() => theirs.chat.push(mine.chat[0]!)).toThrow();
  expect([...bonds.ofPuppet(first!)].map(({ openid }) => openid)).toEqual(["oOne", "oOther"]);
  bonds.forget("wxone");
  expect([bonds.find("oOne"), bonds.find("oOther")?.appid]).toEqual([undefined, "wxother"]);
});
