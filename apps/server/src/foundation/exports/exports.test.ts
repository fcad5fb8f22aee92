import { readdir } from "node:fs/promises";
import { join } from "node:path";
import readWorkbook from "read-excel-file/node";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { addPots, createPots, potsModule } from "../../testing/pots.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { StorageService } from "../files/storage.service.ts";
import { mostUnfinished } from "./exports.contract.ts";

let server: TestServer;
let owner: Member;
let storage: StorageService;
/** What a test makes happen when a part is stored, by its number. */
let onPart: ((part: number) => Promise<void> | void) | undefined;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"), { modules: [potsModule] });
  await createPots(server);
  storage = server.app.get(StorageService);
  const put = storage.putPart.bind(storage);
  let parts = 0;
  let work = "";
  storage.putPart = async (tenantId, id, part, bytes) => {
    const size = await put(tenantId, id, part, bytes);
    parts = id === work ? parts + 1 : 1;
    work = id;
    await onPart?.(parts);
    return size;
  };
});
afterAll(() => server.close());
beforeEach(async () => {
  onPart = undefined;
  owner = await server.asOwner();
});

type Given = Partial<Parameters<Member["api"]["exports"]["create"]>[0]>;
const begin = (given: Given = {}, who = owner) =>
  who.api.exports.create({ list: "pots.list", format: "csv", language: "en", ...given });
const get = (exportId: string, who = owner) => who.api.exports.get({ exportId });
async function bytesOf(exportId: string, who = owner): Promise<Buffer> {
  const { url } = await who.api.exports.download({ exportId });
  const response = await fetch(url.replace(server.runtime.env.PUBLIC_URL, server.url));
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}
const linesOf = async (exportId: string, who = owner) =>
  (await bytesOf(exportId, who)).toString().trimEnd().split("\r\n");
/** What lies in the storage of a tenant. */
async function stored(who = owner): Promise<string[]> {
  const roots = ["files", "parts"].map((name) => join(server.runtime.env.FILES_DIR, name, who.tenantId));
  const found = await Promise.all(
    roots.map((root) => readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])),
  );
  return found.flat().flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

test("a list becomes a file in the background, which is told of and fetched once by each link", async () => {
  await addPots(server, owner.tenantId, 2500);
  const made = await begin();
  expect(made).toMatchObject({ state: "waiting", rows: 0, isReused: false, what: { zh: "壶", en: "pots" } });
  expect(await refusal(owner.api.exports.download({ exportId: made.id }))).toMatchObject({ code: "kit.conflict" });
  await server.runUntilIdle();
  const done = await get(made.id);
  expect(done).toMatchObject({ state: "done", rows: 2500, expected: 2500, expiresAt: expect.any(String) as string });
  const lines = await linesOf(made.id);
  expect([lines[0], lines[1], lines.at(-1), lines.length]).toEqual([
    "\uFEFFPot,Cups",
    "pot 2500,2500",
    "pot 1,1",
    2501,
  ]);
  expect(done.sizeBytes).toBe((await bytesOf(made.id)).length);
  const { items } = await owner.api.notifications.list({});
  expect(items.map(({ title, link }) => [title.en, link])).toEqual([
    ["The export of pots is ready: 2,500 rows", "/downloads"],
  ]);
  expect(await stored()).toHaveLength(1);
});

test("asking for one, and each fetching, is in the audit log, with the list but not the words searched for", async () => {
  await addPots(server, owner.tenantId, 3);
  const { id } = await begin({ query: { search: "壶" } });
  await server.runUntilIdle();
  await bytesOf(id);
  const { rows } = await sql`SELECT act, details FROM kit_audit_entry
    WHERE tenant_id = ${owner.tenantId} AND kind = 'exported' ORDER BY id`.execute(server.runtime.unscopedDb());
  expect(rows).toMatchObject([
    { act: "exports.create", details: { list: "pots.list", format: "csv", search: "…" } },
    { act: "exports.download", details: { list: "pots.list", format: "csv", exportId: id } },
  ]);
});

