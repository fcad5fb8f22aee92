import { builtInRoles } from "@zhanggui/kit/contract/permission";
import { afterEach, expect, test } from "vitest";
import { i18n } from "../common/language.ts";
import { messages } from "../messages.ts";
import { roleName } from "./role-name.ts";

const before = i18n.global.locale.value;
afterEach(() => {
  i18n.global.locale.value = before;
});

test("a built-in role is named in the reader's language, whatever the server calls it", () => {
  i18n.global.locale.value = "en";
  expect(roleName({ name: "负责人", builtIn: "owner" })).toBe("Owner");
  i18n.global.locale.value = "zh";
  expect(roleName({ name: "Owner", builtIn: "owner" })).toBe("负责人");
});

test("a role of the tenant's keeps the tenant's name", () => {
  expect(roleName({ name: "店长", builtIn: null })).toBe("店长");
});

test("every built-in role has a name", () => {
  expect(Object.keys(messages.zh.access.roles).toSorted()).toEqual([...builtInRoles].toSorted());
});
