import { contract } from "@zhanggui/kit/contract/route";
import { setting } from "@zhanggui/kit/contract/setting";
import { defineModule } from "@zhanggui/kit/server/module";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
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
    problem: { status: 422, detail: expect.stringContaining(">=1") as string },
  });
  await expect(owner.api.settings.change({ key: "tea.milk", value: 1, version: 0 })).rejects.toMatchObject({
    code: "settings.unknown",
  });
});

test("of two changes of the same version, one is told to look again; a hundred at once let one through", async () => {
  await expect(owner.api.settings.change({ key: "tea.brewSeconds", value: 200, version: 0 })).rejects.toMatchObject({
    code: "kit.conflict",
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

test("a stored value that is no longer valid counts as unset", async () => {
  const narrowed = { ...brewSeconds, schema: z.int().min(1).max(50) };
  expect(await settings.get(server.runtime.ctx(owner.tenantId), narrowed)).toBe(180);
});
