import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { newId } from "../../contract/ids.ts";
import { addTasks, createPlainTable } from "../../testing/queue.ts";
import { openRuntime, type OpenRuntime } from "../../testing/runtime.ts";
import { kitTransaction } from "../ctx.ts";
import type { Runtime } from "../runtime.ts";
import type { InsideQueue } from "./definition.ts";

const rounds = 400;
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
const dead = () => open.db.selectFrom("kit_dead").select(["ref", "attempts", "lastError"]).orderBy("ref").execute();

describe("two processes on one queue", () => {
  test(`${rounds} rounds: each task runs once`, async () => {
    const ran = new Map<string, number>();
    const settings = {
      batch: 3,
      run: async (_: unknown, { ref }: { ref: string }) => void ran.set(ref, (ran.get(ref) ?? 0) + 1),
    };
    const queue = define(runtime, settings);
    const other = await open.second();
    define(other, settings);
    for (const each of [runtime, other]) await each.start({ work: false });
    const all: string[] = [];
    for (let round = 0; round < rounds; round++) {
      all.push(...(await addTasks(runtime, queue, tenantId, [undefined, undefined, undefined, undefined])));
      await Promise.all([runtime.runUntilIdle(), other.runUntilIdle()]);
    }
    expect(await left()).toEqual([]);
    expect([...ran.values()].every((times) => times === 1)).toBe(true);
    expect(ran.size).toBe(all.length);
  });

  test(`${rounds} rounds of keys: each in its order, and never two of one key at once`, async () => {
    const order = new Map<string, string[]>();
    const busy = new Set<string>();
    const overlaps: string[] = [];
    const settings = {
      keyed: true,
      batch: 2,
      run: async (_: unknown, { ref, key }: { ref: string; key: string | null }) => {
        const lane = key ?? "";
        if (busy.has(lane)) overlaps.push(ref);
        busy.add(lane);
        await new Promise((resolve) => setImmediate(resolve));
        order.set(lane, [...(order.get(lane) ?? []), ref]);
        busy.delete(lane);
      },
    };
    const queue = define(runtime, settings);
    const other = await open.second();
    define(other, settings);
    for (const each of [runtime, other]) await each.start({ work: true });
    const expected = new Map<string, string[]>();
    for (let round = 0; round < rounds; round++) {
      const keys = ["green", "black", "green", "black", "green"];
      const refs = await addTasks(runtime, queue, tenantId, keys);
      for (const [at, ref] of refs.entries()) expected.set(keys[at]!, [...(expected.get(keys[at]!) ?? []), ref]);
    }
    await expect.poll(left).toEqual([]);
    expect(overlaps).toEqual([]);
    expect(order).toEqual(expected);
  });

  test(`${rounds} rounds of two transactions that add to one key at once: both run, one after the other`, async () => {
    let under = 0;
    let most = 0;
    const ran: string[] = [];
    const settings = {
      keyed: true,
      run: async (_: unknown, { ref }: { ref: string }) => {
        most = Math.max(most, ++under);
        await new Promise((resolve) => setImmediate(resolve));
        ran.push(ref);
        under -= 1;
      },
    };
    const queue = define(runtime, settings);
    const other = await open.second();
    define(other, settings);
    for (const each of [runtime, other]) await each.start({ work: true });
    const added: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const both = [addTasks(runtime, queue, tenantId, ["oolong"]), addTasks(other, queue, tenantId, ["oolong"])];
      added.push(...(await Promise.all(both)).flat());
    }
    await expect.poll(left).toEqual([]);
    expect(most).toBe(1);
    expect(ran.toSorted()).toEqual(added.toSorted());
  });
});

