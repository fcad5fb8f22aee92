import { type Generated, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import { scopeTables } from "./policies.ts";

interface TeaTables {
  tea_leaf: { tenantId: Generated<string>; id: Generated<string>; name: string; cups: Generated<number> };
  tea_cup: { tenantId: Generated<string>; id: Generated<string>; leafId: string };
}
declare module "./tables.ts" {
  interface Tables extends TeaTables {}
}

let open: OpenRuntime;
let mine: Ctx;
let theirs: Ctx;
let role: string;
const [myLeaf, theirLeaf] = [newId(new Date(0)), newId(new Date(0))];

beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query(`
    CREATE TABLE tea_leaf (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(), name text NOT NULL,
      cups bigint NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, id));
    CREATE TABLE tea_cup (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(), leaf_id uuid NOT NULL,
      PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, leaf_id) REFERENCES tea_leaf (tenant_id, id))`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  role = rows[0]!.tenant_role;
  await scopeTables(client, role, {});
  await client.end();
  mine = open.runtime.ctx(newId(open.clock.now()));
  theirs = open.runtime.ctx(newId(open.clock.now()));
});
afterAll(() => open.close());

beforeEach(async () => {
  await sql`TRUNCATE tea_leaf, tea_cup`.execute(open.db);
  await mine.db.insertInto("tea_leaf").values({ id: myLeaf, name: "oolong", cups: 1 }).execute();
  await theirs.db.insertInto("tea_leaf").values({ id: theirLeaf, name: "oolong", cups: 7 }).execute();
});

const leaves = () =>
  sql<{ name: string; cups: number }>`SELECT name, cups FROM tea_leaf ORDER BY cups`.execute(open.db);

