import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import pg from "pg";
import { z } from "zod";
import { event } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import { scopeTables } from "./policies.ts";

/*
 * What a function of the database does to a transaction's settings no text of ours shows: so the kit looks whether a
 * transaction is still where it was sent, before anything comes of it.
 */
let open: OpenRuntime;
let mine: Ctx;
let theirs: Ctx;

beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query("CREATE TABLE tea_leaf (tenant_id uuid NOT NULL, name text NOT NULL)");
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]!.tenant_role, {});
  await client.end();
  mine = open.runtime.ctx(newId(open.clock.now()));
  theirs = open.runtime.ctx(newId(open.clock.now()));
  for (const ctx of [mine, theirs]) await ctx.sql`INSERT INTO tea_leaf (name) VALUES ('oolong')`;
});
afterAll(() => open.close());

/** PostgreSQL puts the function's name together, so that no text of ours shows it. */
const leave = async (ctx: Ctx, setting: string, value: string): Promise<void> => {
  const text = `'SELECT set_con' || 'fig(''${setting}'', ''${value}'', true)'`;
  await sql.raw(`SELECT query_to_xml(${text}, true, false, '')`).execute(ctx.db);
};
const steal = (ctx: Ctx) => ctx.sql`UPDATE tea_leaf SET name = 'stolen'`;
const names = async () =>
  (await sql<{ name: string }>`SELECT name FROM tea_leaf`.execute(open.db)).rows.map(({ name }) => name);

test("what has left its tenant by itself commits nothing", async () => {
  const leaving = mine.tx(async (ctx) => {
    await leave(ctx, "zg.tenant", theirs.tenantId);
    await steal(ctx);
  });
  await expect(leaving).rejects.toMatchObject({ code: "22012" });
  expect(await names()).toEqual(["oolong", "oolong"]);
});

test("what has left its tenant by itself gets no further by a statement of the kit's own that comes last", async () => {
  const leaving = mine.tx(async (ctx) => {
    await leave(ctx, "role", "none");
    await steal(ctx);
    await ctx.emit(event("tea.stolen.v1", z.object({})), {});
  });
  await expect(leaving).rejects.toMatchObject({ code: "22012" });
  expect(await names()).toEqual(["oolong", "oolong"]);
});

test("what has left its tenant by itself doesn't come to the next tenant, nor back to the owner", async () => {
  for (const [setting, value] of [
    ["zg.tenant", theirs.tenantId],
    ["role", "none"],
  ] as const) {
    const toTheNext = open.runtime.ownerTransaction(async (trx) => {
      await trx.runAsTenant(mine, (ctx) => leave(ctx, setting, value));
      await trx.runAsTenant(theirs, async (ctx) => void (await steal(ctx)));
    });
    await expect(toTheNext).rejects.toMatchObject({ code: "22012" });
    const toTheOwner = open.runtime.ownerTransaction(async (trx) => {
      await trx.runAsTenant(mine, (ctx) => leave(ctx, setting, value));
      await trx.query("UPDATE tea_leaf SET name = 'stolen'");
    });
    await expect(toTheOwner).rejects.toMatchObject({ code: "22012" });
  }
  expect(await names()).toEqual(["oolong", "oolong"]);
});

test("what has left its tenant by itself isn't forgotten over a savepoint that was undone", async () => {
  const leaving = open.runtime.ownerTransaction(async (trx) => {
    await trx.runAsTenant(mine, async (ctx) => {
      await leave(ctx, "zg.tenant", theirs.tenantId);
      await steal(ctx);
      await ctx.tx(() => Promise.reject(new Error("no"))).catch(() => {});
    });
  });
  await expect(leaving).rejects.toMatchObject({ code: "22012" });
  expect(await names()).toEqual(["oolong", "oolong"]);
});
