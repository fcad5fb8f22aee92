import { contract } from "@zhanggui/kit/contract/route";
import { setting, type SettingLevel } from "@zhanggui/kit/contract/setting";
import { defineModule } from "@zhanggui/kit/server/module";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { settingScopes } from "./scopes.ts";
import { SettingsService } from "./settings.service.ts";

const degrees = z.int().min(1).max(100);
const everywhere = setting(
  "tea.degrees",
  degrees,
  80,
  { zh: "水温", en: "Degrees" },
  {
    levels: ["platform", "tenant", "app", "store"],
  },
);
const ofTenants = setting("tea.cups", degrees, 8, { zh: "杯数", en: "Cups" }, { levels: ["tenant"] });
const ofPlatform = setting("tea.fleet", degrees, 3, { zh: "船队", en: "Fleet" }, { levels: ["platform"] });
const key = everywhere.key;
/** Stores and apps of the test's own: those of others are as unknown as none. */
const shops = new Map<string, readonly string[]>();
let server: TestServer;
let platform: Member;
let owner: Member;
let settings: SettingsService;

beforeAll(async () => {
  const tea = defineModule(contract("tea", {}), {
    services: {},
    routes: () => ({}),
    settings: [everywhere, ofTenants, ofPlatform],
    extensions: () => ({
      stores: settingScopes({
        level: "store",
        list: async ({ tenantId }, { search }) =>
          (shops.get(tenantId) ?? []).filter((id) => id.includes(search)).map((id) => ({ id, name: `Shop ${id}` })),
        has: async ({ tenantId }, id) => (shops.get(tenantId) ?? []).includes(id),
      }),
    }),
  });
  server = await openTestServer(inject("clusterUrl"), { modules: [tea] });
  [platform, owner] = [await server.asPlatformOwner(), await server.asOwner()];
  settings = server.app.get(SettingsService);
  shops.set(owner.tenantId, ["west", "east"]);
  shops.set(platform.tenantId, ["north"]);
});
afterAll(() => server.close());

interface Place {
  readonly level: SettingLevel;
  readonly scopeId?: string;
}
const at = (who: Member, place: Place, of = key) =>
  who.api.settings.list(place).then(({ items }) => items.find((each) => each.key === of));
async function change(who: Member, place: Place, value: number, isPinned = false) {
  const { version } = (await at(who, place))!;
  return who.api.settings.change({ ...place, key, value, version, isPinned });
}
async function clear(who: Member, place: Place): Promise<void> {
  const { version } = (await at(who, place))!;
  await who.api.settings.clear({ ...place, key, version });
}
const read = (storeId?: string) =>
  settings.get(server.runtime.ctx(owner.tenantId), everywhere, storeId === undefined ? {} : { storeId });

test("store, tenant, platform, default: whatever is set, the narrowest holds, and the page says from where", async () => {
  const places: readonly (Place & { readonly who: () => Member; readonly value: number })[] = [
    { level: "platform", who: () => platform, value: 10 },
    { level: "tenant", who: () => owner, value: 20 },
    { level: "store", scopeId: "west", who: () => owner, value: 30 },
  ];
  // Every subset of the three, in an order that sets and clears each: a Gray code.
  for (const step of [0, 1, 0, 2, 0, 1, 0, 2]) {
    const { who, value, ...place } = places[step]!;
    if ((await at(who(), place))!.layers.at(-1)!.isSet) await clear(who(), place);
    else await change(who(), place, value);
    const set = await Promise.all(
      places.map(async ({ who, value, ...each }) =>
        (await at(who(), each))!.layers.at(-1)!.isSet ? value : undefined,
      ),
    );
    const [ofAll, ofTenant, ofStore] = set;
    expect(await read("west")).toBe(ofStore ?? ofTenant ?? ofAll ?? 80);
    expect(await read("east")).toBe(ofTenant ?? ofAll ?? 80);
    expect(await read()).toBe(ofTenant ?? ofAll ?? 80);
    const seen = (await at(owner, { level: "store", scopeId: "west" }))!;
    const from = ["store", "tenant", "platform", "default"].find((level, index) =>
      level === "default" ? true : set[2 - index] !== undefined,
    );
    expect([seen.value, seen.from]).toEqual([ofStore ?? ofTenant ?? ofAll ?? 80, from]);
    expect(seen.layers.map(({ level, isSet }) => [level, isSet])).toEqual([
      ["platform", ofAll !== undefined],
      ["tenant", ofTenant !== undefined],
      ["store", ofStore !== undefined],
    ]);
    expect((await at(owner, { level: "tenant" }))!.below).toHaveLength(ofStore === undefined ? 0 : 1);
  }
});

