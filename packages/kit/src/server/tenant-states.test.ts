import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { addTasks } from "../testing/queue.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { QueueDefinition } from "./queue/definition.ts";
import type { TenantTerms } from "./tenant-states.ts";

/*
 * Tenants that read only: which tasks of theirs wait, that others' don't wait with them, and that all that waited is
 * done once when they may write again.
 */
let open: OpenRuntime;
/** One whose terms change, and one that nothing befalls. */
let [held, free]: [string, string] = ["", ""];
const terms = new Map<string, TenantTerms & { id: string }>();
const done: string[] = [];
beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  [held, free] = [newId(open.clock.now()), newId(open.clock.now())];
  done.length = 0;
  terms.clear();
  agree({});
  open.runtime.tenants.readBy(async (id) => [...terms.values()].filter((each) => id === undefined || each.id === id));
});
afterEach(() => open.close());

function agree(changed: Partial<TenantTerms>): void {
  terms.set(held, { id: held, plan: "basic", expiresAt: null, suspendedAt: null, limits: {}, ...changed });
}
const after = (ms: number): Date => new Date(open.clock.now().getTime() + ms);
const whose = (id: string): string => (id === held ? "held" : "free");
const outside = (name: string, more: Partial<QueueDefinition> = {}): QueueDefinition => ({
  name,
  effect: "outside",
  begin: async (_, { ref }) => ({ item: ref }),
  run: async () => {},
  settle: async (_, { tenantId }) => void done.push(whose(tenantId)),
  ...(more as object),
});
const inside = (name: string, more: Partial<QueueDefinition> = {}): QueueDefinition => ({
  name,
  effect: "inside",
  run: async (_, { tenantId }) => void done.push(whose(tenantId)),
  ...(more as object),
});
const waits = { waitsWhileReadOnly: true };

test.each<[kind: string, queue: QueueDefinition, key: string | undefined]>([
  ["outside", outside("tea.calls", waits), undefined],
  ["outside, in order", outside("tea.ordered_calls", { ...waits, keyed: true }), "cup"],
  ["inside", inside("tea.rows", waits), undefined],
  ["inside, in order", inside("tea.ordered_rows", { ...waits, keyed: true }), "cup"],
])(
  "tasks of a queue that waits (%s) are passed over, others' are done; each of them once afterwards",
  async (...of) => {
    const [, queue, key] = of;
    const { runtime } = open;
    runtime.queue(queue);
    agree({ suspendedAt: after(0) });
    await runtime.start({ work: false });
    for (const tenantId of [held, free, held, free]) await addTasks(runtime, queue.name, tenantId, [key, key]);
    await runtime.runUntilIdle();
    expect(done).toEqual(["free", "free", "free", "free"]);
    agree({});
    await runtime.tenants.look(held);
    await runtime.runUntilIdle();
    expect(done.slice(4)).toEqual(["held", "held", "held", "held"]);
    expect(await open.db.selectFrom("kit_task").select("ref").where("queue", "=", queue.name).execute()).toEqual([]);
  },
);

test("a queue that says nothing goes on: what was received is worked off", async () => {
  const { runtime } = open;
  runtime.queue(inside("tea.received"));
  agree({ suspendedAt: after(0) });
  await runtime.start({ work: false });
  await addTasks(runtime, "tea.received", held, [undefined]);
  await runtime.runUntilIdle();
  expect(done).toEqual(["held"]);
});

test("what was tried before waits too, and a worker that works by itself goes on when it is told", async () => {
  const { runtime } = open;
  let fails = true;
  const failing = outside("tea.failing", {
    ...waits,
    run: async () => {
      if (fails) throw new Error("engaged");
    },
  });
  runtime.queue(failing);
  await runtime.start({ work: true });
  await addTasks(runtime, "tea.failing", held, [undefined]);
  const attempts = async () => (await open.db.selectFrom("kit_task").selectAll().execute()).at(-1)?.attempts;
  await expect.poll(attempts).toBe(1);
  agree({ suspendedAt: after(0) });
  await runtime.tenants.look(held);
  fails = false;
  open.clock.advance(3_600_000);
  await addTasks(runtime, "tea.failing", free, [undefined]);
  await expect.poll(() => done).toEqual(["free"]);
  agree({});
  await runtime.tenants.look(held);
  await expect.poll(() => done).toEqual(["free", "held"]);
});

test("an end that comes with time comes at that very moment, told by nobody; a suspension is said first", async () => {
  const { tenants } = open.runtime;
  agree({ expiresAt: after(60_000) });
  await tenants.look();
  expect([tenants.whyReadOnly(held), tenants.readOnlyIds]).toEqual([undefined, []]);
  open.clock.advance(59_000);
  expect(tenants.isReadOnly(held)).toBe(false);
  open.clock.advance(1_000);
  expect([tenants.whyReadOnly(held), tenants.readOnlyIds]).toEqual(["expired", [held]]);
  agree({ expiresAt: after(-1), suspendedAt: after(-1) });
  await tenants.look(held);
  expect(tenants.whyReadOnly(held)).toBe("suspended");
  expect(tenants.isReadOnly(free)).toBe(false);
});

test("a schedule of a tenant's own waits, and is made up once", async () => {
  const { runtime } = open;
  let runs = 0;
  runtime.schedules.addForTenants("tea.brew", async () => void (runs += 1));
  agree({ suspendedAt: after(0) });
  await runtime.start({ work: false });
  const times = { cron: "*/10 * * * *", timeZone: "UTC" };
  await runtime.ctx(held).tx((ctx) => runtime.schedules.set(ctx, "tea.brew", times));
  for (let tenMinutes = 0; tenMinutes < 5; tenMinutes += 1) {
    open.clock.advance(600_000);
    await runtime.runUntilIdle();
  }
  expect(runs).toBe(0);
  agree({});
  await runtime.tenants.look(held);
  await runtime.runUntilIdle();
  expect(runs).toBe(1);
});
