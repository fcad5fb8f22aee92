import type { Condition } from "@zhanggui/kit/contract/condition";
import fc from "fast-check";
import { evaluate } from "feelin";
import { describe, expect, test } from "vitest";
import { type Asked, comparisonsOf, conditionLimits, conditionProblem } from "./condition-guard.ts";
import { sentenceOf } from "./condition-sentence.ts";
import { type Facts, factsOf, holds } from "./condition.ts";
import { feelOf } from "./feel.ts";

const fields: readonly Asked[] = [
  {
    name: "level",
    label: { zh: "等级", en: "Level" },
    kind: "choice",
    choices: { gold: { zh: "金卡", en: "Gold" }, plain: { zh: "普通", en: "Plain" } },
  },
  { name: "city", label: { zh: "城市", en: "City" }, kind: "text" },
  { name: "count", label: { zh: "订单数", en: "Orders" }, kind: "count" },
  { name: "spent", label: { zh: "消费", en: "Spent" }, kind: "money" },
  { name: "person.isMember", label: { zh: "会员", en: "Member" }, kind: "yesNo" },
  { name: "joinedAt", label: { zh: "加入时间", en: "Joined" }, kind: "instant" },
  { name: "birthday", label: { zh: "生日", en: "Birthday" }, kind: "day" },
  { name: "likes", label: { zh: "喜好", en: "Likes" }, kind: "text", isList: true },
];
const gold: Condition = { field: "level", is: "eq", value: "gold" };

describe("whether a condition holds", () => {
  const values = { level: "gold", city: "杭州", count: 3, joinedAt: "2026-03-01T08:00:00+08:00", likes: ["龙井"] };
  const asks = (condition: Condition, facts: Facts = factsOf(values)): boolean => holds(condition, facts);

  test.for<[Condition, boolean]>([
    [{ field: "count", is: "between", value: [3, 5] }, true],
    [{ field: "count", is: "gt", value: 3 }, false],
    [{ field: "count", is: "lt", value: "4" }, false],
    [{ field: "city", is: "startsWith", value: "杭" }, true],
    [{ field: "city", is: "contains", value: "" }, true],
    [{ field: "likes", is: "contains", value: "龙井" }, true],
    [{ field: "likes", is: "contains", value: "龙" }, false],
    [{ field: "level", is: "notIn", value: ["plain"] }, true],
    [{ field: "nothing", is: "empty" }, true],
    [{ field: "nothing", is: "ne", value: 1 }, true],
    [{ field: "nothing", is: "le", value: 1 }, false],
    [{ field: "count", is: "empty" }, false],
    [{ all: [] }, true],
    [{ any: [] }, false],
  ])("%j: %s", ([condition, answer]) => {
    expect(asks(condition)).toBe(answer);
  });

  test("one instant may be written in several ways, and is compared as an instant", () => {
    expect(asks({ field: "joinedAt", is: "eq", value: "2026-03-01T00:00:00.000Z" })).toBe(true);
    expect(asks({ field: "joinedAt", is: "in", value: ["2026-02-28T19:00:00-05:00"] })).toBe(true);
    // As text it would come later.
    expect(asks({ field: "joinedAt", is: "lt", value: "2026-03-01T01:00:00Z" })).toBe(true);
    expect(asks({ field: "joinedAt", is: "lt", value: "2026-02-30T00:00:00Z" })).toBe(false);
  });

  test("only own properties count", () => {
    for (const field of ["constructor", "toString", "__proto__", "likes.length", "city.length"])
      expect(asks({ field, is: "empty" }), field).toBe(field !== "likes.length");
  });

  test("asks how often something happened, and who belongs where", () => {
    const facts: Facts = {
      ...factsOf({}),
      count: (event, days) => (event === "visited" && days === 30 ? 2 : 0),
      isMember: (list, id) => list === "tag" && id === "old",
    };
    expect(asks({ event: "visited", atLeast: 2, withinDays: 30 }, facts)).toBe(true);
    expect(asks({ event: "visited", atLeast: 2, withinDays: 7 }, facts)).toBe(false);
    expect(asks({ event: "visited", atMost: 1, withinDays: 30 }, facts)).toBe(false);
    expect(asks({ event: "visited", atMost: 0, withinDays: 1 })).toBe(true);
    expect(asks({ member: "tag", of: ["new", "old"] }, facts)).toBe(true);
    expect(asks({ member: "segment", of: ["old"] }, facts)).toBe(false);
  });
});

