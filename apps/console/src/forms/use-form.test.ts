import { access } from "@zhanggui/server/foundation/access/access.contract";
import { connect } from "@zhanggui/server/engines/connect/connect.contract";
import type { Call } from "@zhanggui/kit/contract/client";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import type { Route } from "@zhanggui/kit/contract/route";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, defineComponent, nextTick, type App } from "vue";
import { i18n } from "../common/language.ts";
import { pinia, signedIn } from "../common/signed-in.ts";
import { useForm } from "./use-form.ts";

type Sent = Record<string, unknown>;
type Answer = (input: Sent, options: { idempotencyKey: string }) => Promise<unknown>;

const apps: App[] = [];
const saved = vi.fn();
const answer = vi.fn<Answer>(async () => ({ id: "new" }));
beforeEach(() => {
  signedIn.me = { account: { id: "a1" }, permissions: [] } as unknown as typeof signedIn.me;
});
afterEach(() => {
  for (const app of apps.splice(0)) app.unmount();
  sessionStorage.clear();
  vi.clearAllMocks();
  vi.useRealTimers();
});

/** The form of a route, as a dialog opens it; what it sends goes to `answer`. */
type Options = Partial<Pick<Parameters<typeof useForm>[1], "initial" | "fixed" | "draftKey" | "check">>;
function open(route: Route, options: Options = {}) {
  const call = Object.assign(answer, { route }) as unknown as Call<Route>;
  let form: ReturnType<typeof useForm> | undefined;
  const page = defineComponent({
    setup() {
      form = useForm(call, { initial: {}, fixed: {}, draftKey: "", onSaved: saved, ...options });
      return () => null;
    },
  });
  const app = createApp(page).use(pinia).use(i18n);
  apps.push(app);
  app.mount(document.createElement("div"));
  return form!;
}
function close(): void {
  apps.pop()?.unmount();
}
function fill(form: ReturnType<typeof open>, values: Sent): void {
  for (const [path, value] of Object.entries(values)) form.set(path, value);
}
const whole = { displayName: "阿岚", login: "lan@lantern-tea.example", roleIds: ["r1"], departmentIds: [] as string[] };
const refusal = (fields: Record<string, string>) =>
  new ApiProblem({
    type: "urn:zhanggui:fault:access.login_taken",
    title: "access.login_taken",
    code: "access.login_taken",
    status: 409,
    detail: "登录名已被使用。",
    traceId: "t1",
    errors: Object.entries(fields).map(([field, message]) => ({ field, message })),
  });

test("a form asks what the route's body asks, and sends nothing while something is missing", async () => {
  const form = open(access.createAccount);
  expect(form.form.fields.map(({ name }) => name)).toEqual(["displayName", "login", "roleIds", "departmentIds"]);
  expect(form.errors.value).toEqual({});
  await form.submit();
  expect(Object.keys(form.errors.value)).toEqual(["displayName", "login", "roleIds"]);
  expect(answer).not.toHaveBeenCalled();
  fill(form, whole);
  expect(form.errors.value).toEqual({});
  await form.submit();
  expect(answer.mock.calls[0]?.[0]).toEqual(whole);
  expect(saved).toHaveBeenCalledExactlyOnceWith({ id: "new" }, whole);
});

test("what the server refuses stands at its field until that is changed", async () => {
  const form = open(access.createAccount);
  fill(form, whole);
  answer.mockRejectedValueOnce(refusal({ login: "登录名已被使用。" }));
  await form.submit();
  expect(form.errors.value).toEqual({ login: "登录名已被使用。" });
  form.set("displayName", "阿岚二");
  expect(form.errors.value).toEqual({ login: "登录名已被使用。" });
  form.set("login", "lan2@lantern-tea.example");
  expect(form.errors.value).toEqual({});
  expect(saved).not.toHaveBeenCalled();
});

test("what is too long or no number is said before it is sent, and stays as it was typed", async () => {
  const form = open(connect.createChannel);
  fill(form, { wechatAppId: "w1", name: "门".repeat(61), leaderName: "阿青", leaderMail: "qing", validDays: "soon" });
  await form.submit();
  expect(Object.keys(form.errors.value)).toEqual(["name", "leaderMail", "validDays"]);
  expect(form.values.value["name"]).toHaveLength(61);
  fill(form, { name: "门", leaderMail: "qing@lantern-tea.example", validDays: 31 });
  expect(Object.keys(form.errors.value)).toEqual(["validDays"]);
  expect(answer).not.toHaveBeenCalled();
});

