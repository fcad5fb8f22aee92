import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Actor, TxCtx } from "./ctx.ts";
import { scopeTables } from "./policies.ts";

/*
 * Whom a transaction works for: what the audit log writes beside a change. Tasks of one batch share a transaction, each
 * for somebody of its own.
 */
let open: OpenRuntime;
beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query(`CREATE TABLE tea_leaf (tenant_id uuid NOT NULL, n integer NOT NULL,
      by text DEFAULT current_setting('zg.audit')::jsonb ->> 'id');
    CREATE TABLE tea_sip (tenant_id uuid NOT NULL, by text DEFAULT current_setting('zg.audit')::jsonb ->> 'id')`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]!.tenant_role, {});
  await client.end();
  open.runtime.auditedTables.add("tea_leaf");
});
afterAll(() => open.close());

const actor = (id: string): Actor => ({ kind: "account", id, name: id, permissions: new Set() });
const pick = (ctx: TxCtx, n: number) => ctx.sql`INSERT INTO tea_leaf (n) VALUES (${n})`;

test("each change in an audited table is told under its own name, whoever came before in the transaction", async () => {
  const tenantId = newId(new Date());
  const other = newId(new Date());
  await open.runtime.ownerTransaction(async (trx) => {
    const as = (id: string, work: (ctx: TxCtx) => Promise<unknown>, of = tenantId) =>
      trx.runAsTenant({ tenantId: of, actor: actor(id) }, work);
    await as("a", (ctx) => pick(ctx, 1));
    await as("b", (ctx) => ctx.sql`INSERT INTO tea_sip DEFAULT VALUES`);
    await as("b", (ctx) => pick(ctx, 2));
    await as("c", (ctx) => ctx.sql`SELECT 1`);
    await as("b", (ctx) => pick(ctx, 3));
    await as("a", (ctx) => ctx.tx((ctx) => pick(ctx, 4)));
    await as("d", async (ctx) => {
      await ctx.tx(() => Promise.reject(new Error("no"))).catch(() => {});
      await pick(ctx, 5);
    });
    await as("e", (ctx) => ctx.copyFrom("tea_leaf" as never, ["n" as never], [[6]]));
    await as("a", (ctx) => pick(ctx, 7), other);
    await as("f", (ctx) => pick(ctx, 8));
  });
  const rows = await open.runtime.ctx(tenantId).sql<{ n: number; by: string }>`SELECT n, by FROM tea_leaf ORDER BY n`;
  expect(rows.map(({ n, by }) => `${n}${by}`)).toEqual(["1a", "2b", "3b", "4a", "5d", "6e", "8f"]);
  expect(await open.runtime.ctx(other).sql`SELECT n, by FROM tea_leaf`).toEqual([{ n: 7, by: "a" }]);
});

test("who takes turns and changes nothing that is audited costs no statement", async () => {
  const tenantId = newId(new Date());
  const sips = await open.runtime.ownerTransaction(async (trx) => {
    for (const id of ["a", "b", "c"])
      await trx.runAsTenant({ tenantId, actor: actor(id) }, (ctx) => ctx.sql`INSERT INTO tea_sip DEFAULT VALUES`);
    return trx.runAsTenant({ tenantId, actor: actor("d") }, (ctx) => ctx.sql<{ by: string }>`SELECT by FROM tea_sip`);
  });
  // Nobody asks this table by whom it was: it still says who came first.
  expect(sips).toEqual([{ by: "a" }, { by: "a" }, { by: "a" }]);
});
