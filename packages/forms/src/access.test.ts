import { field } from "@zhanggui/kit/contract/field";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Access, accessOf, enforce, type FieldAccess, formFor, project } from "./access.ts";
import { errorsOf } from "./errors.ts";
import { stateOf, trimmed } from "./form-state.ts";
import { formOf } from "./form.ts";

const words = (en: string) => ({ zh: en, en });
const Order = z.object({
  name: field(z.string().min(1), words("Name")),
  margin: field(z.int(), words("Margin")),
  address: field(
    z.object({ city: field(z.string(), words("City")), note: field(z.string().optional(), words("Note")) }),
    words("Address"),
  ),
  lines: field(
    z.array(
      z.object({
        id: z.string(),
        count: field(z.int(), words("Count")),
        cost: field(z.int(), words("Cost")),
        sum: field(z.int().optional(), words("Sum"), { compute: { product: [{ field: "count" }, { field: "cost" }] } }),
      }),
    ),
    words("Lines"),
  ),
});
const form = formOf(schemaOf(Order));
const line = (id: string, count: number, cost: number) => ({ id, count, cost, sum: count * cost });
const before = {
  name: "Spring",
  margin: 40,
  address: { city: "杭州", note: "ring twice" },
  lines: [line("a", 1, 10), line("b", 2, 20)],
};
const access: FieldAccess = { margin: "hidden", "address.city": "read", "lines.cost": "hidden", "lines.sum": "read" };
const seen = {
  name: "Spring",
  address: { city: "杭州", note: "ring twice" },
  lines: [
    { id: "a", count: 1, sum: 10 },
    { id: "b", count: 2, sum: 40 },
  ],
};
const refusedPaths = (sent: object, as = access): string[] =>
  enforce(form, before, sent as Readonly<Record<string, unknown>>, as).refused.map(({ path }) => path);

describe("what somebody may see", () => {
  test("is neither in the values nor in the form if it is hidden", () => {
    expect(project(form, before, access)).toEqual(seen);
    const mine = formFor(form, access);
    expect(mine.fields.map(({ name }) => name)).toEqual(["name", "address.city", "address.note", "lines"]);
    expect(mine.fields.at(-1)?.rows?.fields.map(({ name }) => name)).toEqual(["count", "sum"]);
    expect(stateOf(mine, seen).get("address.city")).toMatchObject({ isDisabled: true, isRequired: false });
    expect(formFor(form, { address: "hidden" }).groups).toEqual([]);
  });

  test("nobody is asked for what they can only read", () => {
    expect(errorsOf(formFor(form, { name: "read" }), { ...before, name: "" })).toEqual([]);
  });

  test("follows from rights", () => {
    const rules = { margin: { read: "finance:read", write: "finance:write" }, name: { write: "orders:write" } };
    expect(accessOf(rules, new Set())).toEqual({ margin: "hidden", name: "read" });
    expect(accessOf(rules, new Set(["finance:read", "orders:write"]))).toEqual({ margin: "read", name: "write" });
    // To write what can't be seen would be to guess.
    expect(accessOf(rules, new Set(["finance:write"])).margin).toBe("hidden");
  });
});

