import { Injectable } from "@nestjs/common";
import { type Generated, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from "vitest";
import { z } from "zod";
import { field } from "../../contract/field.ts";
import type { LiveEvent } from "../../contract/client.ts";
import { Id, newId } from "../../contract/ids.ts";
import { list } from "../../contract/list.ts";
import { permission } from "../../contract/permission.ts";
import { contract, type Flat } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import { Changes, tablesWritten } from "../changes.ts";
import type { Ctx } from "../ctx.ts";
import { listOf } from "../list.ts";
import { defineModule } from "../module.ts";
import { scopeTables } from "../policies.ts";

interface LiveTables {
  cups_cup: { tenantId: Generated<string>; id: Generated<string>; name: string };
  cups2_saucer: { tenantId: Generated<string>; id: Generated<string>; name: string };
}
declare module "../tables.ts" {
  interface Tables extends LiveTables {}
}
const read = permission("cups:read", { zh: "看茶杯", en: "See cups" }, []);
const item = z.object({ id: Id, name: field(z.string(), { zh: "名称", en: "Name" }) });
const noun = { zh: "茶杯", en: "cup", plural: "cups" };
const cups = contract("cups", {
  list: list("/cups", { item, noun, access: read, live: true, sort: "-id" as never }),
  still: list("/cups/still", { item, noun, access: read, sort: "-id" as never }),
});

/** The tenant of whoever asked last. */
let asking = "";
@Injectable()
class Cups {
  list(ctx: Ctx, query: Flat<typeof cups.list>) {
    asking = ctx.tenantId;
    return listOf(ctx, cups.list, query, ctx.db.selectFrom("cups_cup").selectAll());
  }
}

let server: KitServer<{ cups: typeof cups }>;
/** Of the listener, as the test's authenticator has it. */
let ctx: Ctx;
const listener = "mei#cups:read";

beforeAll(async () => {
  const module = defineModule(cups, {
    services: { cups: Cups },
    routes: ({ cups }) => ({ list: cups.list, still: cups.list }),
  });
  server = await openKitServer(inject("clusterUrl"), { cups }, { modules: [module], heartbeatMs: 50 });
  const { env } = server.runtime;
  const client = new pg.Client({ connectionString: env.DATABASE_URL });
  await client.connect();
  for (const table of ["cups_cup", "cups2_saucer"])
    await client.query(`CREATE TABLE ${table} (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(),
      name text NOT NULL, PRIMARY KEY (tenant_id, id))`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]!.tenant_role, {});
  await client.end();
  await server.runtime.start({ work: false });
  await server.as(listener).cups.list({});
  ctx = server.runtime.ctx(asking);
});
afterAll(() => server.close());
beforeEach(() => vi.restoreAllMocks());

/** Listens until the test has seen enough; `heard` resolves at the next change. */
async function listen() {
  const stop = new AbortController();
  const stream = server.as(listener).cups.list.live({}, { signal: stop.signal })[Symbol.asyncIterator]();
  const before = server.runtime.changes.listening;
  const begun = await stream.next();
  const heard = stream.next();
  heard.catch(() => {});
  return {
    begun: begun.value as LiveEvent,
    heard,
    stop: async () => {
      const now = server.runtime.changes.listening;
      stop.abort();
      await stream.return?.();
      if (now > before) await expect.poll(() => server.runtime.changes.listening).toBeLessThan(now);
    },
  };
}
const add = (of: Ctx, name = "celadon") => of.db.insertInto("cups_cup").values({ name }).execute();

