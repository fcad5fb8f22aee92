import { startEmulator } from "@zhanggui/emulator/emulator";
import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { openTestServer, testPassword, type Member, type TestServer } from "@zhanggui/server/testing/test-server";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { readOptions } from "../../tools/load/options.ts";
import { figuresOf, type Figures } from "../../tools/load/report.ts";
import { run } from "../../tools/load/run.ts";
import { scenarioNames } from "../../tools/load/scenario-names.ts";
import { scenarios } from "../../tools/load/scenarios.ts";

/* What `./zg load` does, against a real server of this machine, for a moment each. */
let emulator: Awaited<ReturnType<typeof startEmulator>>;
let server: TestServer;
let owner: Member;
let login: string;
beforeAll(async () => {
  emulator = await startEmulator();
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  server = await openTestServer(inject("clusterUrl"), { env, work: true });
  owner = await server.asOwner();
  await bindLanternTea(owner, emulator.world, server.url);
  await emulator.world.follow(emulator.world.createPuppet().id);
  ({ login } = (await owner.api.access.me({})).account);
});
afterAll(async () => {
  await server.close();
  await emulator.stop();
});

async function loaded(name: string, ...words: string[]): Promise<Figures> {
  const given = [name, "--url", server.url, "--emulator", emulator.url, "--duration", "2", "--ramp", "0", ...words];
  const options = readOptions([...given, "--login", login], { LOAD_PASSWORD: testPassword });
  const scenario = await scenarios[options.scenario](options);
  const outcome = await run((signal) => scenario.once(signal), { ...options, signal: new AbortController().signal });
  await scenario.end?.();
  return figuresOf({ scenario: name, target: server.url }, outcome, options.thresholds);
}

test.each(scenarioNames)("%s is answered well", async (name) => {
  const figures = await loaded(name, "--rate", name === "export" || name === "sign-in" ? "2" : "10");
  expect(figures).toMatchObject({ failed: 0, errors: {}, missed: [] });
  expect(figures.ok).toBeGreaterThan(0);
  expect(figures.p95).not.toBeNull();
});

test("pushes are messages of their own, that the server has taken", async () => {
  const total = async () => (await owner.api.connect.listInbound({})).total ?? 0;
  const before = await total();
  const { ok } = await loaded("pushes", "--rate", "20");
  expect(await total()).toBe(before + ok);
});

test("nothing of it stays: the link that was opened is gone", async () => {
  await loaded("links", "--rate", "5");
  expect((await owner.api.links.list({})).items).toEqual([]);
  expect((await owner.api.exports.list({})).items).toEqual([]);
});

test("refusals are counted by their codes", async () => {
  const { id } = await owner.api.access.createRole({ name: "Few", permissions: ["keys:read"] });
  const few = { login: "few@lantern-tea.example", displayName: "Few", password: testPassword, roleIds: [id] };
  await owner.api.access.createAccount(few);
  login = "few@lantern-tea.example";
  const { errors, ok } = await loaded("lists", "--rate", "10");
  expect(ok).toBe(0);
  expect(Object.keys(errors)).toEqual(["403 kit.forbidden"]);
});

test("whoever names no login, or a stand-in that isn't there, is told", async () => {
  const options = readOptions(["lists", "--url", server.url], {});
  await expect(scenarios.lists(options)).rejects.toThrow("LOAD_PASSWORD");
  const pushes = readOptions(["pushes", "--url", server.url, "--emulator", "http://127.0.0.1:9"], {});
  await expect(scenarios.pushes(pushes)).rejects.toThrow("--emulator");
});
