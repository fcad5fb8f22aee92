import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { newId } from "../../contract/ids.ts";
import { addTasks, createPlainTable } from "../../testing/queue.ts";
import { kitTransaction } from "../ctx.ts";
import { openRuntime, type OpenRuntime } from "../../testing/runtime.ts";

let open: OpenRuntime;
let admin: pg.Client;
beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  admin = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await admin.connect();
});
afterEach(async () => {
  await admin.end();
  await open.close();
});

test("every connection of a process is ended twenty times under load: it goes on, and nothing is lost or done twice", async () => {
  const tenantId = newId(open.clock.now());
  const { runtime } = open;
  await createPlainTable(open.db, "tea_cup", "id uuid PRIMARY KEY");
  runtime.queue({
    name: "tea.pots",
    effect: "inside",
    batch: 5,
    leaseMs: 1000,
    attempts: 100,
    backoffMs: () => 1,
    run: async (ctx, { ref }) => void (await kitTransaction(ctx).query("INSERT INTO tea_cup VALUES ($1)", [ref])),
  });
  await runtime.start({ work: true });
  const added: string[] = [];
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'zhanggui%'`;
  for (let round = 0; round < 20; round++) {
    for (let batch = 0; batch < 5; batch++) {
      // An emit may meet the end of its connection; then it was never emitted.
      await addTasks(
        runtime,
        "tea.pots",
        tenantId,
        Array.from({ length: 10 }, () => undefined),
      ).then(
        (refs) => added.push(...refs),
        () => {},
      );
    }
    await admin.query(end);
  }
  const count = async (text: string) => (await admin.query<{ n: number }>(text)).rows[0]?.n;
  await expect.poll(() => count("SELECT count(*)::int AS n FROM kit_task WHERE queue = 'tea.pots'")).toBe(0);
  expect(added.length).toBeGreaterThan(500);
  const { rows } = await admin.query<{ id: string }>("SELECT id FROM tea_cup");
  const done = new Set(rows.map(({ id }) => id));
  expect(added.filter((ref) => !done.has(ref))).toEqual([]);
  expect(await count("SELECT count(*)::int AS n FROM kit_dead")).toBe(0);
});

test("a commit that put nothing into a queue tells nobody; one that did tells once", async () => {
  const heard: string[] = [];
  admin.on("notification", ({ payload = "" }) => heard.push(payload));
  await admin.query("LISTEN kit_queue");
  const { runtime } = open;
  runtime.queue({ name: "tea.pots", effect: "inside", run: async () => {} });
  await runtime.start({ work: false });
  const ctx = runtime.ctx(newId(open.clock.now()));
  for (let read = 0; read < 50; read++) await ctx.tx((ctx) => ctx.db.selectFrom("kit_event").select("id").execute());
  await ctx.tx(async (ctx) => {
    for (let n = 0; n < 10; n++) await ctx.queueTask("tea.pots", newId(ctx.now()));
  });
  await expect.poll(() => heard, { interval: 5 }).toEqual(['["tea.pots"]']);
});

test("another process hears of work at once, though it doesn't poll for minutes", async () => {
  const ran = Promise.withResolvers<string>();
  const settings = { name: "tea.pots", effect: "inside" as const };
  open.runtime.queue({ ...settings, run: async () => ran.resolve("here") });
  const other = await open.second();
  other.queue({ ...settings, run: async () => ran.resolve("there") });
  await open.runtime.start({ work: false });
  await other.start({ work: true });
  await addTasks(open.runtime, "tea.pots", newId(open.clock.now()), [undefined]);
  expect(await ran.promise).toBe("there");
});
