import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Form, type FormField, formOf } from "@zhanggui/forms/form";
import { isJson } from "@zhanggui/kit/contract/body";
import type { Contract } from "@zhanggui/kit/contract/route";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import { contracts } from "@zhanggui/server/contracts";
import { expect, test } from "vitest";
import { hasInput, inputOf } from "./input.ts";
import CheckboxesInput from "./inputs/CheckboxesInput.vue";
import OptionInput from "./inputs/OptionInput.vue";
import TextInput from "./inputs/TextInput.vue";

function* fieldsOf({ fields }: Form): Generator<FormField, void, undefined> {
  for (const field of fields) {
    yield field;
    if (field.rows !== undefined) yield* fieldsOf(field.rows);
  }
}
const fields = Object.values(contracts as Readonly<Record<string, Contract>>).flatMap((contract) =>
  Object.values(contract).flatMap(({ id, body }) =>
    isJson(body) ? [...fieldsOf(formOf(schemaOf(body)))].map((field) => ({ id, field })) : [],
  ),
);

test("whatever a contract asks for has an input of its own, a built-in one or a list to choose from", () => {
  expect(fields.length).toBeGreaterThan(30);
  expect(fields.filter(({ field }) => field.rows === undefined && !hasInput(field))).toEqual([]);
});

const asked = (kind: string, more: Partial<FormField> = {}): FormField => ({
  name: "it",
  label: { zh: "它", en: "It" },
  input: kind,
  kind,
  isRequired: true,
  isNullable: false,
  ...more,
});

test("what has none is a line of text", () => {
  expect(hasInput(asked("colour"))).toBe(false);
  expect(inputOf(asked("colour"))).toBe(TextInput);
});

test("one of what a module lists is chosen, several are ticked", () => {
  expect(inputOf(asked("role"))).toBe(OptionInput);
  expect(inputOf(asked("role", { isList: true }))).toBe(CheckboxesInput);
});

test("no two own inputs have one name", () => {
  const files = readdirSync(join(import.meta.dirname, ".."), { recursive: true, encoding: "utf8" });
  const own = files.flatMap((file) => /([^/]+)\.input\.vue$/.exec(file)?.[1] ?? []);
  expect(own.length).toBeGreaterThan(1);
  expect(own).toEqual([...new Set(own)]);
});
