import { Runtime } from "@zhanggui/kit/server/runtime";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { patient } from "../../../../../tests/setup/patience.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { type Mode, openReceiver, type Receiver, receiverEnv } from "../../testing/webhook-receiver.ts";
import { settingChanged } from "../settings/settings.events.ts";
import { Deliveries } from "./deliveries.ts";
import { pausesMs } from "./internal/schedule.ts";
import { Sender } from "./sender.ts";

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
const changed = settingChanged.name;

let server: TestServer;
let owner: Member;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await openReceiver();
  server = await openTestServer(inject("clusterUrl"), { env: receiverEnv });
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});
beforeEach(async () => {
  waitFor(20_000);
  receiver.reset();
  await renew();
  owner = await server.asOwner();
});
/** What waits for its time belongs to its test. */
afterEach(async () => {
  const { items } = await owner.api.webhooks.listEndpoints({ limit: 100 });
  for (const { id } of items) await owner.api.webhooks.deleteEndpoint({ endpointId: id });
  await server.runUntilIdle();
});

/** A machine that has other things to do may take its time, so only a receiver that hangs is given up soon. */
const waitFor = (timeoutMs: number) => Object.assign(server.app.get(Sender), { timeoutMs });
/** Processes say every hour what they listen to. */
const renew = () => server.runtime.registerSubscriptions();
const add = (path: string, more: object = {}, who = owner) =>
  who.api.webhooks.createEndpoint({ name: path, url: `${receiver.url}${path}`, events: [changed], ...more });
/** Emits so many events, numbered from `from`. */
const happen = (count: number, from = 0, who = owner) =>
  server.runtime.ctx(who.tenantId).tx((ctx) =>
    ctx.emitAll(
      settingChanged,
      range(count, from).map((version) => ({ key: "tea.pots", version })),
    ),
  );
const range = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);
const ascending = (a: number, b: number) => a - b;
async function turn(ms: number): Promise<void> {
  server.clock.advance(ms);
  await renew();
  await server.runUntilIdle();
}
/** Turns the clock step by step, as long as `stepMs` says. */
async function pass(ms: number, stepMs = minuteMs): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) await turn(stepMs);
}
const deliveries = async (query: object = {}) => (await owner.api.webhooks.listDeliveries(query)).items;
const states = async () => Object.groupBy(await deliveries({ limit: 100 }), ({ state }) => state);

test("a receiver that hangs, redirects to loopback, fails for an hour and comes back has got everything", async () => {
  const [plain, ordered] = [await add("/plain"), await add("/ordered", { isOrdered: true })];
  const count = 40;
  const both = (mode: Mode) => receiver.modes.set("/plain", mode).set("/ordered", mode);
  waitFor(300);
  both("hangs");
  await happen(4);
  await server.runUntilIdle();
  waitFor(20_000);
  both("redirects");
  await happen(count - 8, 4);
  await pass(2 * minuteMs);
  both("fails");
  await pass(hourMs);
  expect(receiver.taken).toEqual([]);
  expect(receiver.secretSeen).toBe(0);
  expect((await owner.api.webhooks.listEndpoints({})).items.map(({ state }) => state)).toEqual(["failing", "failing"]);
  both("takes");
  await happen(4, count - 4);
  await pass(13 * hourMs, 10 * minuteMs);
  // All arrived; in order where order was asked for.
  expect(receiver.numbers("/plain").toSorted(ascending)).toEqual(range(count));
  expect(receiver.numbers("/ordered")).toEqual(range(count));
  expect(Object.keys(await states())).toEqual(["delivered"]);
  expect((await owner.api.webhooks.listEndpoints({})).items.map(({ state }) => state)).toEqual(["active", "active"]);
  const [first] = (await deliveries({ endpointId: ordered.id, limit: 100 })).toReversed();
  const { tries } = await owner.api.webhooks.getDelivery({ deliveryId: first?.id ?? "" });
  expect(new Set(tries.map(({ outcome }) => outcome))).toEqual(new Set(["accepted", "answered", "timeout"]));
  expect(tries.find(({ status }) => status === 500)).toMatchObject({ excerpt: "out of tea" });
  // Sent again, all of one endpoint: previewed first, with the ids that they had.
  const before = new Set(receiver.taken.map(({ headers }) => headers["webhook-id"]));
  receiver.taken = [];
  const preview = await owner.api.webhooks.resendSome({ all: true, preview: true, endpointId: plain.id });
  expect(preview).toMatchObject({ done: count, passed: {} });
  await owner.api.webhooks.resendSome({ all: true, endpointId: plain.id });
  await server.runUntilIdle();
  expect(receiver.numbers("/plain").toSorted(ascending)).toEqual(range(count));
  expect(receiver.numbers("/ordered")).toEqual([]);
  for (const { headers } of receiver.taken) expect(before.has(headers["webhook-id"])).toBe(true);
});

