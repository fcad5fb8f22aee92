import { platformTenantId } from "@zhanggui/kit/server/queue/definition";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asPlatformOwner();
  const { schedules } = server.runtime;
  await server.runtime.ownerTransaction(({ query }) => schedules.register(query, server.clock.now(), "t".repeat(32)));
});
afterAll(() => server.close());

async function schedule(name: string) {
  const { items } = await owner.api.operations.listSchedules({ limit: 100 });
  return items.find((each) => each.name === name)!;
}
/** What a run of it does, instead of its own. */
const pending = async (id: string) =>
  server.runtime.unscopedDb().selectFrom("kit_task").selectAll().where("ref", "=", id).execute();

test("every schedule is listed with its times, and when it runs next", async () => {
  const { items } = await owner.api.operations.listSchedules({ limit: 100 });
  expect(items.map(({ name }) => name).toSorted()).toEqual(server.runtime.schedules.names.toSorted());
  const sweep = await schedule("files.sweep");
  expect(sweep).toMatchObject({ state: "new", cron: "7 4 * * *", timeZone: "UTC", lastAt: null, tookMs: null });
  expect(sweep.nextAt).toMatch(/T04:07:00/);
});

test("one runs at once when it is asked to, and goes on at its times", async () => {
  const { id, nextAt } = await schedule("files.purge");
  await owner.api.operations.runSchedule({ scheduleId: id });
  await server.runUntilIdle();
  const ran = await schedule("files.purge");
  expect(ran).toMatchObject({ state: "well", lastError: null, nextAt });
  expect(ran.lastAt).not.toBeNull();
  expect(ran.tookMs).toBeGreaterThanOrEqual(0);
});

test("one that fails says why, and comes again", async () => {
  const failing = await openTestServer(inject("clusterUrl"), {
    before: (runtime) =>
      runtime.schedule("operations.fails", "0 5 * * *", () => Promise.reject(new Error("the teapot is empty"))),
  });
  const own = await failing.asPlatformOwner();
  const { schedules } = failing.runtime;
  await failing.runtime.ownerTransaction(({ query }) => schedules.register(query, failing.clock.now(), "t".repeat(32)));
  const find = async () =>
    (await own.api.operations.listSchedules({ limit: 100 })).items.find(({ name }) => name === "operations.fails")!;
  await own.api.operations.runSchedule({ scheduleId: (await find()).id });
  await failing.runUntilIdle();
  expect(await find()).toMatchObject({ state: "failed", lastError: "the teapot is empty" });
  expect((await find()).nextAt).toMatch(/T05:00:00/);
  await failing.close();
});

test("a paused one never comes due, not after a restart either, until it is resumed", async () => {
  const { id } = await schedule("exports.tend");
  await owner.api.operations.pauseSchedule({ scheduleId: id });
  expect(await schedule("exports.tend")).toMatchObject({ state: "paused", nextAt: null });
  expect(await refusal(owner.api.operations.pauseSchedule({ scheduleId: id }))).toMatchObject({ code: "kit.conflict" });
  const { schedules } = server.runtime;
  await server.runtime.ownerTransaction(({ query }) => schedules.register(query, server.clock.now(), "t".repeat(32)));
  expect(await pending(id)).toEqual([]);
  // Asked by hand it runs once, and rests again.
  await owner.api.operations.runSchedule({ scheduleId: id });
  await server.runUntilIdle();
  expect(await schedule("exports.tend")).toMatchObject({ state: "paused", nextAt: null, lastError: null });
  await owner.api.operations.resumeSchedule({ scheduleId: id });
  const resumed = await schedule("exports.tend");
  expect(resumed.state).toBe("well");
  expect(resumed.nextAt).toMatch(/:37:00/);
  expect(await refusal(owner.api.operations.resumeSchedule({ scheduleId: id }))).toMatchObject({
    code: "kit.conflict",
  });
});

test("paused, resumed and run at once by many, it has one task or none", async () => {
  const { id } = await schedule("files.sweep");
  const { operations } = owner.api;
  for (let round = 0; round < 60; round += 1) {
    const acts = [
      operations.pauseSchedule,
      operations.resumeSchedule,
      operations.runSchedule,
      operations.resumeSchedule,
    ];
    await Promise.allSettled(acts.map((act) => act({ scheduleId: id })));
    await server.runUntilIdle();
    const { state } = await schedule("files.sweep");
    expect((await pending(id)).length).toBe(state === "paused" ? 0 : 1);
  }
});

