import { sql } from "kysely";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { newId } from "../../contract/ids.ts";
import { addBacklog, addTasks, createPlainTable } from "../../testing/queue.ts";
import { openRuntime, type OpenRuntime } from "../../testing/runtime.ts";
import { TurnableClock } from "../clock.ts";
import { kitTransaction } from "../ctx.ts";
import type { Runtime } from "../runtime.ts";
import type { InsideQueue } from "./definition.ts";

let open: OpenRuntime;
let runtime: Runtime;
let tenantId: string;

beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  runtime = open.runtime;
  tenantId = newId(open.clock.now());
});
afterEach(() => open.close());

function define(on: Runtime, settings: Partial<InsideQueue> & Pick<InsideQueue, "run">): string {
  on.queue({ name: "tea.pots", effect: "inside", ...settings });
  return "tea.pots";
}
const left = () =>
  open.db
    .selectFrom("kit_task")
    .select(["ref", "attempts", "lastError"])
    .where("queue", "=", "tea.pots")
    .orderBy("seq")
    .execute();

describe("fairness", () => {
  const crowd = 50;

  test.each([
    ["without keys", false],
    ["with keys", true],
  ])(
    "%s, fifty tenants with one task each are served within a few claims, behind another's backlog",
    async (_, keyed) => {
      const order: string[] = [];
      define(runtime, { keyed, concurrency: 1, batch: 20, run: async (ctx) => void order.push(ctx.tenantId) });
      await runtime.start({ work: false });
      await addBacklog(
        open.db,
        "tea.pots",
        tenantId,
        Array.from({ length: 3000 }, (__, n) => (keyed ? `k${n}` : null)),
      );
      const others = Array.from({ length: crowd }, () => newId(new Date()));
      for (const other of others) await addBacklog(open.db, "tea.pots", other, [keyed ? "k" : null]);
      await runtime.runUntilIdle();
      const lastOfOthers = order.findLastIndex((id) => id !== tenantId);
      expect(order).toHaveLength(3000 + crowd);
      // Five claims of twenty, which is a turn of fifty-one tenants and the batches that were under way.
      expect(lastOfOthers).toBeLessThan(5 * 20);
    },
  );

  test("hundreds of keys in a row that wait don't hide the one that is free", async () => {
    const ran: (string | null)[] = [];
    define(runtime, { keyed: true, concurrency: 1, batch: 5, run: async (__, { key }) => void ran.push(key) });
    await runtime.start({ work: false });
    const blocked = Array.from({ length: 1100 }, (__, n) => `a${String(n).padStart(5, "0")}`);
    await addBacklog(open.db, "tea.pots", tenantId, [...blocked, "b"]);
    const until = new Date(open.clock.now().getTime() + 3_600_000);
    for (let from = 0; from < blocked.length; from += 500) {
      const lanes = blocked.slice(from, from + 500).map((key) => ({ tenantId, queue: "tea.pots", key, until }));
      await open.db.insertInto("kit_lane").values(lanes).execute();
    }
    await runtime.runUntilIdle();
    expect(ran).toEqual(["b"]);
  });
});

test("nobody sits in a transaction with a tenant that is known to be slow", async () => {
  const quick = Array.from({ length: 5 }, () => newId(open.clock.now()));
  // A batch goes by tenant, so it comes last.
  const slow = newId(open.clock.now());
  let transactions = new Map<string, Set<string>>();
  const queue = define(runtime, {
    run: async (ctx) => {
      const [row] = await kitTransaction(ctx).query<{ id: string }>("SELECT pg_current_xact_id()::text AS id");
      if (row === undefined) return;
      const tenants = transactions.get(row.id) ?? new Set<string>();
      transactions.set(row.id, tenants);
      tenants.add(ctx.tenantId);
      // Time is what this is about.
      if (ctx.tenantId === slow) await new Promise((resolve) => setTimeout(resolve, 30));
    },
  });
  await runtime.start({ work: false });
  const round = async (): Promise<Set<string>[]> => {
    transactions = new Map();
    for (const each of [slow, ...quick]) await addBacklog(open.db, queue, each, [null, null, null, null]);
    await runtime.runUntilIdle();
    return [...transactions.values()];
  };
  const before = await round();
  expect(before.some((tenants) => tenants.has(slow) && tenants.size > 1)).toBe(true);
  const after = await round();
  expect(after.filter((tenants) => tenants.has(slow) && tenants.size > 1)).toEqual([]);
  expect(await left()).toEqual([]);
});