test.each<[string, (ctx: Ctx) => Promise<unknown>]>([
  ["a row of its own", (ctx) => add(ctx)],
  ["rows of a transaction, once it has committed", (ctx) => ctx.tx((ctx) => add(ctx))],
  ["a savepoint's", (ctx) => ctx.tx((ctx) => ctx.tx((ctx) => add(ctx)))],
  ["an update in plain SQL", (ctx) => ctx.sql`UPDATE cups_cup SET name = name`],
  ["rows taken away", (ctx) => ctx.db.deleteFrom("cups_cup").where("name", "=", "none").execute()],
  ["a copy", (ctx) => ctx.tx((ctx) => ctx.copyFrom("cups_cup", ["name"], [["jade"]]))],
  [
    "what the owner did as the tenant",
    (of) => server.runtime.ownerTransaction((trx) => trx.runAsTenant({ tenantId: of.tenantId }, (ctx) => add(ctx))),
  ],
])("a list that is read hears of %s", async (_, change) => {
  const { heard, stop } = await listen();
  await change(ctx);
  expect(await heard).toMatchObject({ value: { event: "changed", data: {} } });
  await stop();
});

test("a stream says that it listens once it does, and for how long nothing had changed", async () => {
  await add(ctx);
  const { begun, heard, stop } = await listen();
  expect(server.runtime.changes.listening).toBe(1);
  expect(begun).toEqual({ event: "listening", data: { quietMs: expect.any(Number) } });
  // From here on nothing is lost.
  await add(ctx);
  expect(await heard).toMatchObject({ value: { event: "changed" } });
  await stop();
});

test("how long nothing has changed is known of each list, and of none before one could have heard of it", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const later = (ms: number): unknown => vi.advanceTimersByTime(ms);
  const changes = new Changes(() => {});
  changes.want("cups_");
  changes.want("tins_");
  later(1_000);
  expect(changes.quietMs("tea", "cups_")).toBe(1_000);
  changes.note("tea", ["cups_cup"]);
  later(500);
  expect(["cups_", "tins_"].map((prefix) => changes.quietMs("tea", prefix))).toEqual([500, 1_500]);
  expect(changes.heard("changed tea tins_")).toBe(true);
  later(20);
  expect(["cups_", "tins_"].map((prefix) => changes.quietMs("tea", prefix))).toEqual([520, 20]);
  // A connection that broke, or more lists than are kept in mind: nobody is told that nothing happened.
  changes.heardNothing();
  later(7);
  expect(["cups_", "tins_"].map((prefix) => changes.quietMs("tea", prefix))).toEqual([7, 7]);
  changes.note("tea", ["cups_cup"]);
  later(3);
  for (let n = 0; n < 10_000; n++) changes.note(`shop ${n}`, ["cups_cup"]);
  expect(["tea", "another"].map((tenantId) => changes.quietMs(tenantId, "cups_"))).toEqual([3, 3]);
  vi.useRealTimers();
});

test("nobody hears of another tenant, of another module, of what was only read, or was rolled back", async () => {
  const other = server.runtime.ctx(newId(server.clock.now()));
  const heard: string[] = [];
  const stop = new AbortController();
  const listening = (async () => {
    for await (const _ of server.runtime.changes.of(ctx.tenantId, "cups_", stop.signal)) heard.push("changed");
  })();
  await add(other);
  await ctx.db.insertInto("cups2_saucer").values({ name: "flat" }).execute();
  await ctx.db.selectFrom("cups_cup").selectAll().execute();
  await ctx.tx((ctx) => ctx.db.selectFrom("cups_cup").selectAll().forUpdate().execute());
  await ctx.tx((ctx) => add(ctx).then(() => Promise.reject(new Error("no")))).catch(() => {});
  await Promise.resolve();
  expect(heard).toEqual([]);
  await add(ctx);
  await expect.poll(() => heard).toEqual(["changed"]);
  stop.abort();
  await listening;
});

