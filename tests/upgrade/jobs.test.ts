import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@zhanggui/kit/contract/ids";
import { migrate } from "@zhanggui/kit/server/migrate";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { kitMigrations } from "@zhanggui/kit/testing/runtime";
import pg from "pg";
import { PgBoss } from "pg-boss";
import { afterEach, beforeEach, expect, inject, test } from "vitest";

// Version 0.1.0 kept its jobs in pg-boss, of the version that is still installed for measurements.
const tenantId = newId(new Date("2026-11-01"));
const envelope = (n: number) => ({ tenantId, traceId: "t".repeat(32), actorId: "owner", payload: { n } });
const later = new Date("2100-01-01");
const platform = "ffffffff-ffff-ffff-ffff-ffffffffffff";

let folder: string;
let database: TestDatabase;
let client: pg.Client;
let boss: PgBoss;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-upgrade-"));
  await copyFile(join(import.meta.dirname, "0.1.0/kit/001_events.sql"), join(folder, "001_events.sql"));
  database = await cloneOfTemplate(inject("clusterUrl"), [{ module: "kit", folder }]);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  boss = new PgBoss({ connectionString: database.url, supervise: false, schedule: false });
  // It polls tables that are gone then.
  boss.on("error", () => {});
  await boss.start();
  const options = { retryLimit: 8, retryDelay: 2, retryBackoff: true, retryDelayMax: 3600, expireInSeconds: 300 };
  for (const name of ["tea.pour", "tea.hang", "tea.prune"]) await boss.createQueue(name, options);
});
afterEach(async () => {
  await boss.stop({ graceful: false, close: true });
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

const rows = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows;
const jobs = () =>
  rows(`SELECT job.tenant_id, name, payload, state, actor_id, job.trace_id, attempts, retried, due_at IS NOT NULL AS later
    FROM kit_job job LEFT JOIN kit_task task ON task.ref = job.id AND task.queue = job.name ORDER BY (payload ->> 'n')::int`);

test("jobs that wait, are tried again or were begun go over, with their tries, and pg-boss's schema is gone", async () => {
  await boss.send("tea.pour", envelope(1));
  const [failed] = await boss.fetch("tea.pour");
  await boss.fail("tea.pour", failed!.id, { message: "too hot" });
  await boss.send("tea.pour", envelope(2));
  await boss.send("tea.pour", envelope(3), { startAfter: later });
  await boss.send("tea.hang", envelope(4));
  await boss.fetch("tea.hang");
  await boss.send("tea.hang", envelope(5));
  const [done] = await boss.fetch("tea.hang");
  await boss.complete("tea.hang", done!.id);
  await boss.send("tea.prune", null);

  await migrate(database.url, kitMigrations);

  const common = { tenant_id: tenantId, actor_id: "owner", trace_id: "t".repeat(32) };
  expect(await jobs()).toEqual([
    { ...common, name: "tea.pour", payload: { n: 1 }, state: "retrying", attempts: 1, retried: true, later: true },
    { ...common, name: "tea.pour", payload: { n: 2 }, state: "waiting", attempts: 0, retried: false, later: false },
    { ...common, name: "tea.pour", payload: { n: 3 }, state: "waiting", attempts: 0, retried: false, later: true },
    { ...common, name: "tea.hang", payload: { n: 4 }, state: "retrying", attempts: 1, retried: true, later: true },
  ]);
  expect(await rows("SELECT last_error FROM kit_task WHERE last_error IS NOT NULL")).toEqual([
    { last_error: "too hot" },
  ]);
  expect(await rows("SELECT due_at FROM kit_task WHERE due_at > now() + interval '1 day'")).toEqual([
    { due_at: later },
  ]);
  expect(await rows("SELECT to_regnamespace('pgboss') AS gone")).toEqual([{ gone: null }]);
});

test("a job without a tenant becomes a dead letter of the platform's, and stops nothing", async () => {
  for (const data of [{ payload: { n: 1 } }, { tenantId: "nobody", payload: { n: 2 } }, { n: 3 }])
    await boss.send("tea.pour", data);
  await migrate(database.url, kitMigrations);
  expect(await rows("SELECT tenant_id, payload, state FROM kit_job ORDER BY payload ->> 'n'")).toEqual(
    [1, 2, 3].map((n) => ({ tenant_id: platform, payload: { n }, state: "dead" })),
  );
  expect(await rows("SELECT count(*)::int AS n FROM kit_dead JOIN kit_job ON id = ref")).toEqual([{ n: 3 }]);
  expect(await rows("SELECT * FROM kit_task")).toEqual([]);
});

test("a schema of that name which is none of pg-boss's stays as it is", async () => {
  await client.query("DROP SCHEMA pgboss CASCADE; CREATE SCHEMA pgboss; CREATE TABLE pgboss.job (note text)");
  await migrate(database.url, kitMigrations);
  expect(await rows("SELECT to_regclass('pgboss.job')::text AS there")).toEqual([{ there: "pgboss.job" }]);
});
