import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { newId } from "../../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../../testing/runtime.ts";
import { claimKeyedRetry, claimRetry } from "./claims.ts";

/* What a claim reads, however much waits for tenants that read only. */
let open: OpenRuntime;
let client: pg.Client;
beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await open.close();
});

interface Plan {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
}
/** How many rows the nodes of its plan looked at, all together. */
async function readBy(claim: string, cursor: string, passed: readonly string[]): Promise<number> {
  const lease = newId(open.clock.now());
  const values = ["tea.pots", cursor, 1, lease, 30_000, 0, passed];
  await client.query("BEGIN; SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off");
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: Plan }] }>({
    text: `EXPLAIN (ANALYZE, FORMAT JSON) ${claim}`,
    values,
  });
  await client.query("ROLLBACK");
  const sum = (plan: Plan): number =>
    (plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0)) * plan["Actual Loops"] +
    (plan.Plans ?? []).reduce((all, each) => all + sum(each), 0);
  return sum(rows[0]!["QUERY PLAN"][0].Plan);
}

test.each([
  ["a retry", claimRetry, "ref", null],
  ["a retry in its order", claimKeyedRetry, "key", "cup"],
] as const)("%s of another tenant is found past ten thousand that wait, from wherever it goes on", async (...of) => {
  const [, claim, , key] = of;
  const held = [newId(open.clock.now()), newId(open.clock.now())].toSorted();
  const free = newId(open.clock.now());
  const [first = "", last = ""] = held;
  const add = (tenantId: string, many: number) =>
    key === null
      ? client.query(
          `INSERT INTO kit_task (tenant_id, queue, ref, retried, attempts, trace_id)
           SELECT $1, 'tea.pots', gen_random_uuid(), true, 1, '' FROM generate_series(1, $2)`,
          [tenantId, many],
        )
      : client.query(
          `WITH lanes AS (INSERT INTO kit_lane (tenant_id, queue, key)
             SELECT $1, 'tea.pots', 'cup ' || n FROM generate_series(1, $2) n RETURNING key)
           INSERT INTO kit_task (tenant_id, queue, ref, key, retried, attempts, trace_id)
           SELECT $1, 'tea.pots', gen_random_uuid(), key, true, 1, '' FROM lanes`,
          [tenantId, many],
        );
  await add(first, 5000);
  await add(last, 5000);
  await add(free, 3);
  await client.query("ANALYZE kit_task; ANALYZE kit_lane");
  for (const cursor of ["00000000-0000-0000-0000-000000000000", first, last, free])
    expect(await readBy(claim, cursor, held), cursor).toBeLessThan(60);
  const lease = newId(open.clock.now());
  const { rows } = await client.query<{ tenant_id: string }>(claim, ["tea.pots", last, 1, lease, 30_000, 0, held]);
  expect(rows.map((row) => row.tenant_id)).toEqual([free]);
});

test("retries go around the tenants, one of each, and what another claim holds is passed over", async () => {
  const tenants = Array.from({ length: 3 }, () => newId(open.clock.now())).toSorted();
  for (const tenantId of tenants)
    await client.query(
      `INSERT INTO kit_task (tenant_id, queue, ref, retried, attempts, trace_id)
       SELECT $1, 'tea.pots', gen_random_uuid(), true, 1, '' FROM generate_series(1, 2)`,
      [tenantId],
    );
  let cursor = "00000000-0000-0000-0000-000000000000";
  const turns: string[] = [];
  const next = async (by: pg.Client) => {
    const values = ["tea.pots", cursor, 1, newId(open.clock.now()), 30_000, 0, []];
    const { rows } = await by.query<{ turn_ended: string }>(claimRetry, values);
    return rows[0]?.turn_ended;
  };
  const other = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await other.connect();
  await other.query("BEGIN; SELECT FROM kit_task WHERE tenant_id = '" + tenants[1] + "' FOR UPDATE");
  for (let turn = 0; turn < 4; turn++) turns.push((cursor = (await next(client)) ?? ""));
  expect(turns).toEqual([tenants[0], tenants[2], tenants[0], tenants[2]]);
  expect(await next(client)).toBeUndefined();
  await other.query("ROLLBACK");
  await other.end();
  expect(await next(client)).toBe(tenants[1]);
});
