import { contract } from "@zhanggui/kit/contract/route";
import { secretSetting } from "@zhanggui/kit/contract/setting";
import { createLog } from "@zhanggui/kit/server/log";
import { defineModule } from "@zhanggui/kit/server/module";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { tenantTables } from "../../testing/every-route.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { SettingsService } from "./settings.service.ts";

const recipe = secretSetting(
  "tea.recipe",
  z.string().min(8).max(60).startsWith("leaf-"),
  { zh: "秘方", en: "The recipe" },
  { generate: () => "leaf-made-by-the-server" },
);
const spoken = "leaf-osmanthus-and-patience";
const lines: string[] = [];
let server: TestServer;
let owner: Member;
let settings: SettingsService;

beforeAll(async () => {
  const tea = defineModule(contract("tea", {}), { services: {}, routes: () => ({}), settings: [recipe] });
  const log = createLog("trace", { write: (line) => lines.push(line) });
  server = await openTestServer(inject("clusterUrl"), { modules: [tea], log });
  owner = await server.asPlatformOwner();
  settings = server.app.get(SettingsService);
});
afterAll(() => server.close());

const read = () => settings.get(server.runtime.ctx(owner.tenantId), recipe);
const key = recipe.key;

/** Everything that any table holds of the tenant, as text. */
async function everyRow(): Promise<string> {
  const db = server.runtime.unscopedDb();
  const texts = (await tenantTables(server)).map(async (table) => {
    const { rows } = await sql<{ text: string }>`SELECT to_jsonb(t)::text AS text FROM ${sql.table(table)} t`.execute(
      db,
    );
    return rows.map(({ text }) => text).join("\n");
  });
  return (await Promise.all(texts)).join("\n");
}

test("a secret is used, and told nowhere: no answer, no row, no entry, no line of the log has it", async () => {
  expect(await read()).toBeNull();
  const wrong = "beans-and-no-patience";
  const answers: unknown[] = [await refusal(owner.api.settings.change({ key, value: wrong, version: 0 }))];
  expect(answers[0]).toMatchObject({ code: "settings.bad_value" });
  const first = await owner.api.settings.change({ key, value: spoken, version: 0, comment: "the new one" });
  expect(first).toMatchObject({ value: null, isSet: true, isSecret: true, from: "tenant" });
  expect(await read()).toBe(spoken);
  const again = await owner.api.settings.change({ key, value: `${spoken}!`, version: first.version });
  const back = await owner.api.settings.rollBack({ key, version: again.version, to: first.version });
  expect(await read()).toBe(spoken);
  answers.push(first, again, back, await owner.api.settings.list(), await owner.api.settings.history({ key }));
  const moment = { at: new Date(0).toISOString(), preview: true };
  const preview = await owner.api.settings.rollAllBack(moment);
  expect(preview.items).toMatchObject([{ key, isSecret: true, before: null, isSetBefore: true, isSetAfter: false }]);
  answers.push(preview, await owner.api.audit.list({}));
  for (const text of [JSON.stringify(answers), await everyRow(), lines.join("\n")]) {
    expect(text.length).toBeGreaterThan(500);
    for (const secret of [spoken, wrong]) expect(text.includes(secret)).toBe(false);
  }
  // Who, when and that it changed is told.
  const entries = (await owner.api.audit.list({})).items.filter(({ act }) => act === "settings.change");
  expect(entries.length).toBeGreaterThan(1);
});

test("one that the server makes is told once, by the answer that made it", async () => {
  const { version } = (await owner.api.settings.list()).items.find((each) => each.key === key)!;
  const { setting, secret } = await owner.api.settings.generate({ key, version });
  expect(secret).toBe("leaf-made-by-the-server");
  expect(setting).toMatchObject({ value: null, isSet: true });
  expect(await read()).toBe(secret);
  const later = [await owner.api.settings.list(), await owner.api.settings.history({ key }), await everyRow()];
  expect(JSON.stringify(later).includes(secret)).toBe(false);
  const plain = owner.api.settings.generate({ key: "links.reuseMinutes", version: 0 });
  expect(await refusal(plain)).toMatchObject({ code: "settings.not_generated" });
});

test("one that the platform has pinned stays pinned when the server makes the next", async () => {
  const tenant = await server.asOwner();
  const place = { key, level: "platform" as const };
  const { version } = await owner.api.settings.change({ ...place, value: spoken, version: 0, isPinned: true });
  const { setting } = await owner.api.settings.generate({ ...place, version });
  expect(setting).toMatchObject({ isPinned: true });
  const call = tenant.api.settings.change({ key, value: `${spoken}?`, version: 0 });
  expect(await refusal(call)).toMatchObject({ code: "settings.pinned" });
  await owner.api.settings.clear({ ...place, version: setting.version });
});

test("what was set in the open before the setting became a secret doesn't come back, and is told to nobody", async () => {
  const tenant = await server.asOwner();
  const { db } = server.runtime.ctx(tenant.tenantId);
  const plain = "leaf-in-the-open";
  const was = { changedBy: tenant.accountId, changedAt: server.clock.now(), key, version: 1 };
  await db
    .insertInto("settings_value")
    .values({ ...was, value: JSON.stringify(plain) })
    .execute();
  const { version } = await tenant.api.settings.change({ key, value: spoken, version: 1 });
  const problem = await refusal(tenant.api.settings.rollBack({ key, version, to: 1 }));
  expect(problem).toMatchObject({ code: "settings.bad_value", errors: [{ field: "to" }] });
  expect(JSON.stringify(problem)).not.toContain(plain);
  expect(await settings.get(server.runtime.ctx(tenant.tenantId), recipe)).toBe(spoken);
});

test("a seal that is carried to another setting or tenant opens nothing there", async () => {
  const other = await server.asOwner();
  const db = server.runtime.unscopedDb();
  await sql`INSERT INTO settings_value (tenant_id, key, version, value, value_sealed, changed_by, changed_at)
    SELECT ${other.tenantId}, key, 1, 'null', value_sealed, '', now() FROM settings_value
    WHERE tenant_id = ${owner.tenantId} AND value_sealed IS NOT NULL LIMIT 1`.execute(db);
  // What is written past the settings is heard of a moment later.
  const read = () =>
    settings.get(server.runtime.ctx(other.tenantId), recipe).then(
      () => "opened",
      () => "refused",
    );
  await expect.poll(read).toBe("refused");
});

test("the metrics open for the token that stands in the settings, and for no other any more", async () => {
  const ask = async (authorization = "") =>
    (await fetch(`${server.url}/metrics`, { headers: { authorization } })).status;
  expect(await ask()).toBe(200);
  const place = { key: "operations.metricsToken", level: "platform" as const };
  const { secret, setting } = await owner.api.settings.generate({ ...place, version: 0 });
  expect(await Promise.all([ask(), ask("Bearer wrong"), ask(`Bearer ${secret}`)])).toEqual([404, 404, 200]);
  const next = "another-token-of-one's-own";
  await owner.api.settings.change({ ...place, value: next, version: setting.version });
  expect(await Promise.all([ask(`Bearer ${secret}`), ask(`Bearer ${next}`)])).toEqual([404, 200]);
});
