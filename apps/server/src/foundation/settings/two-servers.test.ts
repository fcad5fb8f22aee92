import { contract } from "@zhanggui/kit/contract/route";
import { setting } from "@zhanggui/kit/contract/setting";
import { defineModule } from "@zhanggui/kit/server/module";
import pg from "pg";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { SettingsService } from "./settings.service.ts";
import { patient } from "../../../../../tests/setup/patience.ts";

/** Sooner than whoever was told nothing looks by itself. */
const promptly = { timeout: patient(3_000), interval: 10 };

const cups = setting("tea.cups", z.int().min(0).max(1_000_000), 8, { zh: "杯数", en: "Cups" });
const tea = () => defineModule(contract("tea", {}), { services: {}, routes: () => ({}), settings: [cups] });
let server: TestServer;
/** Another process on the same database, which answers requests only. */
let other: TestServer;
let owner: Member;
let admin: pg.Client;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"), { modules: [tea()] });
  other = await openTestServer(inject("clusterUrl"), { modules: [tea()], databaseUrl: server.databaseUrl });
  owner = await server.asPlatformOwner();
  admin = new pg.Client({ connectionString: server.databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await other.close();
  await server.close();
});

const readAt = (where: TestServer) => where.app.get(SettingsService).get(where.runtime.ctx(owner.tenantId), cups);

/** What listens, in both processes: gone, as by a fail-over. */
async function breakListeners(): Promise<void> {
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'zhanggui queue' AND datname = current_database()`,
  );
  expect(rowCount).toBe(2);
}

test("two servers agree promptly on thirty changes, at two levels, and after their connections broke", async () => {
  const versions = { platform: 0, tenant: 0 };
  for (let round = 1; round <= 30; round += 1) {
    // Three in ten at once break while the change is made, or just before: what was told then is not heard.
    const breaking = round % 10 === 5 ? breakListeners() : undefined;
    const level = round % 3 === 0 ? "platform" : "tenant";
    const change = { key: cups.key, level, version: versions[level] } as const;
    if (level === "platform") {
      versions.platform = (await owner.api.settings.change({ ...change, value: round, isPinned: true })).version;
    } else {
      if (versions.platform > 0) {
        const free = { key: cups.key, level: "platform", value: 0, version: versions.platform } as const;
        versions.platform = (await owner.api.settings.change(free)).version;
      }
      versions.tenant = (await owner.api.settings.change({ ...change, value: round })).version;
    }
    await breaking;
    await expect.poll(() => readAt(server), promptly).toBe(round);
    await expect.poll(() => readAt(other), promptly).toBe(round);
  }
});

test("what is read while it changes is never kept for new", async () => {
  const { version } = (await owner.api.settings.list({ level: "platform" })).items.find(({ key }) => key === cups.key)!;
  await owner.api.settings.clear({ key: cups.key, level: "platform", version });
  let last = (await owner.api.settings.list()).items.find(({ key }) => key === cups.key)!.version;
  for (let round = 0; round < 300; round += 1) {
    const reads = [server, other].flatMap((where) => [readAt(where), readAt(where)]);
    const change = owner.api.settings.change({ key: cups.key, value: 1000 + round, version: last });
    await Promise.all([...reads, ...[server, other].map(readAt)]);
    last = (await change).version;
    // Whoever has changed it reads it at once.
    expect(await readAt(server)).toBe(1000 + round);
    if (round % 20 === 0) await expect.poll(() => readAt(other), promptly).toBe(1000 + round);
  }
  await expect.poll(() => readAt(other), promptly).toBe(1299);
});

test("a process that can't listen any more reads all the same, by a connection of the pool", async () => {
  // The pool keeps what it has; nobody is let in anew, as at max_connections.
  await other.runtime.unscopedDb().selectFrom("access_tenant").select("id").execute();
  const unread = await server.asOwner();
  const name = new URL(server.databaseUrl).pathname.slice(1);
  const cluster = new pg.Client({ connectionString: server.databaseUrl.replace(`/${name}`, "/postgres") });
  await cluster.connect();
  try {
    await cluster.query(`ALTER DATABASE ${pg.escapeIdentifier(name)} ALLOW_CONNECTIONS false`);
    await breakListeners();
    // Of a tenant that this process has read nothing of yet. What was asked while the connection broke may hang.
    const read = () => other.app.get(SettingsService).get(other.runtime.ctx(unread.tenantId), cups);
    await expect.poll(() => Promise.race([read(), pause(2000, "nothing")])).not.toBe("nothing");
  } finally {
    await cluster.query(`ALTER DATABASE ${pg.escapeIdentifier(name)} ALLOW_CONNECTIONS true`);
    await cluster.end();
  }
});
