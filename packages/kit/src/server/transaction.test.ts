import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { fault } from "../contract/fault.ts";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx, TxCtx } from "./ctx.ts";
import { scopeTables } from "./policies.ts";

interface PotTables {
  pot_tea: { tenantId: string; name: string; cups: number };
}
declare module "./tables.ts" {
  interface Tables extends PotTables {}
}

const nameTaken = fault("tea.name_taken", 409, { zh: "名称已被使用。", en: "The name is taken." });
const rounds = 400;
let open: OpenRuntime;
let ctx: Ctx;

beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query(`CREATE TABLE pot_tea (tenant_id uuid NOT NULL, name text NOT NULL, cups bigint NOT NULL DEFAULT 0,
    CONSTRAINT pot_name PRIMARY KEY (tenant_id, name), CONSTRAINT pot_cups CHECK (cups >= 0))`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]!.tenant_role, {});
  await client.end();
  ctx = open.runtime.ctx(newId(open.clock.now()));
});
afterAll(() => open.close());
beforeEach(() => sql`TRUNCATE pot_tea`.execute(open.db));

const insert = (inner: TxCtx | Ctx, name: string) => inner.sql`INSERT INTO pot_tea (name) VALUES (${name})`;
const names = async () => (await ctx.sql<{ name: string }>`SELECT name FROM pot_tea ORDER BY name`).map((t) => t.name);
const cups = async () => (await ctx.sql<{ cups: number }>`SELECT cups FROM pot_tea`)[0]?.cups;

describe("a transaction inside a transaction is a savepoint", () => {
  test("the inner one's failure undoes the inner one, and the outer one goes on", async () => {
    await ctx.tx(async (outer) => {
      await insert(outer, "outer");
      await expect(
        outer.tx(async (inner) => {
          await insert(inner, "inner");
          await inner.tx((innermost) => insert(innermost, "innermost"));
          throw new Error("no");
        }),
      ).rejects.toThrow("no");
      await outer.tx((inner) => insert(inner, "second"));
    });
    expect(await names()).toEqual(["outer", "second"]);
  });

  test("a statement that PostgreSQL refuses in it leaves the outer one usable", async () => {
    await ctx.tx(async (outer) => {
      await insert(outer, "once");
      await expect(outer.tx((inner) => insert(inner, "once"))).rejects.toMatchObject({ code: "23505" });
      await insert(outer, "after");
    });
    expect(await names()).toEqual(["after", "once"]);
  });

  test("the outer ctx and a second inner one are refused while the inner one is open", async () => {
    await ctx.tx(async (outer) => {
      await outer.tx(async () => {
        expect(() => outer.db).toThrow(/a nested transaction is open/);
        await expect(outer.tx(async () => 1)).rejects.toThrow(/a nested transaction is open/);
        expect(() => ctx.db).toThrow(/while a transaction is open/);
      });
    });
  });

  test(`${rounds} rounds of nested transactions, half of them failing: exactly the others are there`, async () => {
    await Promise.all(
      Array.from({ length: rounds }, (_, n) =>
        ctx.tx(async (outer) => {
          await insert(outer, `outer ${n}`);
          const inner = outer.tx(async (nested) => {
            await insert(nested, `inner ${n}`);
            if (n % 2 === 1) throw new Error("no");
          });
          await inner.catch(() => {});
        }),
      ),
    );
    const found = await names();
    expect(found.filter((name) => name.startsWith("outer"))).toHaveLength(rounds);
    expect(found.filter((name) => name.startsWith("inner"))).toHaveLength(rounds / 2);
    expect(found.filter((name) => /inner \d*[13579]$/.test(name))).toEqual([]);
  });
});

