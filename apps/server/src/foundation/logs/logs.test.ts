import { platformTenantId } from "@zhanggui/kit/server/queue/definition";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { LogKeeper } from "./keeper.ts";

let server: TestServer;
let platform: Member;
let owner: Member;
let other: Member;
const keeper = (of = server): LogKeeper => of.app.get(LogKeeper, { strict: false });
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"), { env: { LOG_LEVEL: "debug" } });
  platform = await server.asPlatformOwner();
  owner = await server.asOwner();
  other = await server.asOwner();
});
afterAll(() => server.close());

const traceOf = async (who: Member, path: string): Promise<string> => {
  const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${who.accessToken}` } });
  await answer.text();
  return answer.headers.get("x-trace-id")!;
};
const count = async (): Promise<number> =>
  (
    await server.runtime
      .unscopedDb()
      .selectFrom("logs_line")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .executeTakeFirstOrThrow()
  ).n;
/** The line of a request is written when its connection is done with it, a moment after the answer. */
async function linesOf(who: Member, query: object, atLeast = 1) {
  await expect
    .poll(async () => {
      await keeper().write();
      return (await who.api.logs.list(query)).items.length;
    })
    .toBeGreaterThanOrEqual(atLeast);
  return (await who.api.logs.list(query)).items;
}

test("a request's line is found by its trace, with its module, as it stands on standard output", async () => {
  const traceId = await traceOf(owner, "/api/people?search=13812345678");
  const [line, ...more] = await linesOf(owner, { traceId });
  expect(more).toEqual([]);
  expect(line).toMatchObject({ level: "info", module: "audience", message: "request", traceId, tenant: null });
  expect(line!.fields).toMatchObject({ method: "GET", path: "/api/people", status: 200 });
  expect(JSON.stringify(line)).not.toContain("13812345678");
});

test("what a service says in a trace stands beside it, secrets struck out and people masked", async () => {
  const ctx = server.runtime.ctx(owner.tenantId, { traceId: "a".repeat(32) });
  ctx.log.warn({ appSecret: "oolong", phone: "13812345678", route: "connect.receive" }, "call mei@tea.example");
  ctx.log.error({ err: new Error("password=oolong"), queue: "messaging.outbox" }, "a task failed");
  const lines = await linesOf(owner, { traceId: "a".repeat(32) }, 2);
  expect(lines.map(({ level, module, message }) => [level, module, message])).toEqual([
    ["error", "messaging", "a task failed"],
    ["warn", "connect", "call m***@tea.example"],
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/oolong|13812345678/);
});

test("words are looked for in a day, unless somebody says from when or by which trace", async () => {
  const traceId = "e".repeat(32);
  server.runtime.ctx(owner.tenantId, { traceId }).log.info({}, "osmanthus");
  const [line] = await linesOf(owner, { traceId });
  const db = server.runtime.unscopedDb();
  const twoDaysAgo = new Date(Date.parse(line!.at) - 2 * 86_400_000);
  await db.updateTable("logs_line").set({ at: twoDaysAgo }).where("id", "=", line!.id).execute();
  const found = async (query: object) => (await owner.api.logs.list({ text: "osmanthus", ...query })).total;
  const since = new Date(Date.parse(line!.at) - 3 * 86_400_000).toISOString();
  expect(await found({})).toBe(0);
  expect(await found({ traceId })).toBe(1);
  expect(await found({ at: { gte: since } })).toBe(1);
  expect(await found({ at: { lt: new Date(twoDaysAgo.getTime() + 1000).toISOString() } })).toBe(0);
});

test("a search for words that takes too long is given up, and says what to do", async () => {
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  // Nobody reads until the search has been given up.
  await client.query("BEGIN; LOCK TABLE logs_line IN ACCESS EXCLUSIVE MODE");
  const searches = [owner, platform].map(({ api }) => refusal(api.logs.list({ text: "oolong" })));
  const refused = await Promise.all(searches);
  await client.end();
  for (const each of refused)
    expect(each).toMatchObject({ code: "logs.search_too_long", status: 422, details: { seconds: 5 } });
  expect((await owner.api.logs.list({ text: "oolong" })).items).toEqual([]);
});

test("lines are narrowed by level, module, time and words, which may stand anywhere in them", async () => {
  const { log } = server.runtime.ctx(owner.tenantId, { traceId: "b".repeat(32) });
  log.error({ route: "links.open", leaf: "100%_Jasmine" }, "cold");
  log.info({ route: "links.open" }, "warm");
  await linesOf(owner, { traceId: "b".repeat(32) }, 2);
  const found = async (query: object) =>
    (await owner.api.logs.list({ traceId: "b".repeat(32), ...query })).items.map(({ message }) => message);
  expect(await found({ level: ["error", "fatal"] })).toEqual(["cold"]);
  expect(await found({ module: ["links"] })).toEqual(["warm", "cold"]);
  expect(await found({ module: ["audience"] })).toEqual([]);
  expect(await found({ text: "jasmine" })).toEqual(["cold"]);
  expect(await found({ text: "100%_" })).toEqual(["cold"]);
  // What is a sign of its own to SQL is nothing but itself here.
  for (const text of ["1%0", "1_0", "\\"]) expect([text, await found({ text })]).toEqual([text, []]);
  const now = Date.now();
  expect(await found({ at: { gte: new Date(now - 60_000).toISOString() } })).toEqual(["warm", "cold"]);
  expect(await found({ at: { gte: new Date(now + 60_000).toISOString() } })).toEqual([]);
  expect(await refusal(owner.api.logs.list({ text: "x".repeat(101) }))).toMatchObject({ code: "kit.invalid_input" });
});

test("a tenant's people see their tenant's lines; whoever runs the server sees all, and whose each is", async () => {
  const traceId = await traceOf(owner, "/api/me");
  server.runtime.log.warn({ traceId }, "about nobody");
  const seen = await linesOf(platform, { traceId }, 2);
  expect(seen.map(({ message, tenant }) => [message, tenant])).toEqual(
    expect.arrayContaining([
      ["about nobody", null],
      ["request", "Lantern Tea"],
    ]),
  );
  expect((await linesOf(owner, { traceId })).map(({ message }) => message)).toEqual(["request"]);
  expect((await other.api.logs.list({ traceId })).items).toEqual([]);
  const clerk = await server.as("operator", owner);
  expect(await refusal(clerk.api.logs.list({}))).toMatchObject({ status: 403 });
  // To others the permission over all tenants doesn't exist, whatever a role says.
  const reader = await server.asHolderOf(["logs:read"], owner);
  expect((await reader.api.logs.list({ traceId })).items).toHaveLength(1);
  const role = owner.api.access.createRole({ name: "All", permissions: ["logs:all"] });
  expect(await refusal(role)).toMatchObject({ code: "access.unknown_permission" });
});

test("more at once than there is room for is counted, told of in a line, and in nobody's way", async () => {
  await keeper().write();
  const before = await count();
  for (let line = 0; line < 20_000; line++) server.runtime.log.info({ line }, "flood");
  await keeper().write();
  await keeper().write();
  expect((await count()) - before).toBeLessThanOrEqual(5_100);
  const dropped = await linesOf(platform, { text: "not kept for the console" });
  expect(Number(dropped[0]!.fields["dropped"])).toBeGreaterThanOrEqual(14_900);
});

test("while its table can't be written to it says so once, on standard output alone, and goes on afterwards", async () => {
  const out: string[] = [];
  const broken = await openTestServer(inject("clusterUrl"), { env: { LOG_LEVEL: "info" } });
  broken.runtime.lines!.write = ((write) =>
    function (this: object, line: string) {
      out.push(line);
      write.call(this as never, line);
    })(broken.runtime.lines!.write);
  const db = broken.runtime.unscopedDb();
  await db.schema.alterTable("logs_line").renameTo("logs_gone").execute();
  for (let round = 0; round < 5; round++) {
    broken.runtime.log.info({ round }, "lost");
    await keeper(broken).write();
  }
  expect(out.filter((line) => line.includes("could not be kept"))).toHaveLength(1);
  await db.schema.alterTable("logs_gone").renameTo("logs_line").execute();
  broken.runtime.log.info("kept again");
  await keeper(broken).write();
  const rows = await db.selectFrom("logs_line").select("message").execute();
  expect(rows.map(({ message }) => message)).toContain("kept again");
  expect(rows.map(({ message }) => message)).not.toContain("lines of the log could not be kept for the console");
  await broken.close();
});

test("a day goes with its part of the table once it is older than what is kept; with 0 nothing is kept", async () => {
  const db = server.runtime.unscopedDb();
  const parts = async () =>
    server.runtime.ownerTransaction(async ({ query }) =>
      (
        await query<{ part: string }>(
          "SELECT inhrelid::regclass::text AS part FROM pg_inherits WHERE inhparent = 'logs_line'::regclass ORDER BY 1",
        )
      ).map(({ part }) => part),
    );
  const today = (days = 0): string =>
    `logs_line_${new Date(server.clock.now().getTime() + days * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "")}`;
  server.runtime.log.info("today");
  await keeper().write();
  expect(await parts()).toEqual(expect.arrayContaining([today(), today(1)]));
  const first = today();
  server.clock.advance(8 * 86_400_000);
  await keeper().tend();
  expect(await parts()).not.toContain(first);
  expect(await parts()).toEqual(expect.arrayContaining([today(), today(1), "logs_line_default"]));
  const { items } = await platform.api.settings.list({ level: "platform" });
  const { version } = items.find(({ key }) => key === "logs.keepDays")!;
  await platform.api.settings.change({ key: "logs.keepDays", value: 0, version, level: "platform" });
  await keeper().write();
  await db.deleteFrom("logs_line").execute();
  server.runtime.log.warn("not kept");
  await keeper().write();
  expect((await db.selectFrom("logs_line").select("message").execute()).map(({ message }) => message)).toEqual([]);
  await platform.api.settings.change({ key: "logs.keepDays", value: 7, version: version + 1, level: "platform" });
});

test("a line that isn't one, or has what PostgreSQL can't keep, harms no other", async () => {
  for (const line of [
    "not json",
    "{}",
    '{"level":30}',
    '{"level":30,"time":1e13,"message":"a\\u0000b","x":"c\\u0000"}',
    String.raw`{"level":30,"time":1e13,"message":"slash","path":"/api/\\u0000","in":{"a\u0000":["\ud83d"]}}`,
    `{"level":30,"time":1e13,"message":"${"x".repeat(999)}😀"}`,
  ])
    keeper().take(`${line}\n`);
  server.runtime.log.info({ tenantId: "nobody's", traceId: "c".repeat(32), big: "x".repeat(60_000) }, "odd");
  const [line] = await linesOf(platform, { traceId: "c".repeat(32) });
  expect(JSON.stringify(line).length).toBeLessThan(25_000);
  const rows = await server.runtime
    .unscopedDb()
    .selectFrom("logs_line")
    .selectAll()
    .where("message", "=", "ab")
    .execute();
  expect(rows.map(({ tenantId }) => tenantId)).toEqual([platformTenantId]);
  const [slash] = await server.runtime
    .unscopedDb()
    .selectFrom("logs_line")
    .selectAll()
    .where("message", "=", "slash")
    .execute();
  expect(slash?.fields).toEqual({ path: String.raw`/api/\u0000`, in: { a: ["\ufffd"] } });
});

test("a back-up that reads over a day's first line holds no line up", async () => {
  const own = await openTestServer(inject("clusterUrl"));
  await keeper(own).tend();
  const held = Promise.withResolvers<void>();
  const reading = own.runtime.ownerTransaction(async ({ query }) => {
    await query("LOCK TABLE logs_line, logs_line_default IN ACCESS SHARE MODE");
    await held.promise;
  });
  own.clock.advance(86_400_000);
  own.runtime.log.warn({ traceId: "d".repeat(32) }, "meanwhile");
  keeper(own).take(`{"level":40,"time":${own.clock.now().getTime()},"message":"meanwhile"}\n`);
  await keeper(own).write();
  const kept = () => own.runtime.unscopedDb().selectFrom("logs_line").select("message").execute();
  expect(await kept()).toContainEqual({ message: "meanwhile" });
  held.resolve();
  await reading;
  own.clock.advance(61_000);
  keeper(own).take(`{"level":40,"time":${own.clock.now().getTime()},"message":"afterwards"}\n`);
  await keeper(own).write();
  const parts = await own.runtime.ownerTransaction(({ query }) =>
    query<{ n: number }>("SELECT count(*)::int AS n FROM pg_inherits WHERE inhparent = 'logs_line'::regclass"),
  );
  expect(parts[0]?.n).toBe(4);
  await own.close();
});

test("two processes, and sixty days at once, make each part once", async () => {
  const second = await openTestServer(inject("clusterUrl"), { databaseUrl: server.databaseUrl, clock: server.clock });
  for (let round = 0; round < 60; round++) {
    server.clock.advance(86_400_000);
    await Promise.all([keeper().tend(), keeper(second).tend(), keeper().tend()]);
  }
  await second.close();
  const [{ n }] = (await server.runtime.ownerTransaction(({ query }) =>
    query<{ n: number }>("SELECT count(*)::int AS n FROM pg_inherits WHERE inhparent = 'logs_line'::regclass"),
  )) as [{ n: number }];
  expect(n).toBeLessThanOrEqual(10);
});
