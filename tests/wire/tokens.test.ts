import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import type { JournalEntry } from "@zhanggui/emulator/world/model";
import { createClient } from "@zhanggui/kit/contract/client";
import { connect } from "@zhanggui/server/engines/connect/connect.contract";
import { openTestServer, testSecrets, type Member, type TestServer } from "@zhanggui/server/testing/test-server";
import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

/*
 * Servers in processes of their own share one database and so one access token, which WeChat voids whenever it likes.
 */
const checkout = resolve(import.meta.dirname, "../..");
const rounds = 100;
const callersPerServer = 3;

interface Server {
  readonly child: ChildProcess;
  /** Calls WeChat once with the account's token; what the operator is shown of it. */
  readonly callWechat: () => Promise<{ ok: boolean; en: string }>;
  readonly replaceToken: (accessToken: string) => Promise<{ source: string | null }>;
}

let emulator: Emulator;
let server: TestServer;
let owner: Member;
let bound: Bound;
let servers: Server[] = [];
const calls: JournalEntry[] = [];
/** Told of each call before WeChat's answer goes out. */
let onCall: (entry: JournalEntry) => void = () => undefined;

beforeAll(async () => {
  emulator = await startEmulator({ seed: 30 });
  emulator.world.state.happenings.on("happening", (happening) => {
    if (happening.type !== "journal" || happening.entry.kind !== "api") return;
    calls.push(happening.entry);
    onCall(happening.entry);
  });
  server = await openTestServer(inject("clusterUrl"), { env: addresses() });
  owner = await server.asOwner();
  bound = await bindLanternTea(owner, emulator.world, server.url);
  servers = await Promise.all([startServer(), startServer()]);
});

afterAll(async () => {
  for (const { child } of servers) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
  await server.close();
  await emulator.stop();
});

function addresses(): Record<string, string> {
  return { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
}

/** The real program, on the test's database. */
async function startServer(): Promise<Server> {
  const words = ["--import", "@oxc-node/core/register", "apps/server/src/main.ts"];
  const env = {
    ...process.env,
    ...testSecrets,
    ...addresses(),
    DATABASE_URL: server.databaseUrl,
    ROLE: "api",
    PORT: "0",
  };
  const child = spawn(process.execPath, words, { cwd: checkout, env, stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<string>((ready, fail) => {
    child.once("exit", (code) => fail(new Error(`the server ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry = JSON.parse(line) as { message?: string; url?: string };
      if (entry.message === "ready" && entry.url !== undefined) ready(entry.url);
    });
  });
  const headers = (): Record<string, string> => ({ authorization: `Bearer ${owner.accessToken}` });
  const api = createClient({ connect }, { baseUrl: url, headers });
  return {
    child,
    callWechat: async () => {
      const { checks } = await api.connect.testApp({ wechatAppId: bound.wechatAppId });
      const token = checks.find(({ check }) => check === "token");
      return { ok: token?.ok ?? false, en: token?.en ?? "" };
    },
    replaceToken: (accessToken) => api.connect.replaceToken({ wechatAppId: bound.wechatAppId, accessToken }),
  };
}

/** Everybody at once. */
function everyoneCalls(): Promise<{ ok: boolean; en: string }[]> {
  const callers = servers.flatMap((server) => Array.from({ length: callersPerServer }, () => server));
  return Promise.all(callers.map((server) => server.callWechat()));
}

/** The tokens that calls carried. */
function usedSince(start: number): Set<string> {
  const made = calls.slice(start).filter(({ what }) => what === "menu/get");
  return new Set(made.map(({ url }) => new URL(url, emulator.url).searchParams.get("access_token") ?? ""));
}

function refreshesSince(start: number): JournalEntry[] {
  return calls.slice(start).filter(({ what }) => what === "stable_token");
}

test("two processes that ask for the first token at once get the same one, fetched once", async () => {
  await server.runtime.unscopedDb().deleteFrom("connect_token").execute();
  emulator.world.voidTokens(bound.appid);
  const start = calls.length;
  for (const { ok, en } of await everyoneCalls()) expect(ok, en).toBe(true);
  expect(refreshesSince(start)).toHaveLength(1);
});

test(`${rounds} voidings at random: each costs one refresh, and no call is lost`, async () => {
  const wholeStart = calls.length;
  let refused = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const start = calls.length;
    // Between any two of the round's calls, or before the first.
    const moment = Math.floor(Math.random() * servers.length * callersPerServer);
    const told = `round ${round}, voided after call ${moment}`;
    let answered = 0;
    let voided = moment === 0 ? emulator.world.voidTokens(bound.appid) : 0;
    onCall = ({ what }) => {
      answered += what === "menu/get" ? 1 : 0;
      if (answered === moment && voided === 0) voided = emulator.world.voidTokens(bound.appid);
    };
    const results = await everyoneCalls();
    onCall = () => undefined;
    // Who was through before the voiding meets it now.
    for (const server of servers) results.push(await server.callWechat());
    expect(voided, told).toBe(1);
    for (const { ok, en } of results) expect(ok, `${told}: ${en}`).toBe(true);
    expect(refreshesSince(start), told).toHaveLength(1);
    refused += calls.slice(start).filter(({ errcode }) => errcode === 40001).length;
  }
  expect(refused).toBeGreaterThanOrEqual(rounds);
  // A forced refresh is rationed (20 a day): none was spent.
  expect(refreshesSince(wholeStart).filter(({ request }) => /"force_refresh":\s*true/.test(request))).toEqual([]);
});

test(`${rounds} replacements by hand amid the renewals of two processes: every next call has it, and it stays`, async () => {
  let renewals = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const told = `round ${round}`;
    const start = calls.length;
    // The old one is refused: both processes set out to renew it, and are somewhere on the way.
    emulator.world.voidTokens(bound.appid);
    const underWay = everyoneCalls();
    // As another system with the account's secret has it.
    const value = emulator.world.state.tokens.issue(bound.appid).value;
    const by = servers[round % servers.length]!;
    expect(await by.replaceToken(value), told).toMatchObject({ source: "hand" });
    const replaced = calls.length;
    for (const server of servers) expect(await server.callWechat(), told).toMatchObject({ ok: true });
    for (const { ok, en } of await underWay) expect(ok, `${told}: ${en}`).toBe(true);
    const settled = calls.length;
    for (const { ok, en } of await everyoneCalls()) expect(ok, `${told}: ${en}`).toBe(true);
    expect([...usedSince(settled)], told).toEqual([value]);
    // What was asked before the replacement may still have carried what it had read.
    expect(usedSince(replaced).has(value), told).toBe(true);
    renewals += refreshesSince(start).length;
  }
  // In many rounds a renewal was under way.
  expect(renewals).toBeGreaterThan(rounds / 4);
}, 180_000);
