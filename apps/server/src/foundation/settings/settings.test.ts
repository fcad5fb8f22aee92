import { contract } from "@zhanggui/kit/contract/route";
import { setting } from "@zhanggui/kit/contract/setting";
import { defineModule } from "@zhanggui/kit/server/module";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { z } from "zod";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { SettingsService } from "./settings.service.ts";

const brewSeconds = setting("tea.brewSeconds", z.int().min(1).max(600), 180, {
  zh: "冲泡时间（秒）",
  en: "Brewing time, seconds",
});
let server: TestServer;
let owner: Member;
let settings: SettingsService;

beforeAll(async () => {
  const tea = defineModule(contract("tea", {}), { services: {}, routes: () => ({}), settings: [brewSeconds] });
  server = await openTestServer(inject("clusterUrl"), { modules: [tea] });
  owner = await server.asOwner();
  settings = server.app.get(SettingsService);
});
afterAll(() => server.close());

const read = (tenantId = owner.tenantId) => settings.get(server.runtime.ctx(tenantId), brewSeconds);

test("a setting has its default until it is changed, and the change holds at the next read, for one tenant", async () => {
  const stranger = await server.asOwner();
  expect(await read()).toBe(180);
  const changed = await owner.api.settings.change({ key: "tea.brewSeconds", value: 240, version: 0 });
  expect(changed).toMatchObject({ value: 240, default: 180, version: 1, en: "Brewing time, seconds" });
  expect(await read()).toBe(240);
  expect(await read(stranger.tenantId)).toBe(180);
});

test("a value that the schema doesn't take is refused, with the reason", async () => {
  const change = owner.api.settings.change({ key: "tea.brewSeconds", value: 0, version: 1 });
  await expect(change).rejects.toMatchObject({
    code: "settings.bad_value",
    problem: {
      status: 422,
      detail: expect.stringContaining(">=1") as string,
      errors: [{ field: "value", message: expect.stringContaining("expected number to be >=1") as string }],
    },
  });
  // In the language of whoever asks, zod's own sentences too.
  const headers = { authorization: `Bearer ${owner.accessToken}`, "accept-language": "zh-CN" };
  const inChinese = server.anonymous(headers).settings.change({ key: "tea.brewSeconds", value: "x", version: 1 });
  expect((await refusal(inChinese)).detail).toMatch(/期望 数字，实际接收 string/);
  await expect(owner.api.settings.change({ key: "tea.milk", value: 1, version: 0 })).rejects.toMatchObject({
    code: "settings.unknown",
  });
});

test("of two changes of the same version, one is told to look again; a hundred at once let one through", async () => {
  expect(await refusal(owner.api.settings.change({ key: "tea.brewSeconds", value: 200, version: 0 }))).toMatchObject({
    code: "kit.conflict",
    status: 409,
    errors: [{ field: "value" }],
  });
  const changes = Array.from({ length: 100 }, (_, n) =>
    owner.api.settings.change({ key: "tea.brewSeconds", value: 100 + n, version: 1 }),
  );
  const results = await Promise.allSettled(changes);
  expect(results.filter(({ status }) => status === "fulfilled").length).toBe(1);
});

test("the history tells who changed what, and the list shows what holds", async () => {
  const { items } = await owner.api.settings.history({ key: "tea.brewSeconds" });
  expect(items.map(({ version }) => version)).toEqual([2, 1]);
  expect(items[1]).toMatchObject({ value: 240, changedBy: owner.accountId });
  const listed = (await owner.api.settings.list()).items.find(({ key }) => key === "tea.brewSeconds");
  expect(listed).toMatchObject({ version: 2, schema: { type: "integer", minimum: 1 } });
});

test("of a setting that no module declares any more the value can be seen, and does nothing", async () => {
  const row = { key: "tea.samovar", version: 1, changedBy: owner.accountId, changedAt: server.clock.now() };
  const { db } = server.runtime.ctx(owner.tenantId);
  await db
    .insertInto("settings_value")
    .values({ ...row, value: JSON.stringify({ of: "copper" }) })
    .execute();
  const { items } = await owner.api.settings.list();
  expect(items.at(-1)).toMatchObject({ key: "tea.samovar", isRetired: true, value: { of: "copper" }, version: 1 });
  const [first] = (await owner.api.settings.history({ key: "tea.samovar" })).items;
  expect(first).toMatchObject({ version: 1, value: { of: "copper" } });
  const change = { key: "tea.samovar", value: 1, version: 1 };
  expect(await refusal(owner.api.settings.change(change))).toMatchObject({ code: "settings.unknown" });
  expect(await refusal(owner.api.settings.history({ key: "tea.nothing" }))).toMatchObject({ code: "settings.unknown" });
});

test("what holds is read from memory: a hundred readings make no statement", async () => {
  await read();
  const statements: string[] = [];
  const { hotQuery } = server.runtime;
  vi.spyOn(server.runtime, "hotQuery").mockImplementation((text, values) => {
    statements.push(text);
    return hotQuery(text, values);
  });
  for (let n = 0; n < 100; n += 1) await read();
  expect(statements).toEqual([]);
  // While a transaction is open, too, and after a change once.
  const { version } = (await owner.api.settings.list()).items.find(({ key }) => key === "tea.brewSeconds")!;
  await owner.api.settings.change({ key: "tea.brewSeconds", value: 99, version });
  await server.runtime.ctx(owner.tenantId).tx(async (ctx) => {
    for (let n = 0; n < 10; n += 1) expect(await settings.get(ctx, brewSeconds)).toBe(99);
  });
  expect(statements.length).toBeLessThanOrEqual(3);
});

test("a stored value that is no longer valid counts as unset", async () => {
  const narrowed = { ...brewSeconds, schema: z.int().min(1).max(50) };
  expect(await settings.get(server.runtime.ctx(owner.tenantId), narrowed)).toBe(180);
});