describe("what a condition says", () => {
  const branch: Condition = {
    all: [
      gold,
      {
        any: [
          { field: "spent", is: "ge", value: 10_000 },
          { field: "city", is: "in", value: ["杭州", "苏州", "{label}"] },
        ],
      },
      { not: { field: "joinedAt", is: "lt", value: "2026-01-01T00:00:00Z" } },
      { not: { field: "person.isMember", is: "eq", value: true } },
      { event: "visited", atLeast: 2, withinDays: 30 },
      { member: "tag", of: ["t1"] },
    ],
  };
  const names = { events: { visited: { zh: "到店", en: "visited" } }, members: { t1: "老客" } };

  test("in Chinese", () => {
    expect(sentenceOf(branch, fields, "zh", names)).toBe(
      "等级为“金卡”，且（消费不少于 ¥100.00，或城市为“杭州”、“苏州”或“{label}”），且并非（加入时间早于 2026-01-01 08:00），" +
        "且会员不为“是”，且最近 30 天内“到店”至少 2 次，且带有标签“老客”",
    );
  });

  test("in English", () => {
    expect(sentenceOf(branch, fields, "en", names)).toBe(
      "Level is “Gold” and (Spent is at least ¥100.00 or City is “杭州”, “苏州” or “{label}”) and " +
        "not (Joined is before 2026-01-01 08:00) and Member is not “yes” and " +
        "“visited” at least twice in the last 30 days and tagged “老客”",
    );
  });

  test("in FEEL", () => {
    expect(feelOf(branch, fields)).toBe(
      'level = "gold" and (spent >= 10000 or (list contains(["杭州", "苏州", "{label}"], city))) and ' +
        'not((date and time(joinedAt) < date and time("2026-01-01T00:00:00Z")) = true) and ' +
        'not((person.isMember = true) = true) and (eventCount("visited", 30) >= 2) and (isMember("tag", "t1") = true)',
    );
    for (const field of ["in", "person.not", "contains", "客 户"]) {
      expect(() => feelOf({ field, is: "empty" }), field).toThrow("no name");
    }
  });
});

