import { accessRead } from "@zhanggui/server/foundation/access/roles.contract";
import { afterEach, expect, test, vi } from "vitest";
import { createApp } from "vue";
import { api } from "../common/api.ts";
import { i18n } from "../common/language.ts";
import { signedIn } from "../common/signed-in.ts";
import { useAccountNames } from "./account-names.ts";

const account = (id: string, displayName: string) => ({
  id,
  login: displayName,
  displayName,
  roles: [],
  departments: [],
  hasSecondFactor: false,
  disabled: false,
  state: "enabled" as const,
  invitedUntil: null,
  createdAt: "2026-11-20T00:00:00.000Z",
});
const mine = account("a1", "阿青");
const listAccounts = vi.spyOn(api.access, "listAccounts");
listAccounts.mockResolvedValue({ items: [mine, account("a2", "阿岚")], next: null });
afterEach(() => listAccounts.mockClear());

/** The names as an account with these permissions reads them. */
function namesFor(permissions: string[]): (accountId: string) => string {
  const terms = { plan: "partner", state: "active", expiresAt: null, because: "" } as const;
  signedIn.me = {
    terms,
    tenant: { id: "t1", name: "灯笼茶", zone: "Asia/Shanghai" },
    account: mine,
    permissions,
    impersonation: null,
    factorDue: null,
  };
  let nameOf: ((accountId: string) => string) | undefined;
  const app = createApp({
    setup() {
      nameOf = useAccountNames();
      return () => null;
    },
  });
  app.use(i18n).mount(document.createElement("div"));
  return nameOf!;
}
const colleague = i18n.global.t("access.colleague");

test("who may list the accounts reads their names", async () => {
  const nameOf = namesFor([accessRead.code]);
  await expect.poll(() => nameOf("a2")).toBe("阿岚");
  expect(nameOf("gone")).toBe(colleague);
});

test("who may not reads their own name, and nobody else's id", () => {
  const nameOf = namesFor([]);
  expect(["a1", "a2"].map(nameOf)).toEqual(["阿青", colleague]);
  expect(listAccounts).not.toHaveBeenCalled();
});
