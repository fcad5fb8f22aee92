import { startEmulator } from "@zhanggui/emulator/emulator";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { bindLanternTea } from "../../testing/lantern-tea.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { patient } from "../../../../../tests/setup/patience.ts";

/** Sooner than whoever was told nothing looks by itself. */
const promptly = { timeout: patient(3_000), interval: 10 };

type Emulator = Awaited<ReturnType<typeof startEmulator>>;

let emulator: Emulator;
let server: TestServer;
/** Another process on the same database. */
let other: TestServer;
let owner: Member;
let clerk: Member;
beforeAll(async () => {
  emulator = await startEmulator();
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  server = await openTestServer(inject("clusterUrl"), { env });
  other = await openTestServer(inject("clusterUrl"), { env, databaseUrl: server.databaseUrl, work: true });
  owner = await server.asPlatformOwner();
  clerk = await server.as("operator", owner);
});
afterAll(async () => {
  await other.close();
  await server.close();
  await emulator.stop();
});

const at = (where: TestServer, path: string, headers: Record<string, string> = {}) =>
  fetch(`${where.url}${path}`, { headers, redirect: "manual" });
const isOn = async (where: TestServer): Promise<boolean> =>
  ((await (await at(where, "/api/maintenance")).json()) as { isOn: boolean }).isOn;

test("two servers agree promptly, on and off, thirty times", async () => {
  for (let round = 0; round < 15; round += 1) {
    for (const wanted of [true, false]) {
      await (wanted ? owner.api.operations.beginMaintenance({}) : owner.api.operations.endMaintenance({}));
      expect(await isOn(server)).toBe(wanted);
      await expect.poll(() => isOn(other), promptly).toBe(wanted);
    }
  }
});

test("people get 503 with when to come again, in their language; operators pass, and sessions stay", async () => {
  const endsAt = new Date(server.clock.now().getTime() + 1_800_000).toISOString();
  await owner.api.operations.beginMaintenance({ messageZh: "升级数据库。", messageEn: "The database moves.", endsAt });
  const authorization = `Bearer ${clerk.accessToken}`;
  const refused = await at(server, "/api/people", { authorization, "accept-language": "zh-CN" });
  expect(refused.status).toBe(503);
  expect(refused.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(1_700);
  const problem = (await refused.json()) as { code: string; detail: string; title: string };
  expect(problem.code).toBe("kit.maintenance");
  expect(JSON.stringify(problem)).toContain("升级数据库。");
  // An address that people follow answers with a page.
  const page = await at(server, "/s/nothing1", { accept: "text/html", "accept-language": "en" });
  expect([page.status, page.headers.get("content-type")]).toEqual([503, "text/html; charset=utf-8"]);
  expect(await page.text()).toContain("The database moves.");
  // Who lacks the right learns nothing more by it, and who isn't signed in is a stranger as ever.
  expect((await at(server, "/api/people")).status).toBe(401);
  expect((await owner.api.audience.listPeople({})).items).toEqual([]);
  const keys = await owner.api.operations.getMaintenance({});
  expect(keys).toMatchObject({ isOn: true, messageEn: "The database moves.", endsAt });
  for (const path of ["/health/live", "/health/ready"]) expect((await at(server, path)).status).toBe(200);
  await owner.api.operations.endMaintenance({});
  // The same session as before.
  expect((await at(server, "/api/people", { authorization })).status).toBe(200);
});

test("pushes of WeChat are taken meanwhile, wait while the queues rest, and are worked off afterwards", async () => {
  const { appid, channel } = await bindLanternTea(owner, emulator.world, server.url);
  await server.runUntilIdle();
  await owner.api.operations.beginMaintenance({});
  await expect.poll(() => isOn(other), promptly).toBe(true);
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: channel.ticket });
  await emulator.world.say(puppet.id, { appid, text: "今天营业吗？" });
  // Both claim nothing: one that works by itself, and one that is told to.
  await server.runUntilIdle();
  const waiting = async (): Promise<number> => {
    const tasks = server.runtime.unscopedDb().selectFrom("kit_task").select("ref").where("dueAt", "is", null);
    return (await tasks.where("queue", "!=", "kit.schedules").execute()).length;
  };
  expect(await waiting()).toBeGreaterThan(0);
  expect((await owner.api.connect.listInbound({})).items.length).toBeGreaterThanOrEqual(2);
  expect((await owner.api.audience.listPeople({})).items).toEqual([]);
  await owner.api.operations.endMaintenance({});
  await expect.poll(waiting).toBe(0);
  expect((await owner.api.audience.listPeople({})).items).toHaveLength(1);
});

test("nobody but whoever runs the server may close it", async () => {
  const stranger = await server.asOwner();
  for (const who of [stranger, clerk]) {
    expect(await refusal(who.api.operations.beginMaintenance({}))).toMatchObject({ status: 403 });
    expect(await refusal(who.api.operations.endMaintenance({}))).toMatchObject({ status: 403 });
  }
  const long = owner.api.operations.beginMaintenance({ messageZh: "长".repeat(301) });
  expect(await refusal(long)).toMatchObject({ code: "kit.invalid_input" });
  expect(await isOn(server)).toBe(false);
});