test("it is tried ten times at the times of the specification, then given up, and can be sent again", async () => {
  await add("/erp", { isOrdered: true });
  receiver.modes.set("/erp", "fails");
  await happen(1);
  await server.runUntilIdle();
  for (const [at, pauseMs] of pausesMs.entries()) {
    expect(receiver.tried).toBe(at + 1);
    await turn(pauseMs - 1000);
    expect(receiver.tried, `after ${pauseMs} ms`).toBe(at + 1);
    await turn(pauseMs * 0.1 + 2000);
  }
  expect(receiver.tried).toBe(10);
  await turn(2 * dayMs);
  expect(receiver.tried).toBe(10);
  const [given] = await deliveries();
  expect(given).toMatchObject({ state: "failed", attempts: 10, status: 500, nextAt: null });
  receiver.modes.delete("/erp");
  await owner.api.webhooks.resend({ deliveryId: given?.id ?? "" });
  await server.runUntilIdle();
  expect(await deliveries()).toMatchObject([{ state: "delivered", attempts: 11 }]);
});

test("one that waits for its next try goes at once when it is sent again; a receiver may ask for more time", async () => {
  await add("/erp");
  receiver.modes.set("/erp", "busy");
  await happen(1);
  await server.runUntilIdle();
  await turn(hourMs);
  expect(receiver.tried).toBe(1);
  const [{ id, nextAt } = { id: "", nextAt: null }] = await deliveries();
  expect(new Date(nextAt ?? 0).getTime() - server.clock.now().getTime()).toBeGreaterThan(25 * minuteMs);
  receiver.modes.delete("/erp");
  await owner.api.webhooks.resend({ deliveryId: id });
  await server.runUntilIdle();
  expect(receiver.numbers("/erp")).toEqual([0]);
});

test("who answers 410 is told nothing any more, and whoever may see it hears of that", async () => {
  await add("/erp");
  receiver.modes.set("/erp", "gone");
  await happen(1);
  await server.runUntilIdle();
  const { items } = await owner.api.webhooks.listEndpoints({});
  expect(items).toMatchObject([{ enabled: false, disabledBecause: "gone", state: "disabled" }]);
  await happen(5, 1);
  await turn(dayMs);
  expect(receiver.tried).toBe(1);
  const { items: told } = await owner.api.notifications.list({});
  expect(told.filter(({ link }) => link === "/webhooks")).toHaveLength(1);
});