describe("what fails", () => {
  test("is tried again with pauses, and is a dead letter after its attempts", async () => {
    const queue = define(runtime, {
      attempts: 3,
      backoffMs: () => 60_000,
      run: async () => {
        throw new Error("no tea");
      },
    });
    await runtime.start({ work: false });
    const [ref] = await addTasks(runtime, queue, tenantId, [undefined]);
    for (let attempt = 1; attempt < 3; attempt++) {
      await runtime.runUntilIdle();
      expect(await left()).toEqual([{ ref, attempts: attempt, lastError: "no tea" }]);
      open.clock.advance(60_000);
    }
    await runtime.runUntilIdle();
    expect(await left()).toEqual([]);
    expect(await dead()).toEqual([{ ref, attempts: 3, lastError: "no tea" }]);
  });

  test("doesn't undo its neighbours, which run in the same attempt", async () => {
    const done: string[] = [];
    let bad = "";
    const queue = define(runtime, {
      run: async (ctx, { ref }) => {
        await ctx.tx((inner) => inner.emitAll({ name: "x", payload: {} as never, keepDays: 14 }, []));
        if (ref === bad) throw new Error("cracked");
        done.push(ref);
      },
    });
    await runtime.start({ work: false });
    const refs = await addTasks(runtime, queue, tenantId, [undefined, undefined, undefined]);
    bad = refs[1]!;
    await runtime.runUntilIdle();
    expect(await left()).toEqual([{ ref: bad, attempts: 1, lastError: "cracked" }]);
    // The first pass was rolled back when the second task threw, so the first ran twice.
    expect(new Set(done)).toEqual(new Set([refs[0], refs[2]]));
  });

  test("holds back what has the same key, and nothing else; a batch's second pass keeps the order too", async () => {
    const committed: string[] = [];
    let fails = true;
    const names = new Map<string, string>();
    const queue = define(runtime, {
      keyed: true,
      backoffMs: () => 60_000,
      run: async (_, { ref }) => {
        if (fails && names.get(ref) === "a1") throw new Error("cracked");
        committed.push(names.get(ref)!);
      },
    });
    await runtime.start({ work: false });
    const refs = await addTasks(runtime, queue, tenantId, ["a", "a", "b", "a", "b"]);
    for (const [at, name] of ["a1", "a2", "b1", "a3", "b2"].entries()) names.set(refs[at]!, name);
    await runtime.runUntilIdle();
    expect((await left()).map(({ ref, attempts }) => [names.get(ref), attempts])).toEqual([
      ["a1", 1],
      ["a2", 0],
      ["a3", 0],
    ]);
    expect(committed.slice(-2)).toEqual(["b1", "b2"]);
    fails = false;
    committed.length = 0;
    await runtime.runUntilIdle();
    expect(committed).toEqual([]);
    open.clock.advance(60_000);
    await runtime.runUntilIdle();
    expect(committed).toEqual(["a1", "a2", "a3"]);
    expect(await open.db.selectFrom("kit_lane").selectAll().execute()).toEqual([]);
  });

  test.each([
    ["ends its own connection", "terminate"],
    ["makes the commit fail", "commit"],
    ["hangs, deaf to its signal", "hang"],
    ["hangs in the database", "sleep"],
  ] as const)("a task that %s dies after its attempts, and takes nobody with it", async (_, how) => {
    const { db } = open;
    await createPlainTable(db, "tea_cup", "id uuid UNIQUE DEFERRABLE INITIALLY DEFERRED");
    let bad = "";
    const aborted: string[] = [];
    const settings: Partial<InsideQueue> & Pick<InsideQueue, "run"> = {
      attempts: 3,
      timeoutMs: how === "terminate" || how === "commit" ? 30_000 : 60,
      backoffMs: () => 1000,
      run: async (ctx, { ref }) => {
        if (ref !== bad) return;
        const { query } = kitTransaction(ctx);
        ctx.signal.addEventListener("abort", () => aborted.push(ref));
        if (how === "terminate") {
          const [backend] = await query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
          await sql`SELECT pg_terminate_backend(${backend?.pid})`.execute(db);
          await query("SELECT 1");
        } else if (how === "commit") await query("INSERT INTO tea_cup VALUES ($1), ($1)", [ref]);
        else if (how === "sleep") await query("SELECT pg_sleep(600)");
        else await new Promise(() => {});
      },
    };
    const queue = define(runtime, settings);
    await runtime.start({ work: false });
    const refs = await addTasks(
      runtime,
      queue,
      tenantId,
      Array.from({ length: 5 }, () => undefined),
    );
    bad = refs[2]!;
    await runtime.runUntilIdle();
    // Where nobody can tell which task it was, each runs alone in the next attempt, at once.
    const attempts = how === "terminate" || how === "commit" ? 2 : 1;
    expect(await left()).toMatchObject([{ ref: bad, attempts }]);
    for (let attempt = attempts; attempt < 3; attempt++) {
      open.clock.advance(1000);
      await runtime.runUntilIdle();
    }
    expect(await left()).toEqual([]);
    expect(await dead()).toMatchObject([{ ref: bad, attempts: 3 }]);
    if (how === "hang" || how === "sleep") expect(aborted).toHaveLength(3);
    const { rows } = await (
      await import("kysely")
    ).sql`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND state <> 'idle' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`.execute(
      db,
    );
    expect(rows).toEqual([]);
  });

  test("what it is about may be gone: a dead letter at once", async () => {
    const queue = define(runtime, { load: async () => new Map(), run: async () => {} });
    await runtime.start({ work: false });
    await addTasks(runtime, queue, tenantId, [undefined]);
    await runtime.runUntilIdle();
    expect(await dead()).toMatchObject([{ attempts: 1, lastError: "what it is about is no longer there" }]);
  });
});
