import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { latestFirst, readPage, totalOf } from "@zhanggui/kit/server/paging";
import { searchIn } from "@zhanggui/kit/server/search";
import { openTestServer, type TestServer } from "@zhanggui/server/testing/test-server";
import { sql } from "kysely";
import pg from "pg";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { median, printMachine, printTable, shown } from "./support/figures.ts";

/*
 * The list of people and its search through a ctx, at 10^4, 10^5 and 10^6 people of one tenant beside as many of
 * others: milliseconds, the median of 20 calls, each with its round trip. The floor is `SELECT 1` of the same ctx.
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

const people = (ctx: Ctx) => ctx.db.selectFrom("audience_person").where("mergedInto", "is", null);
const found = (ctx: Ctx, part: string) => people(ctx).where("id", "=", searchIn(ctx, "audience_person", part));
const by = latestFirst("lastSeenAt");
const pageAt = (ctx: Ctx, cursor?: string) => readPage(people(ctx).selectAll(), { limit: 50, cursor }, by);
const searched = (ctx: Ctx, part: string) => readPage(found(ctx, part).selectAll(), { limit: 50 }, by);

async function column(server: TestServer, count: number): Promise<[string, string][]> {
  const tenantIds = Array.from({ length: 10 }, () => newId(new Date()));
  await fill(server.databaseUrl, tenantIds, count);
  const ctx = server.runtime.ctx(tenantIds[0] ?? "");
  const deep = new Date(Date.now() - (count / 2) * 1000).toISOString();
  const cursor = `${deep} ${newId(new Date())}`;
  return [
    ["floor: SELECT 1", await milliseconds(() => sql`SELECT 1`.execute(ctx.db))],
    ["first page", await milliseconds(() => pageAt(ctx))],
    ["page in the middle", await milliseconds(() => pageAt(ctx, cursor))],
    ["count, to 1,001", await milliseconds(() => totalOf(ctx, people(ctx)))],
    ["search 灯笼: one", await milliseconds(() => searched(ctx, "灯笼"))],
    ["search antern: one", await milliseconds(() => searched(ctx, "ANTERN"))],
    ["search 王伟: about 0.16 %", await milliseconds(() => searched(ctx, "王伟"))],
    ["count of 王伟", await milliseconds(() => totalOf(ctx, found(ctx, "王伟")))],
    ["search 芳: about 6 %", await milliseconds(() => searched(ctx, "芳"))],
    ["search of nothing", await milliseconds(() => searched(ctx, "鲸鱼座"))],
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