test("what the platform has pinned holds whatever tenants have set, and can't be set there until it is let go", async () => {
  await change(owner, { level: "tenant" }, 21);
  await change(platform, { level: "platform" }, 60, true);
  expect(await read("west")).toBe(60);
  expect(await at(owner, { level: "tenant" })).toMatchObject({ value: 60, from: "platform", isPinned: true });
  expect(await refusal(change(owner, { level: "tenant" }, 22))).toMatchObject({
    code: "settings.pinned",
    errors: [{ field: "value" }],
  });
  expect(await refusal(change(owner, { level: "store", scopeId: "west" }, 22))).toMatchObject({
    code: "settings.pinned",
  });
  await change(platform, { level: "platform" }, 60);
  expect(await read()).toBe(21);
  // What no longer counts can be taken away all the same.
  await change(platform, { level: "platform" }, 60, true);
  await clear(owner, { level: "tenant" });
  await clear(platform, { level: "platform" });
  expect(await read()).toBe(80);
});

test("only whoever runs the server sets what holds for all, and others aren't told who did", async () => {
  expect(await refusal(owner.api.settings.list({ level: "platform" }))).toMatchObject({ status: 403 });
  const bad = owner.api.settings.change({ key, level: "platform", value: 5, version: 0 });
  expect(await refusal(bad)).toMatchObject({ status: 403, code: "kit.forbidden" });
  expect(await refusal(owner.api.settings.history({ key, level: "platform" }))).toMatchObject({ status: 403 });
  const of = { of: "platform" as const, at: new Date(0).toISOString(), preview: true };
  expect(await refusal(owner.api.settings.rollAllBack(of))).toMatchObject({ status: 403 });
  const clerk = await server.asHolderOf(["settings:read", "settings:write"], platform);
  expect(await refusal(clerk.api.settings.list({ level: "platform" }))).toMatchObject({ status: 403 });

  await change(platform, { level: "platform" }, 11);
  const [seen] = (await at(owner, { level: "tenant" }))!.layers;
  expect(seen).toMatchObject({ level: "platform", value: 11, changedBy: null, changedAt: null });
  const [own] = (await at(platform, { level: "platform" }))!.layers;
  expect(own).toMatchObject({ changedBy: platform.accountId });
  await clear(platform, { level: "platform" });
  // Whatever a statement tries: the database refuses it.
  const row = { key, version: 99, value: "1", changedBy: "x", changedAt: server.clock.now() };
  const forged = server.runtime
    .ctx(owner.tenantId)
    .db.insertInto("settings_value")
    .values({ ...row, scopeKind: "platform" })
    .execute();
  await expect(forged).rejects.toThrow(/does not run this server/);
});

test("a setting of the platform alone is shown to nobody else, and one of tenants isn't the platform's", async () => {
  const keys = async (who: Member, place: Place) => (await who.api.settings.list(place)).items.map((each) => each.key);
  expect(await keys(owner, { level: "tenant" })).not.toContain("tea.fleet");
  expect(await keys(platform, { level: "platform" })).toContain("tea.fleet");
  expect(await keys(platform, { level: "platform" })).not.toContain("tea.cups");
  expect(await keys(owner, { level: "store", scopeId: "west" })).not.toContain("tea.cups");
  const change = (place: Place, of: string) => owner.api.settings.change({ ...place, key: of, value: 1, version: 0 });
  for (const [place, of] of [
    [{ level: "store", scopeId: "west" }, "tea.cups"],
    [{ level: "tenant" }, "tea.fleet"],
  ] as const)
    expect(await refusal(change(place, of))).toMatchObject({ code: "settings.not_at_level", status: 422 });
  const pins = owner.api.settings.change({ key, value: 1, version: 0, isPinned: true });
  expect(await refusal(pins)).toMatchObject({ code: "settings.not_at_level", errors: [{ field: "isPinned" }] });
});

test("another tenant's store is as unknown as one that nobody has, for reading and for changing", async () => {
  const unknown = { code: "settings.unknown_scope", status: 404, errors: [{ field: "scopeId" }] };
  for (const place of [
    { level: "store", scopeId: "north" },
    { level: "store", scopeId: "nowhere" },
    { level: "store" },
    { level: "app", scopeId: "not an id" },
    { level: "app", scopeId: "0197b1c4-0000-7000-8000-000000000000" },
    { level: "tenant", scopeId: "west" },
  ] as const) {
    expect(await refusal(owner.api.settings.list(place))).toMatchObject(unknown);
    expect(await refusal(owner.api.settings.history({ ...place, key }))).toMatchObject(unknown);
    expect(await refusal(owner.api.settings.change({ ...place, key, value: 1, version: 0 }))).toMatchObject(unknown);
    expect(await refusal(owner.api.settings.clear({ ...place, key, version: 0 }))).toMatchObject(unknown);
  }
  const { items } = await owner.api.settings.listScopes({ search: "es" });
  expect(items).toEqual([{ level: "store", scopeId: "west", name: "Shop west" }]);
});

test("a platform's change reaches every tenant at once, and a tenant's no other", async () => {
  const other = await server.asOwner();
  const of = (who: Member) => settings.get(server.runtime.ctx(who.tenantId), everywhere);
  expect(await Promise.all([of(owner), of(other)])).toEqual([80, 80]);
  await change(platform, { level: "platform" }, 42);
  expect(await Promise.all([of(owner), of(other)])).toEqual([42, 42]);
  await change(other, { level: "tenant" }, 43);
  expect(await Promise.all([of(owner), of(other), of(platform)])).toEqual([42, 43, 42]);
});