test("the same content is sent under the same key, another under another", async () => {
  const form = open(access.createAccount);
  fill(form, whole);
  answer.mockRejectedValueOnce(new TypeError("the answer was lost"));
  await form.submit();
  await form.submit();
  form.set("displayName", "阿岚二");
  await form.submit();
  const [first, second, third] = answer.mock.calls.map(([, { idempotencyKey }]) => idempotencyKey);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test("a change sends what was changed, and what says which row", async () => {
  const initial = { displayName: "阿岚", roleIds: ["r1"] };
  const form = open(access.updateAccount, { initial, fixed: { accountId: "x" } });
  form.set("displayName", "阿岚二");
  await form.submit();
  expect(answer.mock.calls[0]?.[0]).toEqual({ accountId: "x", displayName: "阿岚二" });
});

test("what had a value can't be emptied by a change; a secret that nobody types stays, and is no draft", async () => {
  const initial = { name: "灯笼茶", mode: "safe", disabled: false };
  const form = open(connect.updateApp, { initial, fixed: { wechatAppId: "x" } });
  expect(form.form.fields.find(({ name }) => name === "appSecret")).toMatchObject({ isRequired: false });
  form.set("name", "");
  await form.submit();
  expect(Object.keys(form.errors.value)).toEqual(["name"]);
  fill(form, { name: "灯笼茶", disabled: true });
  await form.submit();
  expect(answer.mock.calls[0]?.[0]).toEqual({ wechatAppId: "x", disabled: true });
  const next = open(connect.updateApp, { initial });
  fill(next, { appSecret: "secret", pushToken: "token", name: "灯笼" });
  close();
  const kept = Array.from({ length: sessionStorage.length }, (_, n) =>
    sessionStorage.getItem(sessionStorage.key(n) ?? ""),
  );
  expect(kept.join()).toContain("灯笼");
  expect(kept.join()).not.toMatch(/"secret"|"token"/);
});

test("what was typed and not sent is there again, for the same account and the same row", async () => {
  const options = { initial: { displayName: "阿岚", roleIds: ["r1"] }, draftKey: "x" };
  const form = open(access.updateAccount, options);
  expect(form.isDirty()).toBe(false);
  form.set("displayName", "阿岚二");
  expect(form.isDirty()).toBe(true);
  close();
  const again = open(access.updateAccount, options);
  expect([again.values.value["displayName"], again.isRestored.value]).toEqual(["阿岚二", true]);
  expect(open(access.updateAccount, { ...options, draftKey: "y" }).isRestored.value).toBe(false);
  again.reset();
  await nextTick();
  expect([again.values.value["displayName"], again.isRestored.value, again.isDirty()]).toEqual(["阿岚", false, false]);
  form.set("displayName", "阿岚三");
  signedIn.me = { account: { id: "a2" }, permissions: [] } as unknown as typeof signedIn.me;
  expect(open(access.updateAccount, options).isRestored.value).toBe(false);
});

test("a draft brings back what was typed, not what somebody else has changed since", async () => {
  const options = { fixed: { accountId: "x" }, draftKey: "x" };
  open(access.updateAccount, { ...options, initial: { displayName: "阿岚", roleIds: ["owner"] } }).set(
    "displayName",
    "阿岚二",
  );
  close();
  const again = open(access.updateAccount, { ...options, initial: { displayName: "阿岚", roleIds: ["operator"] } });
  expect(again.values.value).toMatchObject({ displayName: "阿岚二", roleIds: ["operator"] });
  await again.submit();
  expect(answer.mock.calls[0]?.[0]).toEqual({ accountId: "x", displayName: "阿岚二" });
});

test("what was sent, or given up, leaves no draft", async () => {
  const form = open(access.createAccount);
  fill(form, whole);
  await form.submit();
  close();
  const next = open(access.createAccount);
  expect(next.isRestored.value).toBe(false);
  fill(next, whole);
  next.discard();
  close();
  expect(open(access.createAccount).isRestored.value).toBe(false);
});

test("what speaks against it is said first; the same again is sent, something else is asked about anew", async () => {
  const against = { zh: "没有人会看到", en: "Nobody will see it" };
  const check = vi.fn(async () => against);
  const form = open(access.createAccount, { initial: whole, check });
  await form.submit();
  expect(form.warning.value).toEqual(against);
  expect(answer).not.toHaveBeenCalled();
  fill(form, { displayName: "阿兰" });
  expect(form.warning.value).toBeUndefined();
  await form.submit();
  expect([check.mock.calls.length, answer.mock.calls.length]).toEqual([2, 0]);
  await form.submit();
  expect([check.mock.calls.length, answer.mock.calls.length]).toEqual([2, 1]);
  expect(saved).toHaveBeenCalledOnce();
});

test("what the server says of a part of a value stands at the field that takes the whole", async () => {
  answer.mockRejectedValueOnce(refusal({ "roleIds.0": "没有这个角色" }));
  const form = open(access.createAccount, { initial: whole });
  await form.submit();
  expect(form.errors.value).toEqual({ roleIds: "没有这个角色" });
});