test("only whoever runs the server sees it: to other tenants the permissions don't exist", async () => {
  const other = await server.asOwner();
  for (const call of [other.api.operations.getOverview, other.api.operations.listSchedules]) {
    expect(await refusal(call({}))).toMatchObject({ status: 403, code: "kit.forbidden" });
  }
  const me = await other.api.access.me({});
  expect(me.permissions.filter((code) => code.startsWith("operations:"))).toEqual([]);
  const { items } = await other.api.access.listPermissions({});
  expect(items.filter(({ code }) => code.startsWith("operations:"))).toEqual([]);
  const role = other.api.access.createRole({ name: "Operator of all", permissions: ["operations:manage"] });
  expect(await refusal(role)).toMatchObject({ code: "access.unknown_permission" });
  // What a role says that was written past the door holds nothing either.
  const granted = await other.api.access.createRole({ name: "Reads all", permissions: ["audit:read"] });
  await server.runtime
    .unscopedDb()
    .updateTable("access_role")
    .set({ permissions: ["operations:read", "operations:manage", "*:read"] })
    .where("id", "=", granted.id)
    .execute();
  const { items: roles } = await other.api.access.listRoles({});
  const forged = roles.find(({ id }) => id === granted.id)!.permissions;
  expect(forged).toContain("audit:read");
  expect(forged.filter((code) => code.startsWith("operations:"))).toEqual([]);
  const unseen = { scheduleId: other.accountId };
  expect(await refusal(owner.api.operations.runSchedule(unseen))).toMatchObject({ code: "kit.not_found" });
});

test("the overview counts queues, dead letters and tables over all tenants", async () => {
  const other = await server.asOwner();
  const db = server.runtime.unscopedDb();
  const at = server.clock.now();
  const row = { tenantId: other.tenantId, queue: "tea.brewed", ref: other.accountId, traceId: "t".repeat(32) };
  await db.insertInto("kit_task").values(row).execute();
  await db
    .insertInto("kit_dead")
    .values({ ...row, tenantId: platformTenantId, priority: 0, attempts: 10, lastError: "made so", diedAt: at })
    .execute();
  server.clock.advance(90_000);
  const { queues, tables, versions, connections, retentions } = await owner.api.operations.getOverview({});
  const brewed = queues.find(({ name }) => name === "tea.brewed")!;
  expect(brewed).toMatchObject({ waiting: 1, dueLater: 0, dead: 1 });
  expect(brewed.oldestSeconds).toBeGreaterThanOrEqual(90);
  expect(queues.find(({ name }) => name === "kit.schedules")).toMatchObject({ waiting: 0, oldestSeconds: null });
  expect(tables.map(({ name }) => name)).toContain("access_account");
  expect(tables.find(({ name }) => name === "kit_event")!.partitions).toBeGreaterThan(3);
  expect(tables.some(({ name }) => name.startsWith("kit_event_20"))).toBe(false);
  expect(versions).toMatchObject({ node: process.version, product: expect.stringMatching(/^\d/) as string });
  expect(versions.migrations).toBeGreaterThan(10);
  expect(connections.used).toBeGreaterThan(0);
  expect(retentions.map(({ key }) => key)).toContain("connect.keepInboundDays");
});

test("dependencies say how they are: one that is away is unwell, one that isn't set up absent", async () => {
  const { items } = await owner.api.operations.checkDependencies({});
  const states = Object.fromEntries(items.map(({ name, state }) => [name, state]));
  expect(states).toEqual({
    "operations.database": "well",
    "operations.redis": "absent",
    "files.storage": "well",
    // Nobody answers at the address that tests are given.
    "connect.wechat": "unwell",
    "messaging.mail": "absent",
    "sms.sms": "absent",
    "webhooks.rabbitmq": "absent",
  });
  expect(items.find(({ name }) => name === "connect.wechat")!.trouble).not.toBe("");
});
