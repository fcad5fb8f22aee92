import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { createClient } from "@zhanggui/kit/contract/client";
import { access } from "@zhanggui/server/foundation/access/access.contract";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, databaseUrl, freePort, startCluster } from "../../tools/postgres.ts";
import { startServer, type ServerProcess } from "../setup/server-process.ts";

// A database that goes away and comes back, under load, twenty times: restarted as an administrator does it, restarted
// as a power cut does it, and with every connection ended. The server lives through it, and loses nothing it has
// acknowledged.

const restarts = 20;
const writers = 8;
let folder: string;
let cluster: Cluster;
let server: ServerProcess;
let url: string;
let token: string;

const start = async (port?: number): Promise<Cluster> =>
  startCluster({
    dataFolder: join(folder, "data"),
    ...(port === undefined ? {} : { port }),
    // What a crash must not lose is on its way to the disk before it is acknowledged; the machine itself stays up.
    settings: { fsync: "off", synchronous_commit: "on", max_connections: "60" },
  });

const api = () => createClient({ access }, { baseUrl: url, headers: () => ({ authorization: `Bearer ${token}` }) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zg-restarts-"));
  await chmod(folder, 0o755);
  cluster = await start();
  await ask("CREATE DATABASE shop");
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  server = await startServer({
    DATABASE_URL: databaseUrl(cluster.url, "shop"),
    PORT: String(port),
    PUBLIC_URL: url,
    DATABASE_POOL_SIZE: "10",
  });
  const session = await createClient({ access }, { baseUrl: url }).access.setup({
    setupToken: testSecrets.SETUP_TOKEN,
    tenantName: "Lantern Tea",
    login: "owner@lantern-tea.example",
    displayName: "Owner",
    password: "correct horse battery",
  });
  token = session.accessToken;
});
afterAll(async () => {
  await server?.kill();
  await cluster?.stop("immediate");
  await rm(folder, { recursive: true, force: true });
});

async function ask(sql: string, database = "postgres"): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl(cluster.url, database) });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end().catch(() => {});
  }
}

const isReady = async (): Promise<number> => (await fetch(`${url}/health/ready`)).status;

test(`PostgreSQL restarted ${restarts} times under load: no acknowledged write is lost, and the server lives`, async () => {
  const acknowledged: string[] = [];
  let refused = 0;
  let isOver = false;
  const write = async (writer: number): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const name = `role ${writer}-${n}`;
      await api()
        .access.createRole({ name, permissions: [] })
        .then(
          () => acknowledged.push(name),
          () => (refused += 1),
        );
      await breathe();
    }
  };
  const load = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const live: number[] = [];
  for (let round = 0; round < restarts; round++) {
    const before = acknowledged.length;
    await expect.poll(() => acknowledged.length).toBeGreaterThan(before + writers);
    if (round % 4 === 3) {
      // A fail-over as connections see it.
      await ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'");
    } else {
      const { port } = new URL(cluster.url);
      await cluster.stop(round % 2 === 0 ? "fast" : "immediate");
      live.push((await fetch(`${url}/health/live`)).status);
      cluster = await start(Number(port));
    }
    await expect.poll(isReady).toBe(200);
  }
  await expect.poll(() => acknowledged.length).toBeGreaterThan(writers);
  isOver = true;
  await load;

  expect(server.process.exitCode, server.output()).toBeNull();
  expect(server.process.signalCode).toBeNull();
  expect(new Set(live)).toEqual(new Set([200]));
  const kept = new Set((await ask("SELECT name FROM access_role", "shop")).map(({ name }) => String(name)));
  expect(acknowledged.filter((name) => !kept.has(name))).toEqual([]);
  // Some met a database that was away, or this proved nothing; and none hung for ever.
  expect(refused).toBeGreaterThan(0);
  console.info(`restarted-database: ${acknowledged.length} acknowledged, ${refused} refused, ${kept.size} kept`);
  expect(server.output()).not.toMatch(/uncaught exception|unhandled rejection/);
});