describe("a condition from outside", () => {
  test("is taken when it is one", () => {
    expect(conditionProblem(gold, fields)).toBeUndefined();
    expect(conditionProblem({ not: { all: [{ any: [] }] } }, fields)).toBeUndefined();
    expect(conditionProblem({ event: "visited", atMost: 0, withinDays: 7 }, fields)).toBeUndefined();
  });

  const nested = (depth: number): unknown => (depth === 1 ? gold : { not: nested(depth - 1) });
  const wide = (nodes: number): unknown => ({ all: Array.from({ length: nodes - 1 }, () => gold) });

  test("has a limit of depth and of size, and the largest is evaluated still", () => {
    expect(conditionProblem(nested(conditionLimits.depth))).toBeUndefined();
    expect(conditionProblem(nested(conditionLimits.depth + 1))?.en).toContain("nested");
    expect(conditionProblem(nested(5000))?.en).toContain("nested");
    expect(conditionProblem(wide(conditionLimits.nodes))).toBeUndefined();
    expect(conditionProblem(wide(conditionLimits.nodes + 1))?.en).toContain("200 parts");
  });

  test.for<[what: string, text: string]>([
    ["not an object", "[]"],
    ["null", "null"],
    ["nothing", "{}"],
    ["two kinds at once", `{"all":[],"any":[]}`],
    ["a part that is none", `{"all":[3]}`],
    ["groups that are no lists", `{"any":{"length":1}}`],
    ["a polluting key", `{"field":"city","is":"empty","__proto__":{"x":1}}`],
    ["a polluting group", `{"__proto__":[]}`],
    ["a field called __proto__", `{"field":"__proto__","is":"empty"}`],
    ["a way into a prototype", `{"field":"city.constructor","is":"empty"}`],
    ["an unknown comparison", `{"field":"city","is":"toString","value":1}`],
    ["an inherited comparison", `{"field":"city","is":"constructor","value":1}`],
    ["an object as value", `{"field":"city","is":"eq","value":{"a":1}}`],
    ["a list where one is compared", `{"field":"city","is":"eq","value":["a"]}`],
    ["one where two are compared", `{"field":"count","is":"between","value":[1]}`],
    ["a value where none is compared", `{"field":"city","is":"empty","value":1}`],
    ["a very long value", `{"field":"city","is":"eq","value":"${"a".repeat(501)}"}`],
    ["a field that isn't there", `{"field":"shoeSize","is":"empty"}`],
    ["a comparison that doesn't suit", `{"field":"person.isMember","is":"gt","value":true}`],
    ["a value of another kind", `{"field":"count","is":"gt","value":"3"}`],
    ["a choice that isn't there", `{"field":"level","is":"eq","value":"toString"}`],
    ["a day that isn't there", `{"field":"birthday","is":"ge","value":"2026-02-30"}`],
    ["half an event", `{"event":"visited","withinDays":3}`],
    ["a window without end", `{"event":"visited","atLeast":1,"withinDays":1e9}`],
    ["members of what isn't there", `{"member":"__proto__","of":[]}`],
  ])("%s is refused", ([, text]) => {
    const problem = conditionProblem(JSON.parse(text), fields);
    expect(problem?.zh).toMatch(/\p{Script=Han}/u);
    expect(problem?.en).not.toMatch(/\p{Script=Han}/u);
  });
});

/** Values of each field's kind, as they could stand in the facts and in a condition. */
const text = fc.oneof(fc.constantFrom("a", "ab", "b", 'q"\\u', "龙井\n"), fc.string({ maxLength: 5 }));
const valueOf: Readonly<Record<string, fc.Arbitrary<string | number | boolean>>> = {
  level: fc.constantFrom("gold", "plain"),
  city: text,
  count: fc.integer({ min: -3, max: 3 }),
  spent: fc.double({ noNaN: true, min: -1e-6, max: 1e6 }),
  "person.isMember": fc.boolean(),
  joinedAt: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00", "2025-12-31T23:59:59.500Z"),
  birthday: fc.constantFrom("1990-01-01", "1990-02-01", "2000-12-31"),
  likes: text,
};