/** A statement is tried in both ways in which a ctx sends it: alone, and in a transaction. */
describe.each([
  ["alone", <Result>(work: (ctx: Ctx) => Promise<Result>) => work(mine)],
  ["in a transaction", <Result>(work: (ctx: Ctx) => Promise<Result>) => mine.tx(work)],
])("%s", (_, as) => {
  test("a tenant's rows are all that is seen, also past an `or` in WHERE and in ON", async () => {
    const seen = await as((ctx) =>
      ctx.db
        .selectFrom("tea_leaf")
        .select("cups")
        .where(sql<boolean>`name = 'green' or true`)
        .execute(),
    );
    expect(seen).toEqual([{ cups: 1 }]);
    const joined = await as(
      (ctx) => ctx.sql<{ cups: number }>`
      SELECT b.cups FROM tea_leaf a LEFT JOIN tea_leaf b ON a.id = b.id OR true`,
    );
    expect(joined).toEqual([{ cups: 1 }]);
  });

  test("raw SQL of every shape stays inside: INSERT … SELECT, UPDATE … FROM, MERGE, WITH, RIGHT JOIN", async () => {
    await as((ctx) => ctx.sql`INSERT INTO tea_leaf (name, cups) SELECT name, cups + 100 FROM tea_leaf`);
    await as(
      (ctx) => ctx.sql`UPDATE tea_leaf l SET name = v.name FROM (VALUES ('oolong', 'black')) v(old, name)
      WHERE l.name = v.old`,
    );
    await as(
      (ctx) => ctx.sql`MERGE INTO tea_leaf l USING (SELECT 'black' AS name) s ON l.name = s.name
      WHEN MATCHED THEN UPDATE SET cups = l.cups + 1`,
    );
    await as((ctx) => ctx.sql`WITH gone AS (DELETE FROM tea_leaf WHERE cups > 50 RETURNING *) SELECT * FROM gone`);
    const right = await as((ctx) => ctx.sql`SELECT b.* FROM (SELECT 1) a RIGHT JOIN tea_leaf b ON false`);
    expect(right).toHaveLength(1);
    expect((await leaves()).rows).toEqual([
      { name: "black", cups: 2 },
      { name: "oolong", cups: 7 },
    ]);
  });

  test("another tenant's row can't be written, moved away, or met by ON CONFLICT", async () => {
    const foreign = theirs.tenantId;
    await expect(as((ctx) => ctx.sql`INSERT INTO tea_leaf (tenant_id, name) VALUES (${foreign}, 'x')`)).rejects.toThrow(
      /row-level security/,
    );
    await expect(as((ctx) => ctx.sql`UPDATE tea_leaf SET tenant_id = ${foreign}`)).rejects.toThrow(
      /row-level security/,
    );
    await expect(
      as(
        (ctx) => ctx.sql`INSERT INTO tea_leaf (tenant_id, id, name) VALUES (${foreign}, ${theirLeaf}, 'x')
      ON CONFLICT (tenant_id, id) DO UPDATE SET name = 'stolen'`,
      ),
    ).rejects.toThrow(/row-level security/);
    expect(await as((ctx) => ctx.sql`UPDATE tea_leaf SET name = 'x' WHERE id = ${theirLeaf} RETURNING id`)).toEqual([]);
    await expect(as((ctx) => ctx.sql`INSERT INTO tea_cup (leaf_id) VALUES (${theirLeaf})`)).rejects.toThrow(
      /foreign key/,
    );
  });

  test("kysely without its plugins is still the tenant's", async () => {
    const plain = await as(async (ctx) => [
      await ctx.db.withoutPlugins().selectFrom("tea_leaf").select("cups").execute(),
      await ctx.db
        .with("w", (db) => db.selectFrom("tea_leaf").select("cups"))
        .withoutPlugins()
        .selectFrom("w")
        .select("cups")
        .execute(),
      (
        await ctx.db
          .getExecutor()
          .withoutPlugins()
          .executeQuery(sql`SELECT cups FROM tea_leaf`.compile(ctx.db))
      ).rows,
      await ctx.db.connection().execute((db) => db.selectFrom("tea_leaf").select("cups").execute()),
    ]);
    expect(plain).toEqual(Array.from({ length: 4 }, () => [{ cups: 1 }]));
  });

  test("a built statement that PostgreSQL runs for us sees no more", async () => {
    const text = "SELECT cups FROM tea_leaf";
    const [row] = await as(
      (ctx) => ctx.sql<{ xml: string }>`SELECT query_to_xml(${text}, true, false, '')::text AS xml`,
    );
    expect(row?.xml.match(/<cups>/g)).toHaveLength(1);
  });

  test.each([
    "RESET ROLE",
    "SET ROLE NONE",
    "SET LOCAL ROLE NONE",
    "SELECT set_config('role', 'none', true)",
    "SET zg.tenant = '00000000-0000-0000-0000-000000000000'",
    "COMMIT",
    "ROLLBACK",
    "BEGIN",
    "COPY tea_leaf TO STDOUT",
    "DISCARD ALL",
    "DO $$ BEGIN END $$",
    "-- SELECT\nRESET ROLE",
    "/* SELECT */ RESET ROLE",
    "SELECT name INTO TEMP report FROM tea_leaf",
    "SELECT name INTO LOCAL TEMPORARY TABLE report FROM tea_leaf",
    "SELECT name INTO pg_temp.tea_leaf FROM tea_leaf",
    "SELECT pg_advisory_lock(7)",
    "SELECT pg_try_advisory_lock_shared(7)",
    "SELECT lo_from_bytea(0, 'oolong')",
  ])("leaving is refused: %s", async (text) => {
    await expect(as((ctx) => sql.raw(text).execute(ctx.db))).rejects.toThrow(
      /a ctx runs statements|leave the tenant|leave something/,
    );
  });

  test("two statements in one text are refused, without parameters too", async () => {
    await expect(as((ctx) => sql.raw("SELECT 1; RESET ROLE").execute(ctx.db))).rejects.toThrow(/multiple commands/);
  });

  test("the role owns nothing: no TRUNCATE, no DDL, no platform table, no becoming the owner", async () => {
    const refused = async (text: string) => {
      const error: unknown = await as((ctx) => sql.raw(`WITH x AS (SELECT 1) ${text}`).execute(ctx.db)).catch((e) => e);
      return String(error);
    };
    expect(await refused("SELECT * FROM kit_migration")).toMatch(/permission denied/);
    const [who] = await as(
      (ctx) => ctx.sql<{ me: string; may: boolean }>`
      SELECT current_user AS me, has_table_privilege('tea_leaf', 'TRUNCATE') AS may`,
    );
    expect(who).toEqual({ me: role, may: false });
  });

  test("a cursor reads the tenant's rows, however many, in batches", async () => {
    await as(
      (ctx) => ctx.sql`INSERT INTO tea_leaf (name, cups) SELECT 'leaf ' || n, n FROM generate_series(2, 1300) n`,
    );
    const cups: number[] = [];
    await as(async (ctx) => {
      for await (const row of ctx.stream(ctx.db.selectFrom("tea_leaf").select("cups").orderBy("cups")))
        cups.push(row.cups);
    });
    expect(cups).toEqual(Array.from({ length: 1300 }, (__, n) => n + 1));
  });

  test("ids rise within one statement, times are the ctx's", async () => {
    open.clock.advance(5_000);
    const rows = await as(
      (ctx) => ctx.sql<{ id: string; now: Date }>`
      INSERT INTO tea_leaf (name) SELECT 'x' FROM generate_series(1, 5000) RETURNING id, zg_now() AS now`,
    );
    expect(rows.map(({ id }) => id).toSorted()).toEqual(rows.map(({ id }) => id));
    expect(Math.abs(rows[0]!.now.getTime() - open.clock.now().getTime())).toBeLessThan(60_000);
    expect(Number.parseInt(rows[0]!.id.slice(0, 8) + rows[0]!.id.slice(9, 13), 16)).toBe(rows[0]!.now.getTime());
  });
});