test("after five days of failures it is switched off; what waits goes on, and what was missed is replayed", async () => {
  const { id: endpointId } = await add("/erp");
  receiver.modes.set("/erp", "fails");
  for (let day = 0; day < 6; day++) {
    await happen(1, day);
    await server.runUntilIdle();
    await turn(dayMs);
  }
  const since = server.clock.now().toISOString();
  expect((await owner.api.webhooks.listEndpoints({})).items).toMatchObject([
    { enabled: false, disabledBecause: "failing" },
  ]);
  await happen(700, 100);
  // Nobody keeps a task for it meanwhile; what waited is kept.
  await turn(2 * dayMs);
  const { paused = [] } = await states();
  expect(paused.length).toBeGreaterThan(0);
  receiver.modes.delete("/erp");
  await owner.api.webhooks.updateEndpoint({ endpointId, enabled: true });
  await server.runUntilIdle();
  const late = receiver.numbers("/erp");
  expect(late).toHaveLength(paused.length);
  const span = { endpointId, since, until: new Date(server.clock.now().getTime() + hourMs).toISOString() };
  expect(await owner.api.webhooks.countMissed(span)).toEqual({ events: 700, isMore: false });
  receiver.taken = [];
  await owner.api.webhooks.replayMissed(span);
  await server.runUntilIdle();
  expect(receiver.numbers("/erp").toSorted(ascending)).toEqual(range(700, 100));
  expect(await owner.api.webhooks.countMissed(span)).toEqual({ events: 0, isMore: false });
  await owner.api.webhooks.replayMissed(span);
  await server.runUntilIdle();
  expect(receiver.taken).toHaveLength(700);
});

test("a replay of many costs each of them the same", async () => {
  const { id: endpointId } = await add("/erp");
  const set = (enabled: boolean) => owner.api.webhooks.updateEndpoint({ endpointId, enabled });
  await set(false);
  const since = server.clock.now().toISOString();
  for (const from of range(3)) await happen(1000, from * 1000);
  await set(true);
  const until = new Date(server.clock.now().getTime() + minuteMs).toISOString();
  const ctx = server.runtime.ctx(owner.tenantId);
  const begun = performance.now();
  await server.app.get(Deliveries).replayMissed(ctx, { endpointId, since, until });
  // Asked of each anew whether it was told, it took half a minute.
  expect(performance.now() - begun).toBeLessThan(patient(15_000));
  expect(await ctx.sql`SELECT count(*)::int AS n FROM webhooks_delivery`).toEqual([{ n: 3000 }]);
});

test("an event that is handled twice is told once; a server that dies in the middle tells it again, with one id", async () => {
  await add("/erp");
  await happen(3);
  await server.runUntilIdle();
  await server.runtime.replayEvents("webhooks.fan_out", new Date(0), owner.tenantId);
  await server.runUntilIdle();
  expect(receiver.numbers("/erp").toSorted(ascending)).toEqual([0, 1, 2]);
  receiver.modes.set("/erp", "hangs");
  const dying = await openTestServer(inject("clusterUrl"), {
    databaseUrl: server.databaseUrl,
    clock: server.clock,
    work: true,
    env: receiverEnv,
  });
  await happen(1, 3);
  await expect.poll(() => receiver.tried).toBe(4);
  await dying.app.get(Runtime).stop({ deadlineMs: 0 });
  receiver.modes.delete("/erp");
  await turn(2 * minuteMs);
  expect(receiver.numbers("/erp").toSorted(ascending)).toEqual([0, 1, 2, 3]);
  await dying.close();
});

test("a receiver that hangs keeps the tenant's others waiting no longer than a moment", async () => {
  await add("/hangs");
  await add("/well");
  waitFor(300);
  receiver.modes.set("/hangs", "hangs");
  await happen(60);
  await server.runUntilIdle();
  expect(receiver.numbers("/well").toSorted(ascending)).toEqual(range(60));
  // Some were receiver.tried; the rest waits until one of them says how it is.
  const hanging = receiver.tried - 60;
  expect(hanging).toBeGreaterThan(4);
  expect(hanging).toBeLessThan(40);
});

