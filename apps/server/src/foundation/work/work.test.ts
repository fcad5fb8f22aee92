import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { addPots, createPots, fillsOf, onFill, potsApi, potsModule } from "../../testing/pots.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { mostUnfinished } from "./work.contract.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"), { modules: [potsModule] });
  await createPots(server);
});
afterAll(() => server.close());
beforeEach(async () => {
  onFill.clear();
  owner = await server.asOwner();
});

const all = { all: true, handOver: true, to: 100 } as const;
async function begin(who = owner, input: Parameters<ReturnType<typeof potsApi>["fill"]>[0] = all): Promise<string> {
  return (await potsApi(server, who).fill(input)).run ?? "";
}
const stateOf = async (runId: string) => (await owner.api.work.get({ runId })).state;

test("what is handed over goes on by itself, in steps, and says what became of the rows", async () => {
  await addPots(server, owner.tenantId, 520);
  await addPots(server, owner.tenantId, 3, "leaking");
  const reply = await potsApi(server, owner).fill({ ...all, cups: { lte: 505 } });
  expect(reply).toMatchObject({ done: 0, next: null });
  const runId = reply.run ?? "";
  expect(await owner.api.work.get({ runId })).toMatchObject({ state: "waiting", expected: null, done: 0 });
  await server.runUntilIdle();
  expect(await owner.api.work.get({ runId })).toMatchObject({
    state: "done",
    action: { en: "Fill" },
    list: "pots.list",
    noun: { en: "pot" },
    expected: 508,
    isMore: false,
    done: 99,
    passed: [{ why: { en: "are full" }, count: 406 }],
    failed: 3,
    failures: [3, 2, 1].map((n) => ({ name: `leaking ${n}`, why: { en: `leaking ${n} leaks.` } })),
    query: { cups: { lte: "505" } },
    body: { to: 100 },
    isOwn: true,
  });
  expect(await fillsOf(server, owner.tenantId)).toEqual([
    { fills: 0, count: 424 },
    { fills: 1, count: 99 },
  ]);
});

test("a call that is repeated with its key begins one run; a preview or named rows aren't handed over", async () => {
  const api = potsApi(server, owner);
  const [first, again] = [await api.fill(all, { idempotencyKey: "k" }), await api.fill(all, { idempotencyKey: "k" })];
  expect(again.run).toBe(first.run);
  expect((await owner.api.work.list({})).total).toBe(1);
  const named = { ids: [owner.accountId], handOver: true, to: 1 };
  for (const input of [{ ...all, preview: true }, named])
    expect(await refusal(api.fill(input))).toMatchObject({ errors: [{ field: "handOver" }] });
});

test("it is paused, goes on where it was and is called off, and what is over stays as it is", async () => {
  await addPots(server, owner.tenantId, 450);
  const runId = await begin();
  await owner.api.work.cancel({ runId });
  const second = await begin(owner, { ...all, to: 1000 });
  // In the middle of the second step: pausing waits for the step, and holds before the third.
  let paused: Promise<unknown> | undefined;
  onFill.set("pot 200", () => {
    paused = owner.api.work.pause({ runId: second });
  });
  await server.runUntilIdle();
  await paused;
  expect(await stateOf(second)).toBe("paused");
  const { done } = await owner.api.work.get({ runId: second });
  expect(done).toBe(400);
  await server.runUntilIdle();
  expect(await owner.api.work.get({ runId: second })).toMatchObject({ state: "paused", done: 400 });
  expect(await refusal(owner.api.work.pause({ runId: second }))).toMatchObject({ code: "kit.conflict" });
  await owner.api.work.resume({ runId: second });
  expect(await refusal(owner.api.work.resume({ runId: second }))).toMatchObject({ code: "kit.conflict" });
  await server.runUntilIdle();
  expect(await owner.api.work.get({ runId: second })).toMatchObject({ state: "done", done: 450 });
  expect(await fillsOf(server, owner.tenantId)).toEqual([{ fills: 1, count: 450 }]);
  for (const change of ["pause", "resume", "cancel"] as const)
    for (const id of [runId, second])
      expect(await refusal(owner.api.work[change]({ runId: id }))).toMatchObject({ code: "kit.conflict" });
  expect(await stateOf(runId)).toBe("cancelled");
});

test("paused, resumed and called off at once, hundreds of times: it ends, and no row is filled twice", async () => {
  // Two steps: what comes at their border is the race.
  const pots = 205;
  await addPots(server, owner.tenantId, pots);
  for (let round = 0; round < 100; round += 1) {
    const runId = await begin(owner, { ...all, to: pots + 1 + round });
    const race = ["pause", "resume", "pause", "resume"] as const;
    await Promise.all([
      server.runUntilIdle(),
      ...race.map((change) => owner.api.work[change]({ runId }).catch(() => undefined)),
    ]);
    await owner.api.work.resume({ runId }).catch(() => undefined);
    await server.runUntilIdle();
    expect(await owner.api.work.get({ runId })).toMatchObject({ state: "done", done: pots, failed: 0 });
    expect(await fillsOf(server, owner.tenantId)).toEqual([{ fills: round + 1, count: pots }]);
  }
});