const comparison: fc.Arbitrary<Condition> = fc.constantFrom(...fields).chain((field) =>
  fc.constantFrom(...comparisonsOf(field)).chain((is): fc.Arbitrary<Condition> => {
    const value = valueOf[field.name] ?? fc.boolean();
    if (is === "empty" || is === "notEmpty") return fc.constant({ field: field.name, is });
    const several = is === "between" ? fc.tuple(value, value) : fc.array(value, { maxLength: 3 });
    const given = is === "in" || is === "notIn" || is === "between" ? several : value;
    return given.map((each) => ({ field: field.name, is, value: each }));
  }),
);
const event: fc.Arbitrary<Condition> = fc.record({
  event: fc.constantFrom("visited", "bought"),
  atLeast: fc.nat({ max: 3 }),
  withinDays: fc.integer({ min: 1, max: 9 }),
});
const member: fc.Arbitrary<Condition> = fc.record({
  member: fc.constantFrom("tag" as const, "segment" as const),
  of: fc.array(fc.constantFrom("x", "y"), { maxLength: 2 }),
});
const { condition } = fc.letrec<{ condition: Condition; group: readonly Condition[] }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    comparison,
    event,
    member,
    tie("group").map((all) => ({ all })),
    tie("group").map((any) => ({ any })),
    tie("condition").map((not) => ({ not })),
  ),
  group: fc.array(tie("condition"), { maxLength: 3 }),
}));
const maybe = (value: fc.Arbitrary<unknown>) => fc.option(value, { freq: 3 });
const facts = fc
  .record({
    level: maybe(valueOf["level"] ?? text),
    city: maybe(text),
    count: maybe(valueOf["count"] ?? text),
    spent: maybe(valueOf["spent"] ?? text),
    person: fc.record({ isMember: maybe(fc.boolean()) }),
    joinedAt: maybe(valueOf["joinedAt"] ?? text),
    birthday: maybe(valueOf["birthday"] ?? text),
    likes: maybe(fc.array(text, { maxLength: 3 })),
  })
  .map((values) => ({
    values,
    count: (name: string, days: number) => (name === "visited" ? days % 4 : 0),
    isMember: (list: string, id: string) => list === "tag" && id === "x",
  }));
const asFacts = ({ values, ...others }: { readonly values: object } & Omit<Facts, "value">): Facts => ({
  ...factsOf(values as Readonly<Record<string, unknown>>),
  ...others,
});

describe("of any condition", () => {
  const runs = { numRuns: 500 };

  test("the guard takes what the builder can make", () => {
    fc.assert(
      fc.property(condition, (any) => {
        expect(conditionProblem(any, fields)).toBeUndefined();
      }),
      runs,
    );
  });

  test("the laws of logic hold", () => {
    fc.assert(
      fc.property(condition, condition, facts, (a, b, given) => {
        const asked = asFacts(given);
        const ask = (each: Condition): boolean => holds(each, asked);
        expect(ask({ not: { not: a } })).toBe(ask(a));
        expect(ask({ not: { all: [a, b] } })).toBe(ask({ any: [{ not: a }, { not: b }] }));
        expect(ask({ not: { any: [a, b] } })).toBe(ask({ all: [{ not: a }, { not: b }] }));
        expect(ask({ all: [a, { any: [a, b] }] })).toBe(ask(a));
      }),
      runs,
    );
  });

  test("somebody else's FEEL gives the same answer", () => {
    fc.assert(
      fc.property(condition, facts, (any, given) => {
        const context = {
          ...given.values,
          eventCount: (name: string, days: number) => given.count(name, days),
          isMember: (list: string, id: string) => given.isMember(list, id),
        };
        const { value } = evaluate(feelOf(any, fields), context);
        expect(value === true).toBe(holds(any, asFacts(given)));
      }),
      runs,
    );
  });

  test("the sentence mentions each field as often as it is asked about, and its brackets are closed", () => {
    fc.assert(
      fc.property(condition, (any) => {
        const asked = namesIn(any);
        for (const language of ["zh", "en"] as const) {
          const sentence = sentenceOf(any, fields, language);
          const unquoted = sentence.replaceAll(/“[^”]*”/g, "");
          for (const { name, label } of fields) {
            const times = asked.filter((each) => each === name).length;
            expect(unquoted.split(label[language]).length - 1, `${name} in ${sentence}`).toBe(times);
          }
          expect(unquoted).not.toMatch(/undefined|NaN|[{}]/);
          expect(unquoted.split(/[（(]/).length).toBe(unquoted.split(/[）)]/).length);
        }
      }),
      runs,
    );
  });
});

function namesIn(any: Condition): readonly string[] {
  if ("all" in any) return any.all.flatMap(namesIn);
  if ("any" in any) return any.any.flatMap(namesIn);
  if ("not" in any) return namesIn(any.not);
  return "field" in any ? [any.field] : [];
}
