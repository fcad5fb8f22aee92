import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import type { Member } from "../../testing/test-server.ts";
import { addressOf, Importing } from "./testing/importing.ts";

let on: Importing;
beforeAll(async () => {
  on = await Importing.open(inject("clusterUrl"));
});
afterAll(() => on.server.close());
beforeEach(() => on.begin());

/** All links stand under one host: each test has endings of its own. */
let series = 0;
const many = (count: number, name = `row-${(series += 1)}`) =>
  `url,slug\n${Array.from({ length: count }, (_, n) => `${addressOf(n)},${name}-${n}`).join("\n")}\n`;
async function roleOf(who: Member): Promise<string> {
  const { items } = await on.owner.api.access.listAccounts({});
  return items.find(({ id }) => id === who.accountId)?.roles[0]?.id ?? "";
}

test.each([
  ["disabled", (who: Member) => on.owner.api.access.updateAccount({ accountId: who.accountId, disabled: true })],
  [
    "without the right",
    async (who: Member) => on.owner.api.access.updateRole({ roleId: await roleOf(who), permissions: ["links:read"] }),
  ],
])("whoever is %s in the middle gets no further than the batch under way", async (_, lose) => {
  const maker = await on.server.asHolderOf(["links:write", "links:read"], on.owner);
  const { id: importId } = await on.checked(many(350), "skip", maker);
  await maker.api.imports.run({ importId });
  on.onRow = async (made) => {
    if (made !== addressOf(120)) return;
    on.onRow = undefined;
    await lose(maker);
  };
  await on.server.runUntilIdle();
  const { items } = await on.owner.api.imports.list({});
  expect(items[0]).toMatchObject({ id: importId, state: "failed", done: 200, created: 200 });
  expect(items[0]?.why?.zh).toContain("发起人");
});

test("it is paused, goes on and is called off between batches, and each row is taken once", async () => {
  const { id: importId } = await on.checked(many(450));
  await on.owner.api.imports.run({ importId });
  let pauses = 0;
  on.onRow = async (made) => {
    if (![addressOf(50), addressOf(250)].includes(made)) return;
    pauses += 1;
    setImmediate(() => void on.owner.api.imports.pause({ importId }).catch(() => undefined));
  };
  for (let tries = 0; tries < 8; tries += 1) {
    await on.server.runUntilIdle();
    await on.owner.api.imports.resume({ importId }).catch(() => undefined);
  }
  expect(pauses).toBeGreaterThan(0);
  const done = await on.owner.api.imports.get({ importId });
  expect(done).toMatchObject({ state: "done", done: 450, created: 450 });
  const [{ count } = { count: 0 }] = await on.server.runtime.ctx(on.owner.tenantId).sql<{ count: number }>`
    SELECT count(DISTINCT slug)::int AS count FROM links_link`;
  expect(count).toBe(450);
  for (const call of ["pause", "resume", "cancel", "run"] as const)
    expect(await refusal(on.owner.api.imports[call]({ importId }))).toMatchObject({ code: "kit.conflict" });
});

test("what stopped for want of a right goes on with the rest, each row once, when it is back", async () => {
  const maker = await on.server.asHolderOf(["links:write", "links:read"], on.owner);
  const roleId = await roleOf(maker);
  const { id: importId } = await on.checked(many(350), "skip", maker);
  await maker.api.imports.run({ importId });
  on.onRow = async (made) => {
    if (made === addressOf(120)) await on.owner.api.access.updateRole({ roleId, permissions: ["links:read"] });
  };
  await on.server.runUntilIdle();
  expect(await maker.api.imports.get({ importId })).toMatchObject({ state: "failed", done: 200 });
  on.onRow = undefined;
  await on.owner.api.access.updateRole({ roleId, permissions: ["links:write", "links:read"] });
  const going = await maker.api.imports.resume({ importId });
  expect(going).toMatchObject({ state: "waiting", done: 200, why: null, endedAt: null });
  await on.server.runUntilIdle();
  expect(await maker.api.imports.get({ importId })).toMatchObject({ state: "done", done: 350, created: 350 });
  expect(await refusal(maker.api.imports.resume({ importId }))).toMatchObject({ code: "kit.conflict" });
  const unread = await on.read('url\n"never closed');
  expect(unread).toMatchObject({ state: "failed", phase: "reading" });
  expect(await refusal(on.owner.api.imports.resume({ importId: unread.id }))).toMatchObject({ code: "kit.conflict" });
});

test("a row that breaks the server is left behind as failed, and takes no neighbour with it", async () => {
  const { id: importId } = await on.checked(many(20));
  await on.owner.api.imports.run({ importId });
  on.onRow = (made) => {
    if (made === addressOf(7)) throw new Error("the wires are crossed");
  };
  for (let tries = 0; tries < 6; tries += 1) {
    await on.server.runUntilIdle();
    on.server.clock.advance(60_000);
  }
  const found = await on.owner.api.imports.get({ importId });
  expect(found).toMatchObject({ state: "done", created: 19, failed: 1, failures: [{ row: 9 }] });
});

test("what rows change is in the audit log as their import's", async () => {
  const { id } = await on.ran(`url,slug\n${addressOf(1)},in-the-log\n`);
  const { rows } = await sql<{ act: string; callId: string; actorId: string }>`
    SELECT act, call_id, actor_id FROM kit_audit_entry
    WHERE tenant_id = ${on.owner.tenantId} AND thing_kind = 'links_link'`.execute(on.server.runtime.unscopedDb());
  expect(rows).toEqual([{ act: "imports.run", callId: id, actorId: on.owner.accountId }]);
});

test("forgotten, or kept long enough, it leaves neither row nor bytes; what it brought stays", async () => {
  const { id: importId } = await on.ran(`url,slug\n${addressOf(1)},stays\nnowhere,goes\n`);
  await on.errors(importId);
  const left = async () => {
    const roots = ["files", "imports"].map((name) => join(on.server.runtime.env.FILES_DIR, name, on.owner.tenantId));
    const found = await Promise.all(
      roots.map((root) => readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])),
    );
    return found.flat().filter((entry) => entry.isFile()).length;
  };
  expect(await left()).toBe(3);
  await on.owner.api.imports.delete({ importId });
  await on.server.runUntilIdle();
  expect(await left()).toBe(0);
  await on.checked(`url\n${addressOf(2)}\n`);
  on.server.clock.advance(31 * 86_400_000);
  await on.server.runtime.runSchedule("imports.tend");
  await on.server.runUntilIdle();
  expect([await left(), (await on.owner.api.imports.list({})).items, (await on.links()).length]).toEqual([0, [], 1]);
});
