import { newId } from "@zhanggui/kit/contract/ids";
import "@oxc-node/core/register";
import type { ListRoute } from "@zhanggui/kit/contract/list";
import type { TestServer } from "@zhanggui/server/testing/test-server";
import pg from "pg";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, quantile, shown } from "./support/figures.ts";

// Node itself doesn't run decorators; what has them is loaded when there is somebody who does.
const { contracts } = await import("@zhanggui/server/contracts");
const { openTestServer } = await import("@zhanggui/server/testing/test-server");

/*
 * The lists of people and of deliveries as the console asks for them, over HTTP: first page with its total, for each
 * order, each filter and the search, of one tenant with as many people and deliveries as LIST_PEOPLE and
 * LIST_DELIVERIES say. Milliseconds of a whole call; the
 * floor is the smallest list of the server.
 */
const people = Number(process.env["LIST_PEOPLE"] ?? 200_000);
const deliveries = Number(process.env["LIST_DELIVERIES"] ?? 500_000);
const calls = 40;
const filled = ["audience_person", "audience_identity", "audience_person_tag", "messaging_delivery"];

/** Takes the indexes off the tables, and gives back what makes them anew: at once is ten times as fast. */
async function withoutIndexes(client: pg.Client, tables: readonly string[]): Promise<() => Promise<void>> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
     WHERE i.indrelid = ANY ($1::regclass[]) AND NOT i.indisprimary
       AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
    [tables],
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return async () => {
    await client.query("SET maintenance_work_mem = '1GB'");
    for (const { definition } of rows) await client.query(definition);
    await client.query(`VACUUM ANALYZE ${tables.join(", ")}`);
  };
}

/** Rows of half a year, spread evenly; ids tell the time, as the server's own do. */
async function fill(
  client: pg.Client,
  tenantId: string,
): Promise<Readonly<Record<"tag" | "channel" | "scene", string>>> {
  const [tag, channel, app, scene] = [1, 2, 3, 4].map(() => newId(new Date()));
  const idOf = (n: string): string =>
    `(lpad(to_hex((extract(epoch FROM now()) * 1000 - ${n} * 15552000000.0)::bigint), 12, '0') || '7' ||
      substr(md5((${n})::text), 1, 3) || '8' || substr(md5((${n})::text), 4, 15))::uuid`;
  // What triggers would say of each row is said here.
  await client.query("SET session_replication_role = replica");
  const makeIndexes = await withoutIndexes(client, filled);
  await client.query(
    `INSERT INTO audience_person (tenant_id, id, display_name, following, first_channel_id, first_channel_at,
       first_channel_by, first_seen_at, last_seen_at)
     SELECT $1, ${idOf("n::float / $2::int")}, '客人' || substr(md5(n::text), 1, 6), n % 10 <> 0,
       CASE WHEN n % 7 = 0 THEN $3::uuid END, CASE WHEN n % 7 = 0 THEN now() END,
       CASE WHEN n % 7 = 0 THEN $3::uuid END, now() - n * interval '15 seconds', now() - n * interval '15 seconds'
     FROM generate_series(1, $2::int) n`,
    [tenantId, people, channel],
  );
  await client.query(
    `INSERT INTO audience_identity (tenant_id, person_id, kind, scope, value, following)
     SELECT tenant_id, id, 'openid', $1, 'o' || id, following FROM audience_person`,
    [app],
  );
  await client.query(
    `INSERT INTO audience_identity (tenant_id, person_id, kind, scope, value)
     SELECT tenant_id, id, 'phone', '', '138' || substr((1e8 + row_number() OVER ())::bigint::text, 2)
     FROM audience_person LIMIT $1`,
    [Math.floor(people / 3)],
  );
  await client.query("INSERT INTO audience_tag (tenant_id, id, name) VALUES ($1, $2, '常客')", [tenantId, tag]);
  await client.query(
    `INSERT INTO audience_person_tag (tenant_id, person_id, tag_id, source, source_id, source_name)
     SELECT tenant_id, id, $1, 'manual', 'bench', 'bench' FROM audience_person WHERE first_channel_id IS NOT NULL`,
    [tag],
  );
  await client.query(
    `INSERT INTO messaging_delivery (tenant_id, id, item, channel, wechat_app_id, person_id, person_name, "to", content,
       state, zh, en, trace_id, created_at, updated_at, scene_name, scene_id, scene_version, event_id)
     SELECT $1, ${idOf("n::float / $2::int")}, 0, CASE WHEN n % 5 = 0 THEN 'mail' ELSE 'wechat_template' END, $3,
       ${idOf("(1 + n % $4::int)::float / $4::int")}, '客人', 'o', '{}',
       (ARRAY['delivered', 'accepted', 'failed', 'suppressed'])[1 + (n % 97 = 0)::int + 2 * (n % 89 = 0)::int],
       '', '', md5(n::text), now() - n * interval '3 seconds', now(), '扫码通知', $5, 1, gen_random_uuid()
     FROM generate_series(1, $2::int) n`,
    [tenantId, deliveries, app, people, scene],
  );
  await makeIndexes();
  return { tag: tag ?? "", channel: channel ?? "", scene: scene ?? "" };
}

