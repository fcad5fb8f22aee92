import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { cloneOfTemplate, type TestDatabase } from "../testing/database.ts";
import { kitMigrations } from "../testing/runtime.ts";
import { TurnableClock } from "./clock.ts";
import { Database } from "./database.ts";
import { createLog } from "./log.ts";
import type { Query } from "./query.ts";
import { SlowQueries, slowestQueries } from "./slow-queries.ts";

let clone: TestDatabase;
let database: Database;
let slow: SlowQueries;
const clock = new TurnableClock();
const query: Query = async (text, values = []) => (await database.pool.query(text, [...values])).rows as never[];
const since = new Date(0);

beforeAll(async () => {
  clone = await cloneOfTemplate(inject("clusterUrl"), kitMigrations);
  database = new Database(clone.url);
  slow = new SlowQueries({ clock, log: createLog("silent"), query, thresholdMs: 50 });
  slow.watch(database.pool);
});
afterAll(async () => {
  slow.stop();
  await database.close();
  await clone.drop();
});

test("a statement that takes long is written down without its values, one that doesn't isn't", async () => {
  await query("SELECT 1 AS quick");
  await query("SELECT pg_sleep(0.2), $1::text AS phone FROM generate_series(1, 1)", ["13800000000"]);
  await expect(query("SELECT $1::int / length(pg_sleep(0.1)::text) AS broken", [1])).rejects.toThrow("division");
  await slow.write();
  const found = await slowestQueries(query, since);
  expect(found.map(({ text, rows }) => [text, rows])).toEqual([
    ["SELECT pg_sleep(0.2), $1::text AS phone FROM generate_series(1, 1)", 1],
    ["SELECT $1::int / length(pg_sleep(0.1)::text) AS broken", 0],
  ]);
  expect(found[0]).toMatchObject({ lockMs: 0, database: new URL(clone.url).pathname.slice(1) });
  expect(found[0]?.durationMs).toBeGreaterThanOrEqual(200);
  expect(JSON.stringify(found)).not.toContain("13800000000");
});

test("what a ctx asks is seen too", async () => {
  const tenant = { tenantId: "01900000-0000-7000-8000-000000000001", audit: "", now: () => clock.now() };
  await sql`SELECT pg_sleep(0.1) AS scoped`.execute(database.scoped(tenant, () => {}));
  await slow.write();
  expect((await slowestQueries(query, since)).map(({ text }) => text)).toContain("SELECT pg_sleep(0.1) AS scoped");
});

test("what waited for a lock says so", async () => {
  const holder = await database.pool.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT pg_advisory_xact_lock(7)");
  const waiting = query("SELECT pg_advisory_xact_lock(7) AS waited");
  await expect
    .poll(async () => (await query<{ n: number }>("SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted"))[0]?.n)
    .toBe(1);
  await query("SELECT pg_sleep(1)");
  await holder.query("COMMIT");
  holder.release();
  await waiting;
  await slow.write();
  const waited = (await slowestQueries(query, since)).find(({ text }) => text.endsWith("AS waited"));
  expect(waited?.lockMs).toBeGreaterThan(0);
});

test("of many at once a hundred are kept, the slowest are told first, and old ones are forgotten", async () => {
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 30 }, () => query("SELECT pg_sleep(0.06) AS flood")));
  }
  await slow.write();
  const all = await slowestQueries(query, since);
  expect(all.filter(({ text }) => text.endsWith("flood")).length).toBeLessThanOrEqual(100);
  expect(all.map(({ durationMs }) => durationMs)).toEqual(
    all.map(({ durationMs }) => durationMs).toSorted((a, b) => b - a),
  );
  expect(await slowestQueries(query, new Date(clock.now().getTime() + 60_000))).toEqual([]);
  clock.advance(31 * 86_400_000);
  await slow.prune();
  expect(await slowestQueries(query, since)).toEqual([]);
});