test("rights are those of the present: who loses them, or is switched off, goes no further, and is told why", async () => {
  await addPots(server, owner.tenantId, 450);
  const filler = await server.asHolderOf(["pots:fill"], owner);
  const { items } = await owner.api.access.listAccounts({});
  const own = items.find(({ id }) => id === filler.accountId)?.roles[0]?.id ?? "";
  const runId = await begin(filler, { ...all, to: 1000 });
  // In the first of three steps.
  onFill.set("pot 440", async () => {
    await owner.api.access.updateRole({ roleId: own, permissions: ["pots:names"] });
  });
  await server.runUntilIdle();
  const run = await owner.api.work.get({ runId });
  expect(run).toMatchObject({ state: "failed", why: { en: expect.stringContaining("no longer has permission") } });
  expect(run.done).toBe(200);
  const disabled = await server.asHolderOf(["pots:fill"], owner);
  const theirs = await begin(disabled);
  await owner.api.access.updateAccount({ accountId: disabled.accountId, disabled: true });
  await server.runUntilIdle();
  expect(await owner.api.work.get({ runId: theirs })).toMatchObject({ state: "failed", done: 0 });
});

test("a filter that the list has lost ends it with a reason", async () => {
  await addPots(server, owner.tenantId, 3);
  const runId = await begin();
  await server.runtime.ctx(owner.tenantId).sql`
    UPDATE work_run SET asked = jsonb_set(asked, '{query}', '{"cups": {"lte": "many"}}') WHERE id = ${runId}`;
  const gone = await begin();
  await server.runtime.ctx(owner.tenantId).sql`UPDATE work_run SET route = 'pots.break' WHERE id = ${gone}`;
  await server.runUntilIdle();
  expect(await owner.api.work.get({ runId })).toMatchObject({
    state: "failed",
    done: 0,
    why: { en: expect.stringContaining("filter it again") },
  });
  expect(await owner.api.work.get({ runId: gone })).toMatchObject({ state: "failed", list: "" });
  const { items } = await owner.api.notifications.list({});
  expect(items.map(({ title, importance }) => [title.en.slice(0, 30), importance])).toContainEqual([
    "“Fill” stopped after 0: The fi",
    "high",
  ]);
  const told = items.map(({ title }) => `${title.zh} ${title.en}`).join("\n");
  expect(told).toContain("已不可用的操作");
  expect(told).not.toContain("pots.break");
});

test("a row that breaks the step again and again fails alone, and the others are done", async () => {
  await addPots(server, owner.tenantId, 250);
  onFill.set("pot 20", () => {
    throw new TypeError("the pot has no lid");
  });
  const runId = await begin();
  for (let tries = 0; tries < 6; tries += 1) {
    await server.runUntilIdle();
    server.clock.advance(120_000);
  }
  expect(await owner.api.work.get({ runId })).toMatchObject({
    state: "done",
    done: 98,
    failed: 1,
    failures: [{ name: "pot 20", why: { en: expect.stringContaining("Something broke") } }],
  });
  expect(await fillsOf(server, owner.tenantId)).toEqual([
    { fills: 0, count: 152 },
    { fills: 1, count: 98 },
  ]);
});

test("another's run is there for nobody without the right; with it there is nothing of its rows and no search", async () => {
  await addPots(server, owner.tenantId, 2, "leaking");
  const runId = await begin();
  await server.runUntilIdle();
  const [stranger, colleague] = [await server.asOwner(), await server.asHolderOf(["pots:fill"], owner)];
  const developer = await server.as("developer", owner);
  const calls = ["get", "pause", "resume", "cancel"] as const;
  for (const who of [stranger, colleague])
    for (const call of calls)
      expect(await refusal(who.api.work[call]({ runId }))).toMatchObject({ code: "kit.not_found" });
  expect((await stranger.api.work.list({})).items).toEqual([]);
  expect((await colleague.api.work.list({})).items).toEqual([]);
  expect((await developer.api.work.list({ isOwn: false })).items).toMatchObject([{ id: runId, accountName: "Owner" }]);
  expect((await developer.api.work.list({ isOwn: true })).items).toEqual([]);
  const shown = await developer.api.work.get({ runId });
  // Why a row failed may say its name, as here.
  expect(shown).toMatchObject({ failed: 2, failures: [], query: null, body: null, isOwn: false });
  expect(JSON.stringify(shown)).not.toContain("leak");
});

test("one account has so many at once, and tenants take turns", async () => {
  await addPots(server, owner.tenantId, 1);
  const runs = await Promise.all(Array.from({ length: mostUnfinished + 3 }, () => begin().catch(() => undefined)));
  expect(runs.filter((id) => id !== undefined)).toHaveLength(mostUnfinished);
  expect(await refusal(potsApi(server, owner).fill(all))).toMatchObject({ code: "kit.too_many_requests" });
  await server.runUntilIdle();
  const [busy, small] = [await server.asOwner(), await server.asOwner()];
  await addPots(server, busy.tenantId, 999);
  await addPots(server, small.tenantId, 1);
  const long = await begin(busy, { ...all, to: 1000 });
  const short = await begin(small, { ...all, to: 1000 });
  const order: string[] = [];
  onFill.set("pot 1", ({ tenantId }) => void order.push(tenantId));
  await server.runUntilIdle();
  expect(order).toEqual([small.tenantId, busy.tenantId]);
  expect((await busy.api.work.get({ runId: long })).done).toBe(999);
  expect((await small.api.work.get({ runId: short })).state).toBe("done");
});

test("it says that it is done, once, and what has ended goes after its days", async () => {
  await addPots(server, owner.tenantId, 2);
  await begin();
  await server.runUntilIdle();
  const { items } = await owner.api.notifications.list({});
  expect(items.map(({ title }) => title)).toEqual([{ zh: "“斟满”已完成 2 条", en: "“Fill” is done: 2" }]);
  const kept = await begin(owner, { ...all, to: 200 });
  await owner.api.work.pause({ runId: kept });
  server.clock.advance(91 * 86_400_000);
  await server.runtime.runSchedule("settings.prune");
  expect((await owner.api.work.list({})).items.map(({ id }) => id)).toEqual([kept]);
});