describe("leases", () => {
  test("are renewed while a handler runs: nobody else takes what it works on", async () => {
    let starts = 0;
    const settings = {
      leaseMs: 300,
      run: async () => {
        starts += 1;
        const dueAt = async () =>
          (await open.db.selectFrom("kit_task").select("dueAt").executeTakeFirstOrThrow()).dueAt!;
        const first = await dueAt();
        // Three renewals, while the other process looks for work all the time.
        await expect
          .poll(async () => (await dueAt()).getTime(), { interval: 5 })
          .toBeGreaterThan(first.getTime() + 300);
      },
    };
    const queue = define(runtime, settings);
    const other = await open.second();
    define(other, settings);
    for (const each of [runtime, other]) await each.start({ work: false });
    await addTasks(runtime, queue, tenantId, [undefined]);
    let over = false;
    const run = runtime.runUntilIdle().finally(() => (over = true));
    await expect.poll(() => starts, { interval: 1 }).toBe(1);
    while (!over) await other.runUntilIdle();
    await run;
    expect(starts).toBe(1);
    expect(await left()).toEqual([]);
  });

  test("that another process's turned clock ends are lost: the handler is told, and its work is undone", async () => {
    await createPlainTable(open.db, "tea_cup", "by text");
    const told = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const queue = define(runtime, {
      // So long that the other one comes while it holds, on a machine that is busy with something else.
      leaseMs: 3_000,
      // Or this process may be the one that takes what the other one's clock has made ready again.
      concurrency: 1,
      run: async (ctx) => {
        await kitTransaction(ctx).query("INSERT INTO tea_cup VALUES ('first')");
        ctx.signal.addEventListener("abort", () => told.resolve());
        begun.resolve();
        await told.promise;
      },
    });
    const later = new TurnableClock(3_600_000);
    const other = await open.second(later);
    define(other, {
      run: async (ctx) => void (await kitTransaction(ctx).query("INSERT INTO tea_cup VALUES ('second')")),
    });
    for (const each of [runtime, other]) await each.start({ work: false });
    await addTasks(runtime, queue, tenantId, [undefined]);
    const run = runtime.runUntilIdle();
    await begun.promise;
    await other.runUntilIdle();
    await run;
    const { rows } = await sql`SELECT by FROM tea_cup`.execute(open.db);
    expect(rows).toEqual([{ by: "second" }]);
    expect(await left()).toEqual([]);
  });
});

describe("the end of a process", () => {
  test("lets a batch end at the next task, and gives the rest back untouched", async () => {
    const first = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let ran = 0;
    const queue = define(runtime, {
      run: async () => {
        ran += 1;
        first.resolve();
        await go.promise;
      },
    });
    await runtime.start({ work: true });
    const refs = await addTasks(runtime, queue, tenantId, [undefined, undefined, undefined]);
    await first.promise;
    const db = (await open.second()).unscopedDb();
    const stopped = runtime.stop({ deadlineMs: 60_000 });
    go.resolve();
    await stopped;
    expect(ran).toBe(1);
    const rest = await db
      .selectFrom("kit_task")
      .where("queue", "=", "tea.pots")
      .select(["ref", "attempts", "lease", "dueAt"])
      .orderBy("seq")
      .execute();
    expect(rest).toEqual(refs.slice(1).map((ref) => ({ ref, attempts: 0, lease: null, dueAt: null })));
  });

  test("takes no more work, and still tells others of what it commits", async () => {
    let ran = 0;
    const queue = define(runtime, { run: async () => void (ran += 1) });
    await runtime.start({ work: true });
    await runtime.stopWork({ deadlineMs: 60_000 });
    const listener = new pg.Client({ connectionString: runtime.env.DATABASE_URL });
    await listener.connect();
    const told = Promise.withResolvers<string | undefined>();
    listener.on("notification", ({ payload }) => told.resolve(payload));
    await listener.query("LISTEN kit_queue");
    await addTasks(runtime, queue, tenantId, [undefined]);
    expect(await told.promise).toBe('["tea.pots"]');
    await listener.end();
    expect(ran).toBe(0);
    const other = await open.second();
    define(other, { run: async () => void (ran += 1) });
    await other.start({ work: false });
    await other.runUntilIdle();
    expect(ran).toBe(1);
  });

  test("cuts off at its deadline what doesn't end, under load; others do it then", async () => {
    const started = Promise.withResolvers<void>();
    const queue = define(runtime, {
      batch: 1,
      run: async () => {
        started.resolve();
        await new Promise(() => {});
      },
    });
    await runtime.start({ work: true });
    await addTasks(
      runtime,
      queue,
      tenantId,
      Array.from({ length: 20 }, () => undefined),
    );
    await started.promise;
    await runtime.stop({ deadlineMs: 20 });
    let ran = 0;
    const other = await open.second();
    define(other, { run: async (_, { attempt }) => void (ran += attempt) });
    await other.start({ work: false });
    await other.runUntilIdle();
    expect(ran).toBe(20);
  });
});
