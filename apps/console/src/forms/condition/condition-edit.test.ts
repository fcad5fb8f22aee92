import { type Asked, conditionProblem } from "@zhanggui/forms/condition-guard";
import type { Condition } from "@zhanggui/kit/contract/condition";
import { expect, test } from "vitest";
import { askOf, comparedBy, conditionOf, groupOf, modes, sizeOf } from "./condition-edit.ts";

const label = { zh: "等级", en: "Level" };
const level: Asked = { name: "level", label, kind: "choice", choices: { gold: { zh: "金", en: "Gold" } } };
const age: Asked = { name: "age", label, kind: "number" };
const part: Condition = { field: "age", is: "gt", value: 3 };

test("each way to go together is a condition, and is known again", () => {
  for (const mode of modes) {
    const group = { mode, parts: [part, part] };
    const made = conditionOf(group);
    expect(groupOf(made)).toEqual(group);
    expect(conditionProblem(made)).toBeUndefined();
  }
  expect(groupOf({ not: part })).toEqual({ mode: "none", parts: [part] });
  expect(groupOf(part)).toBeUndefined();
});

test("a new question has a value where there are few, and keeps what still fits when it is compared otherwise", () => {
  expect(askOf(level)).toEqual({ field: "level", is: "in", value: ["gold"] });
  expect(comparedBy(level, askOf(level), "eq")).toEqual({ field: "level", is: "eq", value: "gold" });
  expect(comparedBy(age, { field: "age", is: "gt", value: 3 }, "between")).toMatchObject({ value: [3, 3] });
  expect(comparedBy(age, { field: "age", is: "gt", value: 3 }, "empty")).toEqual({ field: "age", is: "empty" });
  expect(askOf({ name: "vip", label, kind: "yesNo" })).toEqual({ field: "vip", is: "eq", value: true });
});

test("its size is counted as the guard counts it", () => {
  expect(sizeOf({ not: { any: [part, { all: [part] }] } })).toEqual({ depth: 4, nodes: 5 });
});