describe("two at once", () => {
  test(`${rounds} rounds of two who take one name: one has it, the other gets the fault`, async () => {
    const take = (name: string) => ctx.tx((inner) => insert(inner, name), { onUnique: nameTaken });
    for (let round = 0; round < rounds; round++) {
      const results = await Promise.allSettled([take(`tea ${round}`), take(`tea ${round}`)]);
      expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      const refused = results.find((result) => result.status === "rejected");
      expect(refused?.reason).toMatchObject({ code: "tea.name_taken" });
    }
  });

  test(`${rounds} rounds of read, add one, write under a lock lose nothing; another key doesn't wait`, async () => {
    await insert(ctx, "pot");
    const pour = () =>
      ctx.tx(async (inner) => {
        await inner.lock("tea.pot", "one");
        const [pot] = await inner.sql<{ cups: number }>`SELECT cups FROM pot_tea`;
        await inner.sql`UPDATE pot_tea SET cups = ${pot!.cups + 1}`;
      });
    await Promise.all(Array.from({ length: rounds }, pour));
    expect(await cups()).toBe(rounds);
    const [locked, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = ctx.tx(async (holder) => {
      await holder.lock("tea.pot", "one");
      locked.resolve();
      await done.promise;
    });
    await locked.promise;
    // Each of these would wait for ever if it were the same lock.
    await ctx.tx((inner) => inner.lock("tea.pot", "two"));
    await ctx.tx((inner) => inner.lock("tea.cup", "one"));
    await open.runtime.ctx(newId(open.clock.now())).tx((inner) => inner.lock("tea.pot", "one"));
    done.resolve();
    await holding;
  });

  test(`${rounds} serializable increments, sixteen at once, lose nothing: what failed ran again`, async () => {
    await insert(ctx, "pot");
    let runs = 0;
    const pour = () =>
      ctx.tx(
        async (inner) => {
          runs += 1;
          const [pot] = await inner.sql<{ cups: number }>`SELECT cups FROM pot_tea`;
          await inner.sql`UPDATE pot_tea SET cups = ${pot!.cups + 1}`;
        },
        { isolation: "serializable", retries: 200 },
      );
    for (let round = 0; round < rounds / 16; round++) await Promise.all(Array.from({ length: 16 }, pour));
    expect(await cups()).toBe(rounds);
    expect(runs).toBeGreaterThan(rounds);
  });

  test("a deadlock ends with both done", async () => {
    await insert(ctx, "black");
    await insert(ctx, "green");
    let met = 0;
    const both = Promise.withResolvers<void>();
    const pour = (first: string, second: string) =>
      ctx.tx(async (inner) => {
        await inner.sql`UPDATE pot_tea SET cups = cups + 1 WHERE name = ${first}`;
        if (++met === 2) both.resolve();
        await both.promise;
        await inner.sql`UPDATE pot_tea SET cups = cups + 1 WHERE name = ${second}`;
      });
    await Promise.all([pour("black", "green"), pour("green", "black")]);
    expect(await ctx.sql`SELECT name, cups FROM pot_tea ORDER BY name`).toEqual([
      { name: "black", cups: 2 },
      { name: "green", cups: 2 },
    ]);
  });
});

test("a fresh process that is asked more at once than its pool holds answers all of it", async () => {
  const fresh = await open.second();
  const tenants = Array.from({ length: 200 }, () => fresh.ctx(newId(open.clock.now())));
  const rows = await Promise.all(tenants.map((each) => each.sql`SELECT 1 AS one`));
  expect(rows).toHaveLength(200);
});

test("a fault by the key's name, and another violation stays what it is", async () => {
  await insert(ctx, "taken");
  const options = { onUnique: { pot_name: nameTaken({ field: "name" }) } };
  await expect(ctx.tx((inner) => insert(inner, "taken"), options)).rejects.toMatchObject({
    details: { field: "name" },
  });
  await expect(ctx.tx((inner) => insert(inner, "taken"), { onUnique: { other: nameTaken } })).rejects.toMatchObject({
    code: "23505",
  });
  await expect(ctx.tx((inner) => inner.sql`INSERT INTO pot_tea VALUES (DEFAULT, 'x', -1)`, options)).rejects.toThrow(
    /pot_cups/,
  );
});

test("a transaction that failed inside and was caught isn't taken for committed", async () => {
  const swallowed = ctx.tx(async (inner) => {
    await insert(inner, "once");
    await insert(inner, "once").catch(() => {});
  });
  await expect(swallowed).rejects.toThrow(/aborted|rolled back/);
  expect(await names()).toEqual([]);
});

describe("what is said to PostgreSQL before a statement", () => {
  test("costs no round trip: BEGIN, the tenant and the check at commit go along", async () => {
    const send = vi.spyOn(pg.Client.prototype, "query");
    try {
      const fresh = (await open.second()).ctx(ctx.tenantId);
      await insert(fresh, "zero");
      const before = send.mock.calls.length;
      await fresh.tx(async (inner) => {
        await insert(inner, "one");
        await insert(inner, "two");
      });
      await fresh.tx(async () => {});
      expect(send.mock.calls.length - before).toBe(3);
    } finally {
      send.mockRestore();
    }
  });

  test("and can't be done keeps everything after it from running, as the owner or at all", async () => {
    await insert(ctx, "pot");
    const [{ role } = { role: "" }] = (
      await sql<{ role: string }>`SELECT tenant_role AS role FROM kit_database`.execute(open.db)
    ).rows;
    const fresh = await open.second();
    const lost = fresh.ctx(ctx.tenantId);
    await sql`UPDATE kit_database SET tenant_role = 'nobody_here'`.execute(open.db);
    try {
      const pour = (inner: TxCtx) => inner.sql`UPDATE pot_tea SET cups = cups + 1`;
      const inTurn = lost.tx(async (inner) => {
        await expect(pour(inner)).rejects.toThrow(/nobody_here/);
        await expect(inner.tx(pour)).rejects.toThrow(/had not begun/);
        await expect(inner.stream(sql`SELECT 1`).next()).rejects.toThrow(/had not begun/);
        await expect(inner.copyFrom("pot_tea", ["name"], [["x"]])).rejects.toThrow(/had not begun/);
        await pour(inner);
      });
      await expect(inTurn).rejects.toThrow(/had not begun/);
      const atOnce = lost.tx(async (inner) => void (await Promise.allSettled([pour(inner), inner.lock("a", "b")])));
      await expect(atOnce).rejects.toThrow(/had not begun/);
    } finally {
      await sql`UPDATE kit_database SET tenant_role = ${role}`.execute(open.db);
    }
    expect(await cups()).toBe(0);
  });
});

describe("a lost connection", () => {
  /** Ends every other connection to this database. */
  const terminate = () =>
    sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`.execute(open.db);

  test("in an open transaction fails that transaction, and the next one finds a new connection", async () => {
    for (let round = 0; round < 20; round++) {
      const torn = ctx.tx(async (inner) => {
        await insert(inner, `torn ${round}`);
        const other = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
        other.on("error", () => {});
        await other.connect();
        await other.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
        await other.end();
        await insert(inner, `after ${round}`);
      });
      await expect(torn).rejects.toThrow();
      await ctx.tx((inner) => insert(inner, `next ${round}`));
    }
    expect(await names()).toEqual(Array.from({ length: 20 }, (_, n) => `next ${n}`).toSorted());
  });

  test("in a savepoint is what the caller is told, not that the savepoint couldn't be undone", async () => {
    const torn = ctx.tx((inner) =>
      inner.tx(async (innermost) => {
        const [row] = await innermost.sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`;
        const asleep = innermost.sql`SELECT pg_sleep(60)`;
        asleep.catch(() => {});
        const end = () =>
          sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pid = ${row?.pid} AND wait_event = 'PgSleep'`.execute(open.db);
        await expect.poll(async () => (await end()).rows).toHaveLength(1);
        await asleep;
      }),
    );
    await expect(torn).rejects.toMatchObject({ code: "57P01" });
  });

  test("while idle is replaced before anybody notices", async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => insert(ctx, `${n}`)));
    await terminate();
    await expect.poll(() => names().catch(() => "lost")).toHaveLength(10);
  });
});