test("a workbook of two steps has every row once, and typed cells", async () => {
  await addPots(server, owner.tenantId, 12_345);
  const { id } = await begin({ format: "xlsx", language: "zh" });
  await server.runUntilIdle();
  const [sheet] = await readWorkbook(await bytesOf(id));
  expect(sheet?.sheet).toBe("壶");
  expect(sheet?.data[0]).toEqual(["壶", "杯"]);
  expect(sheet?.data.slice(1)).toEqual(Array.from({ length: 12_345 }, (_, n) => [`pot ${12_345 - n}`, 12_345 - n]));
});

test("more rows than a request is to wait for are refused there, with a word about where", async () => {
  await addPots(server, owner.tenantId, 2001);
  const headers = { accept: "text/csv", authorization: `Bearer ${owner.accessToken}` };
  const refused = await fetch(`${server.url}/api/pots`, { headers });
  expect(await refused.json()).toMatchObject({ status: 422, code: "kit.export_too_long" });
  expect((await fetch(`${server.url}/api/pots?cups[lte]=2000`, { headers })).status).toBe(200);
});

test("it is what was asked for: filters, columns in their order, language, GBK", async () => {
  await addPots(server, owner.tenantId, 30, "紫砂壶");
  const query = { cups: { gte: "10", lte: "12" } };
  const { id } = await begin({ query, columns: ["cups", "name"], format: "csv-gbk", language: "zh" });
  await server.runUntilIdle();
  const text = new TextDecoder("gbk").decode(await bytesOf(id));
  expect(text).toBe("杯,壶\r\n12,紫砂壶 12\r\n11,紫砂壶 11\r\n10,紫砂壶 10\r\n");
});

test("the same export twice on a day is one file; anything else, or another day, is another", async () => {
  await addPots(server, owner.tenantId, 3);
  const first = await begin({ query: { cups: { gte: "1", lte: "2" } }, columns: ["name"] });
  await server.runUntilIdle();
  const again = await begin({ query: { cups: { lte: "2", gte: "1" } }, columns: ["name"] });
  expect(again).toMatchObject({ id: first.id, isReused: true, state: "done" });
  const others: Given[] = [
    { columns: ["name"] },
    { query: { cups: { gte: "1", lte: "2" } } },
    { query: { cups: { gte: "1", lte: "2" } }, columns: ["name"], format: "xlsx" },
    { query: { cups: { gte: "1", lte: "2" } }, columns: ["name"], language: "zh" },
    { query: { cups: { gte: "1", lte: "2" } }, columns: ["name"], zone: "UTC" },
    { query: { cups: { gte: "1", lte: "2" } }, columns: ["name"], anew: true },
  ];
  const ids = [first.id];
  for (const other of others) {
    const made = await begin(other);
    expect([made.isReused, ids.includes(made.id)]).toEqual([false, false]);
    ids.push(made.id);
  }
  const colleague = await server.asHolderOf(["pots:fill", "pots:names"], owner);
  expect(await begin({}, colleague)).toMatchObject({ isReused: false });
  await server.runUntilIdle();
  server.clock.advance(86_400_000);
  expect(await begin({ query: { cups: { gte: "1", lte: "2" } }, columns: ["name"] })).toMatchObject({
    isReused: false,
  });
  await server.runUntilIdle();
});

test("asked for many times at once, hundreds of times, it is begun once", async () => {
  for (let round = 0; round < 100; round += 1) {
    const query = { cups: { gte: `${round}` } };
    const made = await Promise.all(Array.from({ length: 4 }, () => begin({ query })));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(made.filter(({ isReused }) => !isReused)).toHaveLength(1);
    await owner.api.exports.delete({ exportId: made[0]!.id });
  }
  await server.runUntilIdle();
});

