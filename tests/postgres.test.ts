import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, databaseUrl, findCluster, startCluster } from "../tools/postgres.ts";
import { findBinaries } from "../tools/postgres-binaries.ts";
import { isRunning } from "../tools/processes.ts";

let folder: string;
let dataFolder: string;
let cluster: Cluster;

/** One life of a cluster: the tests build on each other, because making one is the dear part. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-postgres-"));
  // Root's cluster runs as `nobody`, who must be able to get there.
  await chmod(folder, 0o755);
  dataFolder = join(folder, "data");
  // What a set-up that was killed in the middle leaves behind.
  await mkdir(join(folder, "data.partial-1", "base"), { recursive: true });
  cluster = await startCluster({ dataFolder, settings: { fsync: "off" } });
});

afterAll(async () => {
  await cluster.stop("immediate");
  await rm(folder, { recursive: true, force: true });
});

async function query<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client(url);
  // A killed server ends its connections; that is not the error under test.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

test("listens on the loopback only, and only with its password", async () => {
  const rows = await query<{ name: string; setting: string }>(
    cluster.url,
    "select name, setting from pg_settings where name in ('listen_addresses', 'fsync', 'TimeZone') order by name",
  );
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: "off",
    listen_addresses: "127.0.0.1",
    TimeZone: "UTC",
  });
  const url = new URL(cluster.url);
  url.password = "wrong";
  await expect(query(url.href, "select 1")).rejects.toThrow("password authentication failed");
});

test("is found again while it runs", async () => {
  const again = await startCluster({ dataFolder });
  expect(again).toMatchObject({ processId: cluster.processId, reattached: true, url: cluster.url });
  expect((await findCluster(dataFolder))?.processId).toBe(cluster.processId);
});

test("a killed postmaster is replaced, and what was committed is there", async () => {
  await query(cluster.url, "create database kept");
  await query(databaseUrl(cluster.url, "kept"), "create table note as select 'tea' as text");
  process.kill(cluster.processId, "SIGKILL");
  cluster = await startCluster({ dataFolder });
  expect(cluster.reattached).toBe(false);
  expect(await query(databaseUrl(cluster.url, "kept"), "select text from note")).toEqual([{ text: "tea" }]);
});

test("a pid file that names another program stops neither the start nor that program", async () => {
  await cluster.stop();
  // Of the user the database runs as: those it takes for a predecessor.
  const other = spawn("/bin/sleep", ["600"], { stdio: "ignore", ...(await findBinaries()).runAs });
  const pidFile = join(dataFolder, "postmaster.pid");
  await writeFile(pidFile, `${other.pid}\n${dataFolder}\n1\n5432\n\n127.0.0.1\n\nready\n`);
  expect(await findCluster(dataFolder)).toBeUndefined();
  await writeFile(pidFile, `${other.pid}\n${dataFolder}\n1\n5432\n\n127.0.0.1\n\nready\n`);
  cluster = await startCluster({ dataFolder });
  expect(await query(cluster.url, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(other.kill("SIGKILL")).toBe(true);
});

test("what a broken-off set-up left is cleared away", async () => {
  expect((await readdir(folder)).toSorted()).toEqual(["data", "data.log", "data.password"]);
});

test("stopped it is gone, and stopping again is no error", async () => {
  const { processId } = cluster;
  await cluster.stop();
  expect(await isRunning(processId)).toBe(false);
  await cluster.stop();
  expect(await findCluster(dataFolder)).toBeUndefined();
});

test("one that can't start says why", async () => {
  const wrong = startCluster({ dataFolder, settings: { shared_buffers: "nonsense" }, patienceMs: 0 });
  await expect(wrong).rejects.toThrow("shared_buffers");
  expect(await readFile(`${dataFolder}.log`, "utf8")).toContain("shared_buffers");
});
