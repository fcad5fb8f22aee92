import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { exclusively } from "../../tools/lock.ts";
import { type Cluster, startCluster } from "../../tools/postgres.ts";
import { startMark } from "../../tools/processes.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Superuser's address of the test cluster's database `postgres`: make your own databases there. */
    clusterUrl: string;
  }
}

/** Room the tests' databases want in memory before the cluster is kept there. */
const memoryWantedBytes = 2 * 1024 ** 3;

/** Durability is of no use to a test; 16–19 ms instead of 50–600 ms for the clone of a template. */
const testSettings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_connections: "300",
  shared_buffers: "128MB",
  file_copy_method: "copy",
  autovacuum: "off",
};

/**
 * Vitest's global set-up: one embedded cluster for every run in this checkout. Runs at the same time share it: each
 * leaves a lease, and who takes back the last one ends the cluster. TEST_DATABASE_URL (a superuser's) replaces it.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given) {
    project.provide("clusterUrl", given);
    return undefined;
  }
  const home = await clusterHome();
  const lease = join(home, "leases", `${process.pid}-${project.name || "root"}`);
  const start = () => startCluster({ dataFolder: join(home, "data"), settings: testSettings });
  const cluster = await exclusively(join(home, "lock"), { waitMs: 90_000 }, async () => {
    await mkdir(join(home, "leases"), { recursive: true });
    await writeFile(lease, (await startMark(process.pid)) ?? "");
    return start();
  });
  project.provide("clusterUrl", cluster.url);
  return () => {
    return exclusively(join(home, "lock"), { waitMs: 90_000 }, async () => {
      await rm(lease, { force: true });
      await endUnlessLeased(home, start);
    });
  };
}

/** Ends the test cluster that a killed run left behind, if there is one and nobody uses it. */
export async function endAbandonedCluster(): Promise<void> {
  const home = await clusterHome();
  await exclusively(join(home, "lock"), { waitMs: 10_000 }, async () => {
    if ((await ownerOf(join(home, "data"))) === undefined) return;
    await endUnlessLeased(home, () => startCluster({ dataFolder: join(home, "data") }));
  });
}

async function endUnlessLeased(home: string, attach: () => Promise<Cluster>): Promise<void> {
  for (const name of await readdir(join(home, "leases")).catch(() => [])) {
    const path = join(home, "leases", name);
    const mark = await readFile(path, "utf8").catch(() => "");
    if (mark !== "" && mark === (await startMark(Number.parseInt(name, 10)))) return;
    await rm(path, { force: true });
  }
  await (await attach()).stop("immediate");
  // The rest goes; the folder itself holds the lock that is still ours.
  for (const name of await readdir(home)) {
    if (name !== "lock") await rm(join(home, name), { recursive: true, force: true });
  }
}

/** A folder of this user and this checkout: in memory where there is room. */
async function clusterHome(): Promise<string> {
  const checkout = createHash("sha256")
    .update(resolve(import.meta.dirname, "../.."))
    .digest("hex")
    .slice(0, 10);
  const name = `zhanggui-test-${process.getuid?.() ?? 0}-${checkout}`;
  const memory = await statfs("/dev/shm").catch(() => undefined);
  const hasRoom = memory !== undefined && memory.bavail * memory.bsize >= memoryWantedBytes;
  // A cluster that an earlier run left in memory may itself have taken the room.
  const inMemory = hasRoom || (await ownerOf(join("/dev/shm", name))) !== undefined;
  const home = join(inMemory ? "/dev/shm" : tmpdir(), name);
  // Open to others as a path, because root's cluster runs as `nobody`; its data folder is closed.
  await mkdir(home, { recursive: true, mode: 0o755 });
  const owner = await ownerOf(home);
  if (process.getuid && owner !== process.getuid()) throw new Error(`${home} belongs to another user: remove it.`);
  return home;
}

async function ownerOf(path: string): Promise<number | undefined> {
  return (await lstat(path).catch(() => undefined))?.uid;
}
