import { expect, test } from "vitest";
import { changesBetween } from "./made-form-changes.ts";
import type { MadeForm } from "./made-form.ts";

const made = (properties: object, fields: object = {}, more: object = {}): MadeForm =>
  ({ schema: { type: "object", properties, ...more }, ui: { fields } }) as MadeForm;
const text = { type: "string", title: "称呼" };
const told = (before: MadeForm, after: MadeForm) => changesBetween(before, after).map(({ text }) => text.zh);

test("of a form that is the same nothing is told", () => {
  expect(changesBetween(made({ a: text }), made({ a: text }))).toEqual([]);
});

test("what comes, goes and changes is told by its name, with the condition as a sentence", () => {
  const before = made({ a: text, b: { type: "number", title: "人数" } }, {}, { required: ["a"] });
  const after = made(
    { c: { type: "boolean", title: "会员" }, a: { ...text, maxLength: 9 } },
    { a: { label: { zh: "姓名", en: "Name" }, showWhen: { field: "c", is: "eq", value: true }, readBy: "forms:read" } },
  );
  expect(told(before, after)).toEqual([
    "删除“人数”",
    "新增“会员”",
    "“称呼”改名为“姓名”",
    "“姓名”改为选填",
    "“姓名”的限制有变",
    "“姓名”仅在此时显示：会员为“是”",
    "“姓名”的可见或可填范围有变",
  ]);
});

test("another order, and other steps, are told once", () => {
  const [before, after] = [made({ a: text, b: text }), made({ b: text, a: text })];
  expect(told(before, after)).toEqual(["字段的顺序有变"]);
  const label = { zh: "第一步", en: "First" };
  const steps = [{ name: "one", label, fields: ["a", "b"] }];
  expect(told(before, { ...before, ui: { steps } })).toEqual(["步骤有变"]);
});
