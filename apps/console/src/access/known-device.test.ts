import { expect, test } from "vitest";
import { knownDevice, rememberDevice } from "./known-device.ts";

test("a browser is known to the login that signed in on it, however it is typed, and to no other", () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  const account = {
    id: "a1",
    login: "qing@lantern-tea.example",
    displayName: "阿青",
    roles: [],
    disabled: false,
    createdAt: "2026-11-20T00:00:00.000Z",
  };
  const terms = { plan: "partner", state: "active", expiresAt: null, because: "" } as const;
  const me = {
    tenant: { id: "t1", name: "灯笼茶", zone: "Asia/Shanghai" },
    terms,
    account,
    permissions: [],
    impersonation: null,
    factorDue: null,
  };
  rememberDevice(storage, { deviceToken: "token", me });
  expect(knownDevice(storage, " Qing@Lantern-Tea.example ")).toEqual({ deviceToken: "token" });
  expect(knownDevice(storage, "lan@lantern-tea.example")).toEqual({});
});
