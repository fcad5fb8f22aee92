import { sql } from "kysely";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Runtime } from "./runtime.ts";
import { nextTime } from "./schedules.ts";

const at = (text: string) => new Date(text);

test.each([
  ["0 9 * * 1", "Asia/Shanghai", "2026-11-24T00:00:00Z", "2026-11-30T01:00:00.000Z"],
  ["17 3 * * *", "UTC", "2026-11-24T03:17:00Z", "2026-11-25T03:17:00.000Z"],
  ["0 0 1 * *", "Asia/Shanghai", "2026-11-24T00:00:00Z", "2026-11-30T16:00:00.000Z"],
  // In Berlin half past two doesn't exist on the last Sunday of March, and comes twice on that of October.
  ["30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z"],
  ["30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z"],
])("%s in %s after %s is %s", (cron, timeZone, from, next) => {
  expect(nextTime({ cron, timeZone }, at(from)).toISOString()).toBe(next);
});

test.each([
  ["61 * * * *", "UTC"],
  ["* * * * * *", "UTC"],
  ["0 0 30 2 *", "UTC"],
  ["0 9 * * *", "Mars/Olympus"],
])("%s in %s is refused", (cron, timeZone) => {
  expect(() => nextTime({ cron, timeZone }, at("2026-01-01T00:00:00Z"))).toThrow();
});

let open: OpenRuntime;
let runtime: Runtime;
beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  runtime = open.runtime;
});
afterEach(() => open.close());

const schedule = (name: string) =>
  open.db
    .selectFrom("kit_schedule")
    .innerJoin("kit_task", "kit_task.ref", "kit_schedule.id")
    .select(["kit_schedule.lastError", "dueAt", "attempts", "lease"])
    .select(sql<boolean>`due_at = date_trunc('minute', due_at)`.as("isOnTheMinute"))
    .where("name", "=", name)
    .executeTakeFirst();

test("of two processes one runs it at its time, again and again; one that fails is noted and comes again", async () => {
  let ran = 0;
  // The clock goes on by itself, too: close before a time it would come once more.
  open.clock.advance(6 * 60_000 - (open.clock.now().getTime() % (5 * 60_000)));
  const other = await open.second();
  for (const each of [runtime, other]) {
    each.schedule("tea.count", "*/5 * * * *", async () => {
      ran += 1;
      if (ran === 2) throw new Error("lost count");
    });
    await each.start({ work: true });
  }
  expect(ran).toBe(0);
  for (let turn = 1; turn <= 3; turn++) {
    open.clock.advance(5 * 60_000);
    await Promise.all([runtime.runUntilIdle(), other.runUntilIdle()]);
    await expect.poll(() => ran, { interval: 5 }).toBe(turn);
    await expect.poll(async () => (await schedule("tea.count"))?.lease, { interval: 5 }).toBe(null);
    expect(await schedule("tea.count")).toMatchObject({ attempts: 0, lastError: turn === 2 ? "lost count" : null });
    // On the minute to the microsecond: one that comes a little early may end before its time, and would come again.
    const next = (await schedule("tea.count"))!;
    expect(next).toMatchObject({ isOnTheMinute: true });
    expect(next.dueAt!.getTime()).toBeGreaterThan(open.clock.now().getTime());
  }
});

test("what was missed while no process ran is made up for once; a changed time counts from then on", async () => {
  let ran = 0;
  runtime.schedule("tea.count", "0 9 * * *", async () => void (ran += 1), { timeZone: "Asia/Shanghai" });
  await runtime.start({ work: true });
  const db = (await open.second()).unscopedDb();
  open = { ...open, db };
  await runtime.stop();
  open.clock.advance(5 * 86_400_000);
  const next = await open.second();
  next.schedule("tea.count", "0 9 * * *", async () => void (ran += 1), { timeZone: "Asia/Shanghai" });
  await next.start({ work: true });
  await next.runUntilIdle();
  await expect.poll(async () => (await schedule("tea.count"))?.lease, { interval: 5 }).toBe(null);
  expect(ran).toBe(1);
  const changed = await open.second();
  changed.schedule("tea.count", "30 18 * * *", async () => void (ran += 1), { timeZone: "Europe/Berlin" });
  await changed.start({ work: true });
  const { dueAt } = (await schedule("tea.count"))!;
  expect(dueAt).toEqual(nextTime({ cron: "30 18 * * *", timeZone: "Europe/Berlin" }, open.clock.now()));
});

test("a tenant's own times are its own, in its zone, and can be taken away", async () => {
  const ran: string[] = [];
  runtime.schedules.addForTenants("tea.report", async (ctx) => void ran.push(ctx.tenantId));
  await runtime.start({ work: false });
  const [a, b] = [newId(open.clock.now()), newId(open.clock.now())].map((id) => runtime.ctx(id));
  const times = { cron: "0 9 * * *", timeZone: "Asia/Shanghai" };
  await a!.tx((ctx) => runtime.schedules.set(ctx, "tea.report", times));
  await b!.tx((ctx) => runtime.schedules.set(ctx, "tea.report", { ...times, timeZone: "America/New_York" }));
  const step = async (ms: number) => {
    open.clock.advance(ms);
    await runtime.runUntilIdle();
  };
  const untilNine = nextTime(times, open.clock.now()).getTime() - open.clock.now().getTime();
  await step(untilNine - 1000);
  const before = ran.filter((id) => id === a!.tenantId).length;
  await step(1000);
  expect(ran.filter((id) => id === a!.tenantId)).toHaveLength(before + 1);
  await step(86_400_000);
  expect(ran.filter((id) => id === b!.tenantId).length).toBeGreaterThan(0);
  await a!.tx((ctx) => runtime.schedules.clear(ctx, "tea.report"));
  ran.length = 0;
  await step(86_400_000);
  expect(ran).toEqual([b!.tenantId]);
  const unknown = a!.tx((ctx) => runtime.schedules.set(ctx, "tea.unknown", times));
  await expect(unknown).rejects.toThrow("no module");
});
