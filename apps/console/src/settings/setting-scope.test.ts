import { expect, test } from "vitest";
import { inherited, isOpen, type Layer, type Setting, scopeKey, scopeOfKey } from "./setting-scope.ts";

const layer = (level: Layer["level"], value: unknown, more: Partial<Layer> = {}): Layer => ({
  level,
  scopeId: "",
  value,
  isSet: value !== undefined,
  isPinned: false,
  isValid: true,
  version: 1,
  changedBy: null,
  changedAt: null,
  comment: "",
  ...more,
});
const setting = (layers: readonly Layer[], more: Partial<Setting> = {}): Setting => ({
  key: "tea.cups",
  zh: "杯数",
  en: "Cups",
  help: null,
  group: null,
  levels: ["platform", "tenant", "app"],
  isSecret: false,
  canGenerate: false,
  isRetired: false,
  value: 1,
  isSet: true,
  from: "tenant",
  isPinned: false,
  default: 8,
  version: 1,
  schema: {},
  layers: [...layers],
  below: [],
  ...more,
});
const tenant = { level: "tenant", scopeId: "" } as const;

test("a scope is a word of the address and back; what names none is the tenant", () => {
  const app = { level: "app", scopeId: "0197b1c4-0000-7000-8000-000000000000" } as const;
  for (const scope of [tenant, app, { level: "platform", scopeId: "" } as const])
    expect(scopeOfKey(scopeKey(scope))).toEqual(scope);
  for (const word of ["", "app", "app:", "tenant:x", "platform:x", "shop:x", "toString"])
    expect(scopeOfKey(word)).toEqual(tenant);
});

test("cleared, it is what the platform has pinned, else the narrowest that is set and valid, else the default", () => {
  const own = layer("tenant", 1);
  expect(inherited(setting([layer("platform", 2), own]), tenant)?.value).toBe(2);
  expect(inherited(setting([layer("platform", undefined), own]), tenant)).toBeUndefined();
  expect(inherited(setting([layer("platform", 2, { isValid: false }), own]), tenant)).toBeUndefined();
  const three = [layer("platform", 2, { isPinned: true }), layer("tenant", 3), layer("app", 4)];
  expect(inherited(setting(three), { level: "app", scopeId: "x" })?.value).toBe(2);
});

test("it is open where it is declared for and the platform hasn't pinned it", () => {
  const pinned = setting([], { isPinned: true });
  expect([isOpen(pinned, tenant), isOpen(pinned, { level: "platform", scopeId: "" })]).toEqual([false, true]);
  expect(isOpen(setting([]), { level: "store", scopeId: "x" })).toBe(false);
  expect(isOpen(setting([], { isRetired: true }), tenant)).toBe(false);
});