test("who may not see a column doesn't get it, and who may not see the list gets nothing", async () => {
  await addPots(server, owner.tenantId, 3, "secret");
  const filler = await server.asHolderOf(["pots:fill"], owner);
  const { id, columns } = await begin({ columns: ["name", "cups"] }, filler);
  expect(columns).toEqual(["cups"]);
  await server.runUntilIdle();
  expect(await linesOf(id, filler)).toEqual(["\uFEFFCups", "3", "2", "1"]);
  const nobody = await server.asHolderOf(["audience:read"], owner);
  expect(await refusal(begin({}, nobody))).toMatchObject({ code: "kit.forbidden" });
  for (const bad of [{ columns: ["name"] }])
    expect(await refusal(begin(bad, filler))).toMatchObject({ code: "kit.forbidden" });
  expect(await refusal(begin({ query: { cups: { gte: "many" } } }))).toMatchObject({ code: "kit.invalid_input" });
  expect(await refusal(begin({ list: "pots.none" }))).toMatchObject({ code: "exports.no_such_list" });
});

test("another's export is there for nobody, and a file isn't for who has lost what it took", async () => {
  await addPots(server, owner.tenantId, 3);
  const filler = await server.asHolderOf(["pots:fill", "pots:names"], owner);
  const { id: exportId } = await begin({}, filler);
  await server.runUntilIdle();
  expect((await owner.api.exports.list({})).items).toEqual([]);
  for (const call of ["get", "pause", "resume", "download", "delete"] as const)
    expect(await refusal(owner.api.exports[call]({ exportId }))).toMatchObject({ code: "kit.not_found" });
  const { items } = await owner.api.access.listAccounts({});
  const roleId = items.find(({ id }) => id === filler.accountId)?.roles[0]?.id ?? "";
  await owner.api.access.updateRole({ roleId, permissions: ["pots:fill"] });
  expect(await refusal(filler.api.exports.download({ exportId }))).toMatchObject({ code: "kit.forbidden" });
});

test.each([
  ["the list", ["pots:names"], "no longer see this list"],
  ["a column of it", ["pots:fill"], "may see less than when it began"],
])("who loses %s in the middle gets no further, and is told why", async (_, left, why) => {
  await addPots(server, owner.tenantId, 10_100);
  const filler = await server.asHolderOf(["pots:fill", "pots:names"], owner);
  const { items } = await owner.api.access.listAccounts({});
  const roleId = items.find(({ id }) => id === filler.accountId)?.roles[0]?.id ?? "";
  onPart = async () => void (await owner.api.access.updateRole({ roleId, permissions: left }));
  const { id } = await begin({}, filler);
  await server.runUntilIdle();
  expect(await get(id, filler)).toMatchObject({
    state: "failed",
    rows: 10_000,
    why: { en: expect.stringContaining(why) as string },
  });
  const told = await filler.api.notifications.list({});
  expect(told.items[0]).toMatchObject({ importance: "high", title: { en: expect.stringContaining(why) as string } });
});

test("a file isn't for who has lost a right that let its list show more rows", async () => {
  await owner.api.files.upload({ name: "secret.txt", stream: Buffer.from("x"), contentType: "text/plain" });
  const manager = await server.asHolderOf(["files:manage", "audience:read"], owner);
  const { id: exportId } = await manager.api.exports.create({ list: "files.list", format: "csv", columns: ["name"] });
  await server.runUntilIdle();
  expect((await linesOf(exportId, manager)).at(-1)).toBe("secret.txt");
  const { items } = await owner.api.access.listAccounts({});
  const roleId = items.find(({ id }) => id === manager.accountId)?.roles[0]?.id ?? "";
  await owner.api.access.updateRole({ roleId, permissions: ["files:manage", "audience:read", "audience:contacts"] });
  expect(await linesOf(exportId, manager)).toHaveLength(2);
  await owner.api.access.updateRole({ roleId, permissions: ["audience:read"] });
  expect(await refusal(manager.api.exports.download({ exportId }))).toMatchObject({ code: "kit.forbidden" });
});

