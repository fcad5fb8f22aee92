import "@oxc-node/core/register";
import pg from "pg";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, shown } from "./support/figures.ts";
import { bestRates } from "./support/rates.ts";

// Node itself doesn't run decorators; what has them is loaded when there is somebody who does.
const { openTestServer } = await import("@zhanggui/server/testing/test-server");

/*
 * What the audit log costs: the rename of a role, one row in a transaction of its own, with the table's trigger and,
 * as the floor, without any (`session_replication_role`), by the same connections. And how many entries a second are
 * sealed and verified (AUDIT_ENTRIES of them), beside a cursor that reads the same rows and drops them, and how much
 * memory a verification takes beyond what the process had.
 */
const entries = Number(process.env["AUDIT_ENTRIES"] ?? 200_000);
const megabyte = 1024 * 1024;

type Server = Awaited<ReturnType<typeof openTestServer>>;

function poolOf(url: string, role: "origin" | "replica"): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 16, options: `-c session_replication_role=${role}` });
  pool.on("error", () => {});
  onShutdown(() => pool.end());
  return pool;
}

async function changes({ databaseUrl, runtime }: Server, tenantId: string): Promise<string[][]> {
  const ctx = runtime.ctx(tenantId);
  const values = Array.from({ length: 64 }, (_, n) => ({ name: `${n}`, permissions: [] }));
  const made = await ctx.db.insertInto("access_role").values(values).returning("id").execute();
  const pools = [poolOf(databaseUrl, "replica"), poolOf(databaseUrl, "origin")];
  let turn = 0;
  const rename = (pool: pg.Pool) => () =>
    pool.query({
      name: "rename",
      text: "UPDATE access_role SET name = $3 WHERE tenant_id = $1 AND id = $2",
      values: [tenantId, made[++turn % made.length]?.id, `role ${turn}`],
    });
  const table: string[][] = [];
  for (const atOnce of [1, 16]) {
    const [without = 0, within = 0] = await bestRates(pools.map(rename), atOnce);
    table.push(["renames", String(atOnce), shown(without), shown(within), shown(within / without)]);
  }
  return table;
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return count / ((performance.now() - from) / 1000);
}

async function readAll(client: pg.Client): Promise<void> {
  await client.query("BEGIN; DECLARE log CURSOR FOR SELECT * FROM kit_audit_entry ORDER BY tenant_id, id");
  while ((await client.query("FETCH 1000 FROM log")).rows.length > 0);
  await client.query("COMMIT");
}

await measured(async () => {
  const server = await openTestServer(await openCluster());
  onShutdown(() => server.close());
  const owner = await server.asOwner();
  const table = await changes(server, owner.tenantId);
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  onShutdown(() => client.end());
  await server.runtime.runSchedule("audit.seal");
  await client.query(
    `INSERT INTO kit_audit_entry (tenant_id, actor_kind, actor_id, actor_name, source, trace_id, act, kind, outcome,
       thing_kind, thing_id, title, part, was, became)
     SELECT $1, 'account', 'a' || n % 20, '阿青', '127.0.0.1', 't' || n / 3, 'access.updateRole', 'changed', 'done',
       'access_role', 'r' || n % 5000, '茶艺师', 'access_role', '{"name": "茶童"}', '{"name": "茶艺师"}'
     FROM generate_series(1, $2::int) n`,
    [owner.tenantId, entries],
  );
  await client.query("VACUUM ANALYZE kit_audit_entry, kit_audit_unsealed");
  const sealed = await perSecond(entries, () => server.runtime.runSchedule("audit.seal"));
  const { entries: all } = await owner.api.audit.verify();
  const before = process.memoryUsage.rss();
  const verified = await perSecond(all, () => owner.api.audit.verify());
  const above = process.memoryUsage.rss() - before;
  const floor = await perSecond(all, () => readAll(client));
  printMachine();
  printTable(["changes/s", "at once", "no trigger", "audited", "ratio"], table);
  printTable(
    [`${all.toLocaleString("en")} entries`, "entries/s", "MB above", "of the cursor"],
    [
      ["floor: a bare cursor", shown(floor), "", "1.00"],
      ["sealed", shown(sealed), "", shown(sealed / floor)],
      ["verified", shown(verified), shown(above / megabyte), shown(verified / floor)],
    ],
  );
});
