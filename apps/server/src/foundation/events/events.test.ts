import { event } from "@zhanggui/kit/contract/event";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

const spilled = event("tea.spilled.v1", z.object({ cup: z.int() }));
let server: TestServer;
let owner: Member;
let broken = true;
const mopped: number[] = [];

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"), {
    before: (runtime) =>
      runtime.on(spilled, "tea.mop", async (_, { cup }) => {
        if (broken) throw new Error("no mop");
        mopped.push(cup);
      }),
  });
  owner = await server.asOwner();
});
afterAll(() => server.close());

async function spill(cups: number[]): Promise<void> {
  const ctx = server.runtime.ctx(owner.tenantId, { traceId: "a".repeat(32) });
  for (const cup of cups) await ctx.tx((ctx) => ctx.emit(spilled, { cup }));
}

async function giveUp(): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    await server.runUntilIdle();
    server.clock.advance(3_600_000);
  }
}

test("the log shows an event, its trace and what became of it; page by page", async () => {
  await spill([1, 2, 3]);
  await server.runUntilIdle();
  const first = await owner.api.events.list({ name: spilled.name, limit: 2 });
  const second = await owner.api.events.list({ name: spilled.name, limit: 2, cursor: first.next! });
  expect([...first.items, ...second.items].map(({ payload }) => payload)).toEqual([{ cup: 3 }, { cup: 2 }, { cup: 1 }]);
  expect(second.next).toBeNull();
  expect(first.items[0]).toMatchObject({
    traceId: "a".repeat(32),
    actor: { kind: "system" },
    deliveries: [{ handler: "tea.mop", state: "pending", attempts: 1, lastError: "no mop" }],
  });
  expect((await owner.api.events.list({ traceId: "b".repeat(32) })).items).toEqual([]);
});

test("what a handler gave up on is a dead letter, and can be replayed one by one or all together", async () => {
  await giveUp();
  const dead = await owner.api.events.deadLetters({ limit: 2 });
  const rest = await owner.api.events.deadLetters({ limit: 2, cursor: dead.next! });
  const died = [...dead.items, ...rest.items].map(({ updatedAt }) => updatedAt);
  expect(died).toHaveLength(3);
  expect(died).toEqual(died.toSorted().toReversed());
  expect(dead.items[0]).toMatchObject({
    kind: "event",
    name: spilled.name,
    handler: "tea.mop",
    attempts: 10,
    lastError: "no mop",
  });
  broken = false;
  const { ref } = dead.items[0]!;
  const { payload } = await owner.api.events.get({ eventId: ref });
  expect(await owner.api.events.replay({ ref })).toEqual({ replayed: 1 });
  await server.runUntilIdle();
  expect(mopped.map((cup) => ({ cup }))).toEqual([payload]);
  expect(await owner.api.events.replay({ handler: "tea.mop" })).toEqual({ replayed: 2 });
  await server.runUntilIdle();
  expect(new Set(mopped)).toEqual(new Set([1, 2, 3]));
  expect(await owner.api.events.replay({})).toEqual({ replayed: 0 });
  expect((await owner.api.events.deadLetters()).items).toEqual([]);
});

test("dead letters are narrowed to a step, and some of them replayed by name", async () => {
  broken = true;
  await spill([5, 6, 7]);
  await giveUp();
  const { items } = await owner.api.events.deadLetters({ handler: "tea.mop" });
  expect(items).toHaveLength(3);
  expect(new Set(items.map(({ id }) => id)).size).toBe(3);
  expect((await owner.api.events.deadLetters({ handler: "tea.other" })).items).toEqual([]);
  expect((await owner.api.events.getFigures()).handlers).toEqual([{ handler: "tea.mop", count: 3, isMore: false }]);
  expect((await owner.api.events.deadLetters({ kind: "job" })).items).toEqual([]);
  const ids = items.slice(0, 2).map(({ id }) => id);
  const stranger = await server.asOwner();
  expect(await stranger.api.events.replaySome({ ids })).toMatchObject({ done: 0, gone: 2 });
  broken = false;
  expect(await owner.api.events.replaySome({ ids, preview: true })).toMatchObject({ done: 2, gone: 0 });
  expect(await owner.api.events.replaySome({ ids })).toMatchObject({ done: 2, gone: 0 });
  expect(await owner.api.events.replaySome({ ids })).toMatchObject({ done: 0, gone: 2 });
  expect((await owner.api.events.deadLetters({})).items.map(({ id }) => id)).toEqual([items[2]?.id]);
  expect(await owner.api.events.replaySome({ all: true, handler: "tea.other" })).toMatchObject({ done: 0 });
  expect(await owner.api.events.replaySome({ all: true, handler: "tea.mop" })).toMatchObject({ done: 1 });
  await server.runUntilIdle();
});

test("another tenant's dead letters are neither seen nor replayed", async () => {
  broken = true;
  await spill([4]);
  await giveUp();
  const stranger = await server.asOwner();
  expect((await stranger.api.events.deadLetters()).items).toEqual([]);
  expect(await stranger.api.events.replay({})).toEqual({ replayed: 0 });
  expect((await owner.api.events.deadLetters()).items).toHaveLength(1);
});
