import { once } from "node:events";
import { createClient } from "@zhanggui/kit/contract/client";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { access } from "@zhanggui/server/foundation/access/access.contract";
import { migrationFolders } from "@zhanggui/server/migrations";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { startServer, type ServerProcess } from "../setup/server-process.ts";

let database: TestDatabase;
let admin: pg.Client;
let server: ServerProcess | undefined;
let url: string;
let token: string;

beforeEach(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), migrationFolders());
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
});
afterEach(async () => {
  await server?.kill();
  await admin.end();
  await database.drop();
});

async function open(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  server = await startServer({ DATABASE_URL: database.url, PORT: String(port), PUBLIC_URL: url, ...env });
  const visitor = createClient({ access }, { baseUrl: url });
  const session = await visitor.access.setup({
    setupToken: testSecrets.SETUP_TOKEN,
    tenantName: "Lantern Tea",
    login: "owner@lantern-tea.example",
    displayName: "Owner",
    password: "correct horse battery",
  });
  token = session.accessToken;
  return server;
}

/** The status of a request that writes, or how its connection ended. */
function write(name: string): Promise<number | string> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch(`${url}/api/roles`, { method: "POST", body: JSON.stringify({ name, permissions: [] }), headers }).then(
    async (response) => {
      await response.json();
      return response.status;
    },
    (error: unknown) => (error as { cause?: { code?: string } }).cause?.code ?? String(error),
  );
}

const readiness = (): Promise<number> =>
  fetch(`${url}/health/ready`).then(
    (response) => response.status,
    () => 0,
  );

/** Requests that are under way until `COMMIT`. */
async function holdUp(count: number): Promise<Promise<number | string>[]> {
  await admin.query("BEGIN; LOCK TABLE access_role IN SHARE MODE");
  const held = Array.from({ length: count }, (_, index) => write(`held up ${index}`));
  // The first waits for the table; the others wait for it, since changes of rights take turns.
  const waiting = `SELECT count(*)::int AS n FROM pg_locks
    WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  await expect.poll(async () => (await admin.query<{ n: number }>(waiting)).rows[0]?.n).toBe(count);
  return held;
}

async function exitOf({ process: child }: ServerProcess): Promise<unknown> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}

test("a balancer that looks whether it is ready loses no request when it is told to end under load", async () => {
  const ending = await open({ UNREADY_SECONDS: "2" });
  const statuses: (number | string)[] = [];
  let isWanted = true;
  const balancer = (async () => {
    while ((await readiness()) === 200);
    isWanted = false;
  })();
  const load = Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; isWanted; n++) statuses.push(await write(`role ${writer}-${n}`));
    }),
  );
  await expect.poll(() => statuses.length).toBeGreaterThan(50);
  ending.process.kill("SIGTERM");
  await Promise.all([balancer, load]);
  expect(await exitOf(ending), ending.output()).toBe(0);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test("what is under way when it stops listening is answered, then it exits with 0", async () => {
  const ending = await open({ DRAIN_SECONDS: "60" });
  const held = await holdUp(3);
  ending.process.kill("SIGTERM");
  await expect.poll(readiness).toBe(0);
  await admin.query("COMMIT");
  expect(await Promise.all(held)).toEqual([200, 200, 200]);
  expect(await exitOf(ending), ending.output()).toBe(0);
  expect(ending.output()).not.toContain('"level":50');
});

test("what misses the deadline is cut off, and it exits with 1", async () => {
  const ending = await open({
    DRAIN_SECONDS: "0.5",
    DATABASE_LOCK_TIMEOUT_MS: "0",
    DATABASE_STATEMENT_TIMEOUT_MS: "0",
  });
  const held = await holdUp(1);
  ending.process.kill("SIGTERM");
  expect(await exitOf(ending), ending.output()).toBe(1);
  expect(await held[0]).not.toBe(200);
});

test("a second signal ends it at once", async () => {
  const ending = await open({
    DRAIN_SECONDS: "3600",
    DATABASE_LOCK_TIMEOUT_MS: "0",
    DATABASE_STATEMENT_TIMEOUT_MS: "0",
  });
  const held = await holdUp(1);
  ending.process.kill("SIGTERM");
  await expect.poll(readiness).toBe(0);
  ending.process.kill("SIGTERM");
  expect(await exitOf(ending), ending.output()).toBe(143);
  expect(await held[0]).not.toBe(200);
});

test("a lock or a statement that takes too long fails one request, and the process lives", async () => {
  const living = await open({ DATABASE_LOCK_TIMEOUT_MS: "100", DATABASE_STATEMENT_TIMEOUT_MS: "60000" });
  const held = await holdUp(3);
  expect(await Promise.all(held)).toEqual([500, 500, 500]);
  await admin.query("COMMIT");
  expect(await write("after")).toBe(200);
  const idle = await admin.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'",
  );
  expect(idle.rows).toEqual([{ n: 0 }]);
  expect(living.process.exitCode).toBeNull();
});
