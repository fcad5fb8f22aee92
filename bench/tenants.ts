import { newId } from "@zhanggui/kit/contract/ids";
import { camelCaseRows } from "@zhanggui/kit/server/kysely";
import type { Tables } from "@zhanggui/kit/server/tables";
import { openRuntime, type OpenRuntime } from "@zhanggui/kit/testing/runtime";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, shown } from "./support/figures.ts";
import { bestRates } from "./support/rates.ts";

/*
 * What it costs to keep tenants apart: the same work through a ctx, which enters the tenant's scope with each statement
 * or transaction, and through a plain kysely of the owner with the filter written by hand. Same rows, same shape.
 */
const rows = 100_000;
const tenants = 10;

interface Work {
  readonly name: string;
  readonly plain: () => Promise<unknown>;
  readonly scoped: () => Promise<unknown>;
}

async function fill(client: pg.Client): Promise<string> {
  const ids = Array.from({ length: tenants }, () => newId(new Date()));
  await client.query(
    `INSERT INTO kit_event (tenant_id, id, name, payload, actor_kind, actor_id, trace_id, occurred_at)
     SELECT ($1::uuid[])[1 + n % ${tenants}], zg_id(), 'tea.brewed.v1', '{"cups":1}', 'system', 'bench', '0', now()
     FROM generate_series(1, ${rows}) n`,
    [ids],
  );
  await client.query("VACUUM ANALYZE kit_event");
  return ids[0] ?? "";
}

async function worksOf({ runtime }: OpenRuntime, url: string): Promise<Work[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const tenantId = await fill(client);
  const { rows: found } = await client.query<{ id: string }>(
    "SELECT id FROM kit_event WHERE tenant_id = $1 LIMIT 5000",
    [tenantId],
  );
  await client.end();
  const pool = new pg.Pool({ connectionString: url, max: 30 });
  pool.on("error", () => {});
  const plain = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: [camelCaseRows] });
  onShutdown(() => plain.destroy());
  const ctx = runtime.ctx(tenantId);
  let turn = 0;
  const next = (): string => found[turn++ % found.length]?.id ?? "";
  const columns = ["id", "name", "payload", "occurredAt"] as const;
  const one = (db: Kysely<Tables>) => db.selectFrom("kit_event").select(columns).where("id", "=", next());
  const page = (db: Kysely<Tables>) =>
    db.selectFrom("kit_event").select(columns).where("id", "<", next()).orderBy("id", "desc").limit(50);
  const note = (db: Kysely<Tables>) =>
    db.insertInto("kit_event").values({
      tenantId,
      id: newId(new Date()),
      name: "tea.poured.v1",
      payload: {},
      actorKind: "system",
      actorId: "bench",
      traceId: "1",
      occurredAt: new Date(),
    });
  return [
    {
      name: "select by key",
      plain: () => one(plain).where("tenantId", "=", tenantId).execute(),
      scoped: () => one(ctx.db).execute(),
    },
    {
      name: "page of 50",
      plain: () => page(plain).where("tenantId", "=", tenantId).execute(),
      scoped: () => page(ctx.db).execute(),
    },
    {
      name: "transaction: select, 2 inserts",
      plain: () =>
        plain.transaction().execute(async (trx) => {
          await one(trx).where("tenantId", "=", tenantId).execute();
          await note(trx).execute();
          await note(trx).execute();
        }),
      scoped: () =>
        ctx.tx(async (inner) => {
          await one(inner.db).execute();
          await note(inner.db).execute();
          await note(inner.db).execute();
        }),
    },
  ];
}

await measured(async () => {
  const open = await openRuntime(await openCluster());
  try {
    const table: string[][] = [];
    for (const { name, plain, scoped } of await worksOf(open, open.runtime.env.DATABASE_URL)) {
      for (const atOnce of [1, 16]) {
        const [without = 0, within = 0] = await bestRates([plain, scoped], atOnce);
        table.push([name, String(atOnce), shown(without), shown(within), shown(within / without)]);
      }
    }
    printMachine();
    printTable(["per second", "at once", "no wall, by hand", "through ctx", "ratio"], table);
  } finally {
    await open.close();
  }
});