describe("what somebody sends", () => {
  test("is stored where they may change it, and what they can't see stays", () => {
    const sent = {
      ...seen,
      name: "Summer",
      address: { city: "杭州", note: "ring once" },
      lines: [{ count: 9 }, { id: "b", count: 3 }],
    };
    expect(enforce(form, before, sent, access)).toEqual({
      refused: [],
      values: {
        name: "Summer",
        margin: 40,
        address: { city: "杭州", note: "ring once" },
        lines: [{ count: 9 }, { id: "b", count: 3, cost: 20, sum: 40 }],
      },
    });
  });

  test("is refused where it changes what they only read, naming the field", () => {
    const { values, refused } = enforce(form, before, { ...seen, address: { city: "苏州" } }, access);
    expect(refused).toEqual([
      {
        path: "address.city",
        text: { zh: "这一项您只能查看，不能修改", en: "You may see this, but not change it" },
      },
    ]);
    expect(values["address"]).toEqual({ city: "杭州" });
  });

  test("is refused where they can't see it, even if they guess right", () => {
    expect(refusedPaths({ ...seen, margin: 40 })).toEqual(["margin"]);
    expect(refusedPaths({ ...seen, margin: null })).toEqual(["margin"]);
    expect(refusedPaths({ ...seen, lines: [{ id: "b", count: 1, cost: 20 }] })).toEqual(["lines.0.cost"]);
    expect(enforce(form, before, { ...seen, margin: 1 }, access).values["margin"]).toBe(40);
  });

  test("a protected list is compared to what was seen of it", () => {
    expect(refusedPaths(seen, { ...access, lines: "read" })).toEqual([]);
    expect(refusedPaths({ ...seen, lines: seen.lines.toReversed() }, { ...access, lines: "read" })).toEqual(["lines"]);
  });

  test("rows can be moved and taken away, each with what is hidden in it", () => {
    const moved = { ...seen, lines: [{ id: "b", count: 2 }] };
    expect(enforce(form, before, moved, access).values["lines"]).toEqual([{ id: "b", count: 2, cost: 20, sum: 40 }]);
  });

  test("a row that is sent twice is new the second time, and a made-up id is none", () => {
    const twice = {
      ...seen,
      lines: [
        { id: "a", count: 1 },
        { id: "a", count: 1 },
        { id: "z", count: 1 },
      ],
    };
    expect(enforce(form, before, twice, access).values["lines"]).toEqual([
      { id: "a", count: 1, cost: 10, sum: 10 },
      { count: 1 },
      { count: 1 },
    ]);
  });

  test("rows without ids keep their number where something in them is protected", () => {
    const plain = { ...before, lines: [{ count: 1, cost: 10 }] };
    const sent = { ...seen, lines: [{ count: 1 }, { count: 2 }] };
    expect(enforce(form, plain, sent, access).refused.map(({ path }) => path)).toEqual(["lines"]);
    expect(enforce(form, plain, { ...seen, lines: [{ count: 5 }] }, access).values["lines"]).toEqual([
      { count: 5, cost: 10 },
    ]);
  });

  test("what the form doesn't name is left out", () => {
    const sent = JSON.parse(`{"name":"Summer","isAdmin":true,"__proto__":{"isAdmin":true},"constructor":{}}`) as object;
    const { values } = enforce(form, before, sent as Readonly<Record<string, unknown>>, access);
    expect(values).toEqual({ name: "Summer", margin: 40, address: { city: "杭州" } });
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
  });

  test("is computed again: nobody's sum counts", () => {
    const sent = { ...seen, lines: [{ id: "b", count: 3, sum: 1 }] };
    const { values, refused } = enforce(form, before, sent, access);
    expect(refused).toEqual([]);
    expect(trimmed(form, values)["lines"]).toEqual([line("b", 3, 20)]);
  });
});

test("whatever is sent with whatever access, nothing protected changes, and what was seen may be sent back", () => {
  const paths = ["name", "margin", "address", "address.city", "address.note", "lines", "lines.count", "lines.cost"];
  const anyAccess = fc.dictionary(fc.constantFrom(...paths), fc.constantFrom<Access>("write", "read", "hidden"));
  const count = fc.integer({ min: 0, max: 2 });
  const sent = fc.record(
    {
      name: fc.constantFrom("Spring", "x"),
      margin: count,
      address: fc.record({ city: fc.constantFrom("杭州", "x"), note: fc.string() }, { requiredKeys: [] }),
      lines: fc.array(fc.record({ id: fc.constantFrom("a", "b", "z"), count, cost: count }, { requiredKeys: [] }), {
        maxLength: 3,
      }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(anyAccess, sent, (may, given) => {
      const protectedPaths = paths.filter((path) =>
        [path, path.split(".")[0] ?? ""].some((each) => (may[each] ?? "write") !== "write"),
      );
      const { values } = enforce(form, before, given, may);
      const all = Object.fromEntries(protectedPaths.map((path) => [path, "write" as const]));
      const others = Object.fromEntries(
        paths.filter((path) => !(path in all)).map((path) => [path, "hidden" as const]),
      );
      if (!protectedPaths.includes("lines")) {
        // Of rows only those that were there have something to protect.
        const kept = (values["lines"] ?? []) as readonly {
          readonly id?: string;
          readonly count: number;
          readonly cost: number;
        }[];
        for (const row of kept) {
          const old = before.lines.find(({ id }) => id === row.id);
          if (protectedPaths.includes("lines.cost")) expect(row.cost).toBe(old?.cost);
          if (protectedPaths.includes("lines.count")) expect(row.count).toBe(old?.count);
        }
      }
      const hideLines = protectedPaths.includes("lines") ? {} : { lines: "hidden" as const };
      const whole = { ...others, ...hideLines };
      expect(project(form, values, whole)).toEqual(project(form, before, whole));
      expect(enforce(form, before, project(form, before, may), may).refused).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});
