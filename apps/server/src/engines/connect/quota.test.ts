import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";

let tea: TeaShop;
let wechatAppId: string;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ wechatAppId } = tea.bound);
});
afterAll(() => tea.close());

const quota = () => tea.owner.api.connect.getQuota({ wechatAppId });
const reset = (path?: "/cgi-bin/user/info") =>
  tea.owner.api.connect.resetQuota({ wechatAppId, ...(path === undefined ? {} : { path }) });
const callOf = async (path: string) => (await quota()).calls.find((call) => call.path === path);

test("each call says how often it was made today, and how often it may be", async () => {
  const { limit, used } = (await callOf("/cgi-bin/menu/get"))!;
  expect(limit).toBe(10_000);
  await tea.owner.api.connect.testApp({ wechatAppId });
  expect(await callOf("/cgi-bin/menu/get")).toMatchObject({
    zh: "查询菜单",
    en: "Reading the menu",
    used: used! + 1,
    remain: limit! - used! - 1,
    trouble: null,
  });
});

test("what WeChat doesn't tell says why, and nothing else is kept from being shown", async () => {
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/openapi/quota/get", errcode: 48001 });
  const { calls } = await quota();
  const [untold, ...more] = calls.filter(({ trouble }) => trouble !== null);
  expect(untold).toMatchObject({ used: null, limit: null, trouble: { errcode: 48001 } });
  expect(more).toEqual([]);
});

test("resetting one call, or all, sets its count to nothing and costs one of ten a month; then WeChat says 48006", async () => {
  const { owner, server } = tea;
  await owner.api.connect.testApp({ wechatAppId });
  expect((await callOf("/cgi-bin/menu/get"))!.used).toBeGreaterThan(0);
  expect(await reset("/cgi-bin/user/info")).toMatchObject({
    limit: 10,
    used: 1,
    left: 9,
    last: { path: "/cgi-bin/user/info", outcome: "done" },
  });
  expect((await callOf("/cgi-bin/menu/get"))!.used).toBeGreaterThan(0);
  expect(await reset()).toMatchObject({ used: 2, left: 8, last: { path: null } });
  expect((await callOf("/cgi-bin/menu/get"))!.used).toBe(0);
  // Somebody resets elsewhere: WeChat counts those too, and only it knows.
  tea.emulator.world.state.quotas.clear(tea.emulator.world.account(tea.bound.appid));
  for (let round = 3; round <= 9; round++) expect(await reset()).toMatchObject({ used: round, left: 10 - round });
  expect(await refusal(reset())).toMatchObject({ code: "connect.resets_used_up", details: { limit: 10 } });
  expect((await quota()).resets).toMatchObject({ used: 10, left: 0, last: { outcome: "refused" } });
  // It isn't asked again this month.
  const asked = () =>
    tea.emulator.world.state.journal.list({ kind: "api" }).filter(({ what }) => what === "clear_quota");
  const before = asked().length;
  expect(await refusal(reset())).toMatchObject({ code: "connect.resets_used_up" });
  expect(asked().length).toBe(before);
  server.clock.advance(31 * 86_400_000);
  expect(await reset()).toMatchObject({ used: 1, left: 9 });
});

test("a reset without an answer counts as one, and isn't repeated by itself", async () => {
  tea.server.clock.advance(31 * 86_400_000);
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/clear_quota", drop: "after" });
  expect(await refusal(reset())).toMatchObject({ code: "connect.wechat_unreachable" });
  expect((await quota()).resets).toMatchObject({ used: 1, left: 9, last: { outcome: "unknown" } });
});

test("only administrators see and reset quotas; an app that is off resets nothing", async () => {
  const { owner, server } = tea;
  const { api } = await server.as("operator", owner);
  expect(await refusal(api.connect.getQuota({ wechatAppId }))).toMatchObject({ code: "kit.forbidden" });
  expect(await refusal(api.connect.resetQuota({ wechatAppId }))).toMatchObject({ code: "kit.forbidden" });
  const stranger = await server.asOwner();
  expect(await refusal(stranger.api.connect.resetQuota({ wechatAppId }))).toMatchObject({ code: "kit.not_found" });
  await owner.api.connect.updateApp({ wechatAppId, enabled: false });
  expect(await refusal(reset())).toMatchObject({ code: "connect.app_off" });
});