test("an endpoint that is switched off and on while its deliveries begin leaves none of them behind", async () => {
  const { id: endpointId } = await add("/erp");
  const set = (enabled: boolean) => owner.api.webhooks.updateEndpoint({ endpointId, enabled });
  for (let round = 0; round < 40; round++) {
    await happen(4, round);
    // They are made, and begin while it is off; or, some of them, when it is on again.
    await Promise.all([server.runUntilIdle(), set(false).then(() => set(true))]);
    await server.runUntilIdle();
    expect(Object.keys(await states())).toEqual(["delivered"]);
  }
});

test("in order nothing overtakes what was held up while its endpoint was off", async () => {
  const { id: endpointId } = await add("/erp", { isOrdered: true });
  const set = (enabled: boolean) => owner.api.webhooks.updateEndpoint({ endpointId, enabled });
  receiver.modes.set("/erp", "fails");
  await happen(8);
  await server.runUntilIdle();
  await set(false);
  await turn(hourMs);
  expect(Object.keys(await states())).toContain("paused");
  receiver.modes.delete("/erp");
  await set(true);
  // Told of before anything of what waits is on its way again.
  await happen(3, 8);
  await server.runUntilIdle();
  expect(receiver.numbers("/erp")).toEqual(range(11));
  for (let from = 11; from < 251; from += 6) {
    await happen(3, from);
    await Promise.all([server.runUntilIdle(), set(false).then(() => set(true)), happen(3, from + 3)]);
    await server.runUntilIdle();
    expect(Object.keys(await states())).toEqual(["delivered"]);
  }
  // What happened while it was off wasn't told; what was came in order.
  const told = receiver.numbers("/erp");
  expect(told).toEqual(told.toSorted(ascending));
  expect(told.length).toBeGreaterThan(120);
});

test("so it is when what was held up is freed batch by batch while another server sends", async () => {
  const sizes = { batch: 5 };
  Object.assign(server.app.get(Deliveries), sizes);
  const other = await openTestServer(inject("clusterUrl"), {
    databaseUrl: server.databaseUrl,
    clock: server.clock,
    work: true,
    env: receiverEnv,
  });
  Object.assign(other.app.get(Deliveries), sizes);
  const { id: endpointId } = await add("/erp", { isOrdered: true });
  const set = (enabled: boolean) => owner.api.webhooks.updateEndpoint({ endpointId, enabled });
  const count = 60;
  const all = async () => Object.keys(await states());
  for (let round = 0; round < 8; round += 1) {
    receiver.taken = [];
    receiver.modes.set("/erp", "fails");
    await happen(count);
    await expect.poll(async () => (await deliveries({ limit: 100, state: ["waiting"] })).length).toBe(count);
    await set(false);
    server.clock.advance(hourMs);
    await server.runUntilIdle();
    await expect.poll(all).not.toContain("waiting");
    receiver.modes.delete("/erp");
    await set(true);
    await expect.poll(() => receiver.numbers("/erp").length).toBe(count);
    expect(receiver.numbers("/erp")).toEqual(range(count));
  }
  // What was asked of one that is gone by then ends without a word.
  const span = { endpointId, since: new Date(0).toISOString(), until: server.clock.now().toISOString() };
  await owner.api.webhooks.replayMissed(span);
  await owner.api.webhooks.deleteEndpoint({ endpointId });
  await server.runUntilIdle();
  expect(await server.runtime.unscopedDb().selectFrom("kit_dead").select("queue").execute()).toEqual([]);
  await other.close();
});

test("what is kept no longer is deleted, what still waits isn't", async () => {
  await add("/erp");
  await happen(1);
  await server.runUntilIdle();
  const { id: endpointId } = await add("/off");
  receiver.modes.set("/off", "fails");
  await happen(1, 1);
  await server.runUntilIdle();
  await owner.api.webhooks.updateEndpoint({ endpointId, enabled: false });
  await turn(hourMs);
  server.clock.advance(91 * dayMs);
  await server.runtime.runSchedule("settings.prune");
  expect((await deliveries()).map(({ state }) => state)).toEqual(["paused"]);
});