test("what is over isn't there any more, also before it is cleared away; so is what was paused and forgotten", async () => {
  await addPots(server, owner.tenantId, 3);
  const { id: exportId } = await begin();
  await server.runUntilIdle();
  const paused = await begin({ format: "xlsx" });
  expect((await owner.api.exports.pause({ exportId: paused.id })).expiresAt).not.toBeNull();
  expect((await owner.api.exports.resume({ exportId: paused.id })).expiresAt).toBeNull();
  await owner.api.exports.pause({ exportId: paused.id });
  server.clock.advance(7 * 86_400_000 + 1);
  const late = () => refusal(owner.api.exports.download({ exportId }));
  expect(await late()).toMatchObject({ code: "kit.not_found" });
  await server.runtime.runSchedule("files.purge");
  expect(await late()).toMatchObject({ code: "kit.not_found" });
  await server.runtime.runSchedule("exports.tend");
  await server.runUntilIdle();
  expect([(await owner.api.exports.list({})).items, await stored()]).toEqual([[], []]);
});

test("of long rows a step takes fewer: what it holds stays small", async () => {
  await addPots(server, owner.tenantId, 4000, "茶".repeat(3000));
  const { id } = await begin();
  const sizes: number[] = [];
  onPart = async () => void sizes.push((await get(id)).sizeBytes);
  await server.runUntilIdle();
  const { sizeBytes, rows, state } = await get(id);
  expect({ rows, state }).toEqual({ rows: 4000, state: "done" });
  expect(sizes[0]).toBe(0);
  expect(sizes[1]).toBeLessThan(22_000_000);
  expect(sizeBytes).toBeGreaterThan(36_000_000);
});

test("it is paused and goes on where it was", async () => {
  await addPots(server, owner.tenantId, 25_000);
  const { id: exportId } = await begin();
  onPart = async (part) => {
    if (part === 1) await owner.api.exports.pause({ exportId });
  };
  await server.runUntilIdle();
  expect(await get(exportId)).toMatchObject({ state: "paused", rows: 10_000 });
  onPart = undefined;
  await owner.api.exports.resume({ exportId });
  await server.runUntilIdle();
  expect(await get(exportId)).toMatchObject({ state: "done", rows: 25_000 });
  const lines = await linesOf(exportId);
  expect(new Set(lines).size).toBe(25_001);
  for (const call of ["pause", "resume"] as const)
    expect(await refusal(owner.api.exports[call]({ exportId }))).toMatchObject({ code: "kit.conflict" });
});

test("called off in the middle, or deleted in the end, it leaves neither row nor bytes", async () => {
  await addPots(server, owner.tenantId, 25_000);
  const { id: exportId } = await begin();
  onPart = async (part) => {
    if (part === 2) await owner.api.exports.delete({ exportId });
  };
  await server.runUntilIdle();
  expect(await refusal(get(exportId))).toMatchObject({ code: "kit.not_found" });
  expect(await stored()).toEqual([]);
  onPart = undefined;
  const { id } = await begin();
  await server.runUntilIdle();
  expect(await stored()).toHaveLength(1);
  await owner.api.exports.delete({ exportId: id });
  await server.runUntilIdle();
  expect(await stored()).toEqual([]);
  expect(await server.runtime.ctx(owner.tenantId).sql`SELECT id FROM files_file`).toEqual([]);
});

test("a step that comes to its end when its export and all of its parts are gone leaves nothing either", async () => {
  await addPots(server, owner.tenantId, 10);
  const { id } = await begin();
  onPart = async () => void (await server.runtime.ctx(owner.tenantId).sql`DELETE FROM exports_export WHERE id = ${id}`);
  await server.runUntilIdle();
  expect(await stored()).toEqual([]);
});