/** What the console can ask a list for, one thing at a time. */
function questionsOf({ list }: ListRoute, values: Readonly<Record<string, string>>): [string, string][] {
  const sorts = list.fields.filter(({ sort, unindexed }) => sort !== undefined && !unindexed);
  const filters = [...list.fields.filter(({ filter }) => filter !== undefined), ...list.filters];
  const week = new Date(Date.now() - 7 * 86_400_000).toISOString();
  return [
    ["first page", ""],
    ...sorts.flatMap(({ name }): [string, string][] => [
      [`by ${name}`, `sort=${name}`],
      [`by ${name}, the largest first`, `sort=-${name}`],
    ]),
    ...filters.flatMap(({ name, filter, choices = {} }): [string, string][] => {
      if (filter === "range") return [[`${name}: a week`, `${name}[gte]=${week}`]];
      const known = Object.keys(choices).length > 0 ? Object.keys(choices) : [values[name] ?? ""];
      return known.filter(Boolean).map((value) => [`${name}: ${value.slice(0, 12)}`, `${name}=${value}`]);
    }),
  ];
}

async function measure(server: TestServer, token: string, path: string): Promise<string[]> {
  const figures: number[] = [];
  let status = 0;
  for (let call = -3; call < calls; call++) {
    const from = performance.now();
    const response = await fetch(`${server.url}/api${path}`, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    ({ status } = response);
    if (call >= 0) figures.push(performance.now() - from);
  }
  return [shown(quantile(figures, 0.5)), shown(quantile(figures, 0.95)), status === 200 ? "" : `refused, ${status}`];
}

await measured(async () => {
  const server = await openTestServer(await openCluster());
  onShutdown(() => server.close());
  const owner = await server.asOwner();
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  onShutdown(() => client.end());
  const { tag, channel, scene } = await fill(client, owner.tenantId);
  const { rows } = await client.query<{ id: string }>("SELECT id FROM audience_person OFFSET 1000 LIMIT 1");
  const known = { tagId: tag, firstChannelId: channel, sceneId: scene, personId: rows[0]?.id ?? "" };
  const search = ["客人ab", "客", "4321", "13800000001", "nobody at all"].map((part): [string, string] => [
    `search ${part}`,
    `search=${encodeURIComponent(part)}`,
  ]);
  const table: string[][] = [["floor: roles", ...(await measure(server, owner.accessToken, "/roles"))]];
  for (const [name, route, more] of [
    ["people", contracts.audience.listPeople, search],
    ["deliveries", contracts.messaging.listDeliveries, []],
  ] as const) {
    for (const [what, query] of [...questionsOf(route, known), ...more])
      table.push([`${name}: ${what}`, ...(await measure(server, owner.accessToken, `${route.path}?${query}`))]);
  }
  printMachine();
  console.log(`${people.toLocaleString("en")} people, ${deliveries.toLocaleString("en")} deliveries`);
  printTable(["ms, a whole call", "p50", "p95", ""], table);
  const worst = Math.max(...table.filter(([, , , refused]) => refused === "").map(([, , p95]) => Number(p95)));
  console.log(`the slowest question that is answered has a p95 of ${shown(worst)} ms`);
});
