import { expect, test } from "vitest";
import { z } from "zod";
import { event } from "./event.ts";
import { Fen } from "./money.ts";
import { Instant } from "./time.ts";

class Pot {}

test.each([
  ["a Date", z.object({ at: z.date() }), "at doesn't survive JSON: a Date"],
  ["a coerced Date", z.object({ at: z.coerce.date() }), "at doesn't"],
  ["a bigint", z.object({ cups: z.array(z.bigint()) }), "cups.[] doesn't survive JSON: a bigint"],
  ["a bigint literal", z.object({ cups: z.literal(1n) }), "cups doesn't"],
  ["a Map", z.object({ by: z.map(z.string(), z.number()) }), "by doesn't survive JSON: a Map"],
  ["a Set", z.record(z.string(), z.set(z.string())), "* doesn't"],
  ["undefined alone", z.object({ nothing: z.undefined() }), "nothing doesn't"],
  ["void in a union", z.object({ nothing: z.union([z.string(), z.void()]) }), "nothing doesn't"],
  ["NaN", z.object({ cups: z.nan() }), "cups doesn't"],
  ["an instance", z.object({ pot: z.instanceof(Pot) }), "pot doesn't"],
  ["a transform", z.object({ cups: z.string().transform(Number) }), "cups doesn't"],
  [
    "a codec's Date",
    z.object({
      at: z.codec(z.iso.datetime(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() }),
    }),
    "at",
  ],
  ["deep in a default", z.object({ pots: z.array(z.object({ at: z.date().nullable() })).default([]) }), "pots.[].at"],
])("a payload with %s is refused when it is declared", (_, schema, message) => {
  expect(() => event("tea.bad.v1", schema as z.ZodType<unknown>)).toThrow(message);
});

test("what JSON can carry is accepted: text, numbers, nulls, unions, records, enums, and types with a declared JSON form", () => {
  const schema = z.object({
    id: z.uuid().toLowerCase(),
    cups: z.int().optional(),
    kind: z.enum(["green", "black"]).nullable(),
    steps: z.array(
      z.discriminatedUnion("do", [
        z.object({ do: z.literal("pour") }),
        z.object({ do: z.literal("wait"), s: z.number() }),
      ]),
    ),
    names: z.record(z.string(), z.tuple([z.string(), z.boolean()])),
    at: Instant,
    price: Fen,
    rest: z.unknown(),
  });
  expect(event("tea.good.v1", schema).name).toBe("tea.good.v1");
});

test("a schema that holds itself is looked at once", () => {
  const Leaf: z.ZodType<unknown> = z.object({
    name: z.string(),
    get leaves() {
      return z.array(Leaf);
    },
  });
  expect(() => event("tea.grown.v1", Leaf)).not.toThrow();
});

test("events are kept for two weeks at least", () => {
  expect(() => event("tea.short.v1", z.object({}), { keepDays: 3 })).toThrow(RangeError);
});