test("an abandoned cursor gives its connection back", async () => {
  await mine.sql`INSERT INTO tea_leaf (name) SELECT 'x' FROM generate_series(1, 2000)`;
  for (let round = 0; round < 40; round++) {
    for await (const row of mine.stream(sql<{ name: string }>`SELECT name FROM tea_leaf`, 10)) {
      expect(row.name).toBeTypeOf("string");
      break;
    }
  }
  expect(await mine.db.selectFrom("tea_leaf").select("id").limit(1).execute()).toHaveLength(1);
});

test("a cursor whose connection is gone when it is left gives its place in the pool back", async () => {
  const rows = mine.stream(sql<{ pid: number }>`SELECT pg_backend_pid() AS pid FROM generate_series(1, 5000)`, 10);
  for await (const { pid } of rows) {
    await sql`SELECT pg_terminate_backend(${pid})`.execute(open.db);
    const left = async () =>
      (await sql<{ n: number }>`SELECT count(*) AS n FROM pg_stat_activity WHERE pid = ${pid}`.execute(open.db)).rows;
    await expect.poll(left).toEqual([{ n: 0 }]);
    break;
  }
  expect(await mine.sql`SELECT name FROM tea_leaf`).toHaveLength(1);
});

describe("what is kept of a transaction's ctx is worth nothing afterwards, rather than the owner's", () => {
  const text = sql<{ cups: number }>`SELECT cups FROM tea_leaf`;

  test("its db, a query of it, a stream of it", async () => {
    const kept = await mine.tx(async (ctx) => {
      const { db } = ctx;
      const query = db.selectFrom("tea_leaf").select("cups");
      return { db, query, rows: ctx.stream(query), rename: db.updateTable("tea_leaf").set({ name: "stolen" }) };
    });
    await expect(kept.db.selectFrom("tea_leaf").select("cups").execute()).rejects.toThrow(/is over/);
    await expect(kept.query.execute()).rejects.toThrow(/is over/);
    await expect(kept.rows.next()).rejects.toThrow(/is over/);
    await expect(text.execute(kept.db)).rejects.toThrow(/is over/);
    await expect(kept.rename.execute()).rejects.toThrow(/is over/);
    expect((await leaves()).rows.map(({ name }) => name)).toEqual(["oolong", "oolong"]);
  });

  test("a part of the work that goes on when another part has failed", async () => {
    const late = Promise.withResolvers<unknown>();
    const failing = mine.tx(async ({ db }) => {
      const after = Promise.withResolvers<void>();
      setTimeout(after.resolve, 100);
      void after.promise.then(() => db.selectFrom("tea_leaf").select("cups").execute()).then(late.resolve, late.reject);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await expect(late.promise).rejects.toThrow(/is over/);
  });

  test("a copy that wasn't awaited", async () => {
    const { copying } = await mine.tx(async (ctx) => {
      const begun = ctx.copyFrom("tea_leaf", ["name"], [["late"]]);
      begun.catch(() => {});
      return { copying: begun };
    });
    await expect(copying).rejects.toThrow(/is over/);
  });

  test("in an owner's transaction, when it has gone on to another tenant", async () => {
    await open.runtime.ownerTransaction(async (trx) => {
      const { db } = await trx.runAsTenant(mine, async (ctx) => ({ db: ctx.db }));
      await trx.runAsTenant(theirs, async () => {
        await expect(text.execute(db)).rejects.toThrow(/has left/);
      });
      await trx.query("SELECT 1");
      await expect(text.execute(db)).rejects.toThrow(/has left/);
    });
  });
});

describe("a stream in a transaction", () => {
  const many = sql<{ n: number }>`SELECT n FROM generate_series(1, 2000) AS n`;

  test("says that nothing else can be asked meanwhile, rather than wait for ever", async () => {
    await mine.tx(async (ctx) => {
      for await (const row of ctx.stream(many, 10)) {
        expect(row.n).toBe(1);
        await expect(ctx.sql`SELECT 1`).rejects.toThrow(/stream/);
        await expect(ctx.tx(async () => 1)).rejects.toThrow(/stream/);
        expect(() => ctx.stream(many)).toThrow(/stream/);
        break;
      }
      expect(await ctx.sql`SELECT 1 AS n`).toEqual([{ n: 1 }]);
    });
  });

  test("that was begun and forgotten doesn't keep the transaction from ending", async () => {
    const first = await mine.tx(async (ctx) => (await ctx.stream(many, 10).next()).value as { n: number });
    expect(first.n).toBe(1);
  });
});

describe("copyFrom", () => {
  test("takes what COPY's text must escape, fills in the defaults, and counts", async () => {
    const names = ["tab\there", "new\nline", String.raw`back\slash`, String.raw`\N`, "桂花", ""];
    const count = await mine.tx((ctx) =>
      ctx.copyFrom(
        "tea_leaf",
        ["name"],
        names.map((name) => [name]),
      ),
    );
    expect(count).toBe(names.length);
    const found = await mine.db.selectFrom("tea_leaf").select("name").where("name", "!=", "oolong").execute();
    expect(found.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });

  test("refuses another tenant's rows and rows of another width", async () => {
    const foreign = [[theirs.tenantId, "stolen"]];
    await expect(mine.tx((ctx) => ctx.copyFrom("tea_leaf", ["tenantId", "name"], foreign))).rejects.toThrow(
      /row-level security/,
    );
    await expect(mine.tx((ctx) => ctx.copyFrom("tea_leaf", ["name"], [["a", "b"]]))).rejects.toThrow(/2 values for 1/);
    expect((await leaves()).rows).toHaveLength(2);
  });
});

test("without a tenant the policies raise an error rather than show rows", async () => {
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query(`SET ROLE ${pg.escapeIdentifier(role)}`);
  await expect(client.query("SELECT * FROM tea_leaf")).rejects.toThrow(/zg.tenant/);
  await client.query("SET zg.tenant = ''");
  await expect(client.query("SELECT * FROM tea_leaf")).rejects.toThrow(/uuid/);
  await client.end();
});

test("a tenant's id that isn't one never reaches the database", async () => {
  const forged = open.runtime.ctx(`${mine.tenantId}'; RESET ROLE; --`);
  await expect(forged.sql`SELECT 1`).rejects.toThrow(/not a tenant's id/);
  await expect(forged.tx(async () => 1)).rejects.toThrow(/not a tenant's id/);
});

test("one owner's transaction goes from tenant to tenant and back", async () => {
  const seen = await open.runtime.ownerTransaction(async (trx) => {
    const read = (ctx: Ctx) => ctx.sql<{ cups: number }>`SELECT cups FROM tea_leaf`;
    const a = await trx.runAsTenant(mine, read);
    const b = await trx.runAsTenant(theirs, read);
    const failed = await trx
      .savepoint(() =>
        trx.runAsTenant(mine, async (ctx) => {
          await ctx.sql`DELETE FROM tea_leaf`;
          throw new Error("no");
        }),
      )
      .catch((error: unknown) => String(error));
    const all = await trx.query<{ cups: number }>("SELECT cups FROM tea_leaf ORDER BY 1");
    return [a, b, failed, all];
  });
  expect(seen).toEqual([[{ cups: 1 }], [{ cups: 7 }], "Error: no", [{ cups: 1 }, { cups: 7 }]]);
});
