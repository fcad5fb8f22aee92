import { newId } from "@zhanggui/kit/contract/ids";
import "@oxc-node/core/register";
import type { TestServer } from "@zhanggui/server/testing/test-server";
import { sql } from "kysely";
import pg from "pg";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { median, printMachine, printTable, shown } from "./support/figures.ts";

// Node itself doesn't run decorators; what has them is loaded when there is somebody who does.
const { AudienceService } = await import("@zhanggui/server/engines/audience/audience.service");
const { openTestServer } = await import("@zhanggui/server/testing/test-server");

/*
 * The list of people and its search as the console asks for them, at 10^4, 10^5 and 10^6 people of one tenant beside
 * as many of others: milliseconds, the median of 20 calls, each a page with its count, and the tags, identities and
 * channels of its people: six or seven round trips. The floor is `SELECT 1` through the same ctx, one round trip.
 */
const sizes = [10_000, 100_000, 1_000_000];
const calls = 20;
/** Names are made of these: two of the first, one of the second and a number make a name that few share. */
const family = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗";
const given = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉红文斌波辉";

async function fill(url: string, tenantIds: readonly string[], count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("TRUNCATE access_tenant CASCADE");
  await client.query(
    "INSERT INTO access_tenant (id, name, zone, created_at) SELECT unnest($1::uuid[]), 'x', 'UTC', now()",
    [tenantIds],
  );
  for (const tenantId of tenantIds) {
    await client.query(
      `INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
       SELECT $1, substr($3, 1 + (random() * 19)::int, 1) || substr($4, 1 + (random() * 31)::int, 1)
         || substr($4, 1 + (random() * 31)::int, 1) || ' ' || n, now(), now() - n * interval '1 second'
       FROM generate_series(1, $2::int) n`,
      [tenantId, tenantId === tenantIds[0] ? count : Math.ceil(count / tenantIds.length), family, given],
    );
  }
  await client.query(
    "INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at) VALUES ($1, '灯笼掌柜 Lantern', now(), now() - interval '5 days')",
    [tenantIds[0]],
  );
  await client.query("VACUUM ANALYZE audience_person");
  await client.end();
}

async function milliseconds(work: () => Promise<unknown>): Promise<string> {
  const figures: number[] = [];
  await work();
  for (let call = 0; call < calls; call++) {
    const from = performance.now();
    await work();
    figures.push(performance.now() - from);
  }
  return shown(median(figures));
}

async function column(server: TestServer, count: number): Promise<[string, string][]> {
  const tenantIds = Array.from({ length: 10 }, () => newId(new Date()));
  await fill(server.databaseUrl, tenantIds, count);
  const ctx = server.runtime.ctx(tenantIds[0] ?? "");
  const people = server.app.get(AudienceService);
  const list = (filter: { search?: string; cursor?: string }) =>
    milliseconds(() => people.list(ctx, { limit: 50, ...filter }));
  const deep = new Date(Date.now() - (count / 2) * 1000).toISOString();
  return [
    ["floor: SELECT 1", await milliseconds(() => sql`SELECT 1`.execute(ctx.db))],
    ["first page", await list({})],
    ["page in the middle", await list({ cursor: `${deep} ${newId(new Date())}` })],
    ["search 灯笼: one", await list({ search: "灯笼" })],
    ["search antern: one", await list({ search: "ANTERN" })],
    ["search 王伟: about 0.16 %", await list({ search: "王伟" })],
    ["search 芳: about 6 %", await list({ search: "芳" })],
    ["search of nothing", await list({ search: "鲸鱼座" })],
  ];
}

await measured(async () => {
  const server = await openTestServer(await openCluster());
  onShutdown(() => server.close());
  const columns: [string, string][][] = [];
  for (const size of sizes) columns.push(await column(server, size));
  printMachine();
  const names = columns[0]?.map(([name]) => name) ?? [];
  printTable(
    ["ms", ...sizes.map((size) => size.toLocaleString("en"))],
    names.map((name, row) => [name, ...columns.map((each) => each[row]?.[1] ?? "")]),
  );
});
