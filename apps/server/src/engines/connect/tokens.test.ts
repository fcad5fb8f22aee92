import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { AccessTokens } from "./tokens.ts";

let tea: TeaShop;
let wechatAppId: string;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ wechatAppId } = tea.bound);
});
afterAll(() => tea.close());

const minute = 60_000;
const state = () => tea.owner.api.connect.getToken({ wechatAppId });
const call = async () => (await tea.owner.api.connect.testApp({ wechatAppId })).checks[0];
const book = () => tea.emulator.world.state.tokens;
/** The value that WeChat would give now. */
const current = () => book().issueStable(tea.bound.appid, false).value;
const asked = () =>
  tea.emulator.world.state.journal.list({ kind: "api" }).filter(({ what }) => what === "stable_token").length;
const schedule = () => tea.server.app.get(AccessTokens).refreshAhead();

test("a token is told by its age, its end and its last characters, never by its value", async () => {
  await call();
  const shown = await state();
  expect(shown).toMatchObject({ state: "good", source: "wechat", failure: null, isRefreshing: false });
  expect(shown.masked).toBe(`••••••••${current().slice(-4)}`);
  expect(JSON.stringify(shown)).not.toContain(current());
  const lifeMs = new Date(shown.expiresAt!).getTime() - new Date(shown.obtainedAt!).getTime();
  expect(lifeMs).toBeGreaterThan(7_100_000);
  expect(new Date(shown.expiresAt!).getTime() - new Date(shown.renewsAt!).getTime()).toBe(4 * minute);
});

test("the schedule renews it in its last four minutes, before anybody needs it, and not sooner", async () => {
  await call();
  const before = await state();
  const left = new Date(before.expiresAt!).getTime() - tea.server.clock.now().getTime();
  tea.server.clock.advance(left - 4 * minute - 1000);
  const calls = asked();
  await schedule();
  expect([asked(), await state()]).toEqual([calls, before]);
  tea.server.clock.advance(1000);
  expect((await state()).state).toBe("ending");
  await schedule();
  expect(asked()).toBe(calls + 1);
  const after = await state();
  expect(after).toMatchObject({ state: "good", source: "wechat" });
  expect(after.expiresAt! > before.expiresAt!).toBe(true);
});

test("one that WeChat has refused is renewed by the schedule; of an app that is off none is", async () => {
  const { owner, emulator, server, bound } = tea;
  emulator.world.voidTokens(bound.appid);
  await server.runtime.unscopedDb().updateTable("connect_token").set({ voided: true }).execute();
  expect((await state()).state).toBe("refused");
  await owner.api.connect.updateApp({ wechatAppId, enabled: false });
  const calls = asked();
  await schedule();
  expect([asked(), (await state()).state]).toEqual([calls, "refused"]);
  await owner.api.connect.updateApp({ wechatAppId, enabled: true });
  await schedule();
  expect((await state()).state).toBe("good");
});

test("why WeChat gave none stands beside it, until it gives one", async () => {
  const { server, emulator, bound } = tea;
  emulator.world.account(bound.appid).ipWhitelist = ["203.0.113.9"];
  emulator.world.voidTokens(bound.appid);
  await server.runtime.unscopedDb().updateTable("connect_token").set({ voided: true }).execute();
  await schedule();
  expect((await state()).failure).toMatchObject({
    errcode: 40164,
    said: expect.stringContaining("127.0.0.1") as string,
    en: expect.stringContaining("allow-list") as string,
  });
  emulator.world.account(bound.appid).ipWhitelist = null;
  server.clock.advance(2000);
  await schedule();
  expect(await state()).toMatchObject({ state: "good", failure: null });
});