test("a step that is torn apart before it is written down is made again, and the file is whole", async () => {
  await addPots(server, owner.tenantId, 25_000);
  const { id } = await begin({ format: "xlsx" });
  let tears = 0;
  onPart = () => {
    tears += 1;
    if (tears % 2 === 1 && tears < 8) throw new Error("the disk was pulled out");
  };
  for (let tries = 0; tries < 8; tries += 1) {
    await server.runUntilIdle();
    server.clock.advance(60_000);
  }
  expect(await get(id)).toMatchObject({ state: "done", rows: 25_000 });
  const [sheet] = await readWorkbook(await bytesOf(id));
  expect(new Set(sheet?.data.map(([name]) => name)).size).toBe(25_001);
  await server.runUntilIdle();
  // The parts that nobody knew of went with the others.
  expect(await stored()).toHaveLength(1);
});

test("what breaks again and again ends, and says so", async () => {
  await addPots(server, owner.tenantId, 10);
  const { id } = await begin();
  onPart = () => {
    throw new Error("the disk is full");
  };
  for (let tries = 0; tries < 7; tries += 1) {
    await server.runUntilIdle();
    server.clock.advance(120_000);
  }
  expect(await get(id)).toMatchObject({
    state: "failed",
    why: { en: expect.stringContaining("failed several times") as string },
  });
  onPart = undefined;
  expect(await begin()).toMatchObject({ isReused: false });
  await server.runUntilIdle();
});

test("paused, resumed and stepped at once, again and again, each file has every row once", async () => {
  await addPots(server, owner.tenantId, 12_000);
  for (let round = 0; round < 12; round += 1) {
    const { id: exportId } = await begin({ anew: true });
    onPart = async () => {
      const moves = Array.from({ length: 5 }, (_, n) =>
        owner.api.exports[n % 2 === 0 ? "pause" : "resume"]({ exportId }).catch(() => undefined),
      );
      await Promise.all(moves);
    };
    for (let tries = 0; tries < 6; tries += 1) {
      await server.runUntilIdle();
      await owner.api.exports.resume({ exportId }).catch(() => undefined);
    }
    onPart = undefined;
    await owner.api.exports.resume({ exportId }).catch(() => undefined);
    await server.runUntilIdle();
    expect(await get(exportId)).toMatchObject({ state: "done", rows: 12_000 });
    expect(new Set(await linesOf(exportId)).size).toBe(12_001);
    await owner.api.exports.delete({ exportId });
    await server.runUntilIdle();
    expect(await stored()).toEqual([]);
  }
});

test("one account has so many at once", async () => {
  const made = await Promise.all(
    Array.from({ length: mostUnfinished + 3 }, () => begin({ anew: true }).catch(() => undefined)),
  );
  expect(made.filter((each) => each !== undefined)).toHaveLength(mostUnfinished);
  expect(await refusal(begin({ anew: true }))).toMatchObject({ code: "kit.too_many_requests" });
  await server.runUntilIdle();
});

test("it is kept for its days, and then goes with its bytes; parts of nothing go, too", async () => {
  await addPots(server, owner.tenantId, 3);
  const { id } = await begin();
  await server.runUntilIdle();
  await storage.putPart(owner.tenantId, owner.accountId, id, [Buffer.from("lost")]);
  await owner.api.settings.change({ key: "exports.keepDays", value: 1, version: 0 });
  server.clock.advance(6 * 86_400_000);
  await server.runtime.runSchedule("exports.tend");
  await server.runUntilIdle();
  expect(await get(id)).toMatchObject({ state: "done" });
  expect(await stored()).toHaveLength(1);
  server.clock.advance(2 * 86_400_000);
  await server.runtime.runSchedule("exports.tend");
  await server.runUntilIdle();
  expect(await refusal(get(id))).toMatchObject({ code: "kit.not_found" });
  expect(await stored()).toEqual([]);
});