test("whoever listens in another process hears it too", async () => {
  const [tenantId, told] = [ctx.tenantId, Promise.withResolvers<readonly string[]>()];
  const client = new pg.Client({ connectionString: server.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query("LISTEN kit_queue");
  client.on("notification", ({ payload = "[]" }) => told.resolve(JSON.parse(payload) as string[]));
  await add(ctx);
  const entries = await told.promise;
  await client.end();
  const changes = new Changes(() => {});
  const stop = new AbortController();
  const next = changes.of(tenantId, "cups_", stop.signal).next();
  expect(entries.filter((entry) => changes.heard(entry))).toContain(`changed ${tenantId} cups_`);
  expect(await next).toMatchObject({ done: false });
});

test("a write costs no statement more for being listened to, and listening costs none at all", async () => {
  const query = vi.spyOn(pg.Client.prototype, "query");
  const statements = (): number =>
    query.mock.calls.filter(([given]) => (given as unknown as { name?: string }).name !== "announce").length;
  const burst = async (): Promise<number> => {
    query.mockClear();
    for (let n = 0; n < 20; n++) await ctx.tx((ctx) => add(ctx));
    return statements();
  };
  const alone = await burst();
  const listeners: Awaited<ReturnType<typeof listen>>[] = [];
  for (let n = 0; n < 10; n++) listeners.push(await listen());
  // Idle: several signs of life go by, each of which asks again whether the listener may still listen.
  query.mockClear();
  await listeners[0]?.stop();
  expect(statements()).toBe(0);
  expect(await burst()).toBe(alone);
  for (const { heard } of listeners.slice(1)) await heard;
  for (const { stop } of listeners.slice(1).toReversed()) await stop();
});

test("however often something changes before others are told, they are told once", () => {
  let asked = 0;
  const changes = new Changes(() => (asked += 1));
  changes.want("cups_");
  changes.want("cups_c");
  for (let n = 0; n < 1000; n++) changes.note("tea", ["cups_cup", "kit_task"]);
  expect(changes.untold()).toEqual(["changed tea cups_", "changed tea cups_c"]);
  expect([asked, changes.untold()]).toEqual([2, []]);
});

test("an announcement of very many tenants goes out in parts that PostgreSQL takes", async () => {
  const payloads: string[][] = [];
  const client = new pg.Client({ connectionString: server.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query("LISTEN kit_queue");
  client.on("notification", ({ payload = "[]" }) => payloads.push(JSON.parse(payload) as string[]));
  const tenants = Array.from({ length: 500 }, () => newId(server.clock.now()));
  for (const tenantId of tenants) server.runtime.changes.note(tenantId, ["cups_cup"]);
  const told = () => payloads.flat().filter((entry) => tenants.some((tenantId) => entry.includes(tenantId)));
  await expect.poll(() => told().length).toBe(500);
  expect(payloads.length).toBeGreaterThan(1);
  await client.end();
});

test("after a connection that broke everybody looks: nobody knows what was told meanwhile", async () => {
  const stop = new AbortController();
  const changes = server.runtime.changes.of(ctx.tenantId, "cups_", stop.signal);
  const next = changes.next();
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'zhanggui queue' AND datname = current_database()`.execute(server.runtime.unscopedDb());
  expect(await next).toMatchObject({ done: false });
  await changes.return();
});

test("who may not read the list may not listen, and one that isn't live answers its page", async () => {
  const open = async (path: string, token: string) => {
    const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
    const answer = await fetch(`${server.url}/api${path}`, { headers });
    await answer.text();
    return answer;
  };
  expect((await open("/cups", "mei#tea:drink")).status).toBe(403);
  expect((await open("/cups", "nobody")).status).toBe(401);
  const still = await open("/cups/still", listener);
  expect(still.headers.get("content-type")).toContain("application/json");
  const { heard } = await listen();
  server.revoke("mei");
  await expect(heard.then(({ done }) => done)).resolves.toBe(true);
  await expect.poll(() => server.runtime.changes.listening).toBe(0);
});

test("what a statement writes to is read from its text", () => {
  const read = (text: string) => tablesWritten(text);
  expect(read(`insert into "cups_cup" ("name") values ($1) on conflict do update set "name" = $2`)).toEqual([
    "cups_cup",
  ]);
  expect(read("WITH gone AS (DELETE FROM cups_cup RETURNING id) UPDATE ONLY cups2_saucer SET x = 1")).toEqual([
    "cups_cup",
    "cups2_saucer",
  ]);
  expect(read("SELECT * FROM cups_cup FOR UPDATE")).toEqual([]);
  expect(read("SELECT kit_emit($1, $2) AS handler")).toEqual(["kit_event"]);
});