test("one replaced by hand is tried first, used by the next call, and sealed; its value is in no entry of the log", async () => {
  const { owner, server, bound } = tea;
  const refused = await refusal(owner.api.connect.replaceToken({ wechatAppId, accessToken: "x".repeat(40) }));
  expect(refused).toMatchObject({ code: "connect.token_refused", errors: [{ field: "accessToken" }] });
  const wrong = await refusal(owner.api.connect.replaceToken({ wechatAppId, accessToken: "a b" }));
  expect(wrong).toMatchObject({ code: "kit.invalid_input", errors: [{ field: "accessToken" }] });
  // As another system that has the secret too would have it: both work at once.
  const value = book().issue(bound.appid).value;
  const shown = await owner.api.connect.replaceToken({ wechatAppId, accessToken: value, validMinutes: 60 });
  expect(shown).toMatchObject({ state: "good", source: "hand", masked: `••••••••${value.slice(-4)}` });
  await call();
  const used = tea.emulator.world.state.journal.list({ kind: "api" }).findLast(({ what }) => what === "menu/get");
  expect(used?.url).toContain(value);
  const rows = await server.runtime.unscopedDb().selectFrom("connect_token").selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(value);
  const [entry] = (await owner.api.audit.list({ act: ["connect.replaceToken"] })).items;
  expect(entry).toMatchObject({ thingKind: "connect_app", thingId: wechatAppId, outcome: "done" });
  expect(JSON.stringify(await owner.api.audit.get({ entryId: entry!.id }))).not.toContain(value);
});

test("while WeChat can't be reached a token is taken as it is", async () => {
  const { owner, emulator } = tea;
  emulator.world.addFault({ target: "api", path: "/cgi-bin/get_api_domain_ip", drop: "before", count: 3 });
  const accessToken = "y".repeat(40);
  expect(await owner.api.connect.replaceToken({ wechatAppId, accessToken })).toMatchObject({ source: "hand" });
  // It was wrong: the first call finds out, and gets another one.
  expect(await call()).toMatchObject({ ok: true });
  expect(await state()).toMatchObject({ state: "good", source: "wechat" });
});

test("a forced refresh gives another token, thirty seconds apart and twenty times a day", async () => {
  const { owner, server } = tea;
  // To the beginning of a day in China, so that all of it is on one day.
  server.clock.advance(86_400_000 - ((server.clock.now().getTime() + 8 * 3_600_000) % 86_400_000));
  await call();
  const before = await state();
  const first = await owner.api.connect.forceToken({ wechatAppId });
  expect(first).toMatchObject({ isNew: true, source: "forced", state: "good", forced: { today: 1, limit: 20 } });
  expect(first.masked).not.toBe(before.masked);
  expect(await refusal(owner.api.connect.forceToken({ wechatAppId }))).toMatchObject({
    code: "connect.forced_too_soon",
    details: { seconds: expect.any(Number) as number },
  });
  for (let round = 2; round <= 20; round++) {
    server.clock.advance(30_000);
    expect(await owner.api.connect.forceToken({ wechatAppId })).toMatchObject({
      isNew: true,
      forced: { today: round },
    });
  }
  server.clock.advance(30_000);
  expect(await refusal(owner.api.connect.forceToken({ wechatAppId }))).toMatchObject({
    code: "connect.forced_too_often",
    details: { limit: 20 },
  });
  server.clock.advance(86_400_000);
  expect(await owner.api.connect.forceToken({ wechatAppId })).toMatchObject({ isNew: true, forced: { today: 1 } });
});

test("nobody but an administrator sees or changes a token, and of no other business", async () => {
  const { owner, server } = tea;
  const operator = await server.as("operator", owner);
  const developer = await server.as("developer", owner);
  for (const { api } of [operator, developer])
    for (const refused of [
      () => api.connect.getToken({ wechatAppId }),
      () => api.connect.replaceToken({ wechatAppId, accessToken: current() }),
      () => api.connect.forceToken({ wechatAppId }),
    ])
      expect(await refusal(refused())).toMatchObject({ code: "kit.forbidden" });
  const stranger = await server.asOwner();
  expect(await refusal(stranger.api.connect.getToken({ wechatAppId }))).toMatchObject({ code: "kit.not_found" });
});

test("of a secret that is changed, or an app that is unbound, no token stays", async () => {
  const { owner, emulator } = tea;
  const { appid, secret } = emulator.world.createAccount();
  const app = await owner.api.connect.bindApp({
    name: "Stall",
    appId: appid,
    appSecret: secret,
    pushToken: "token",
    mode: "plain",
  });
  await owner.api.connect.forceToken({ wechatAppId: app.id });
  emulator.world.account(appid).secret = "another one";
  await owner.api.connect.updateApp({ wechatAppId: app.id, appSecret: "another one" });
  const shown = await owner.api.connect.getToken({ wechatAppId: app.id });
  expect(shown).toMatchObject({ state: "none", masked: null, forced: { today: 1 } });
});
