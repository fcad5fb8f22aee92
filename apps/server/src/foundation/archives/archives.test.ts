import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { unzip } from "@zhanggui/kit/testing/unzip";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { mostKept } from "./archives.contract.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { StorageService } from "../files/storage.service.ts";
import { safeName, uniqueNames } from "./internal/names.ts";

let server: TestServer;
let owner: Member;
/** What a test makes happen when a file is packed. */
let onPart: (() => Promise<void> | void) | undefined;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  const storage = server.app.get(StorageService);
  const put = storage.putPart.bind(storage);
  storage.putPart = async (...given) => {
    const size = await put(...given);
    if (given[4] === "archives") await onPart?.();
    return size;
  };
});
afterAll(() => server.close());
beforeEach(async () => {
  onPart = undefined;
  owner = await server.asOwner();
});

const upload = async (name: string, content: string, who = owner) =>
  (await who.api.files.upload({ name, stream: Buffer.from(content), contentType: "text/plain" })).id;
const get = (archiveId: string) => owner.api.archives.get({ archiveId });
async function fetched(archiveId: string, who = owner) {
  const { url } = await who.api.archives.download({ archiveId });
  const response = await fetch(url.replace(server.runtime.env.PUBLIC_URL, server.url));
  expect(response.status).toBe(200);
  return unzip(Buffer.from(await response.arrayBuffer()));
}
async function stored(): Promise<string[]> {
  const root = join(server.runtime.env.FILES_DIR, "archives", owner.tenantId);
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

test("files and exports become one zip, each once, under names of their own", async () => {
  const fileIds = [
    await upload("茶.txt", "绿茶"),
    await upload("茶.txt", "红茶"),
    await upload("CON.txt", "x".repeat(100_000)),
  ];
  const made = await owner.api.exports.create({ list: "files.list", format: "csv", columns: ["name"] });
  await server.runUntilIdle();
  const { id } = await owner.api.archives.create({
    name: "春天/茶",
    fileIds: [...fileIds, fileIds[0]!],
    exportIds: [made.id],
  });
  await server.runUntilIdle();
  expect(await get(id)).toMatchObject({ state: "done", files: 4, packed: 4, name: "春天_茶.zip" });
  const files = await fetched(id);
  const names = [...files.keys()];
  expect(names.slice(0, 3)).toEqual(["茶.txt", "茶 (2).txt", "_CON.txt"]);
  expect(names[3]).toMatch(/\.csv$/);
  expect([files.get("茶.txt"), files.get("茶 (2).txt"), files.get("_CON.txt")?.length]).toEqual([
    "绿茶",
    "红茶",
    100_000,
  ]);
  expect(await stored()).toEqual([]);
  const { items } = await owner.api.notifications.list({});
  expect(items.some(({ link }) => link === "/archives")).toBe(true);
});

test("a step that is torn apart is made again, and a pause keeps what is packed", async () => {
  const fileIds = [];
  for (let n = 0; n < 6; n += 1) fileIds.push(await upload(`${n}.txt`, `tea ${n}`));
  const { id } = await owner.api.archives.create({ name: "torn", fileIds });
  let tears = 0;
  onPart = async () => {
    tears += 1;
    if (tears === 2 || tears === 4) throw new Error("the disk was pulled out");
    if (tears === 5) await owner.api.archives.pause({ archiveId: id });
  };
  for (let tries = 0; tries < 4; tries += 1) {
    await server.runUntilIdle();
    server.clock.advance(60_000);
  }
  expect(await get(id)).toMatchObject({ state: "paused", packed: 3 });
  await owner.api.archives.resume({ archiveId: id });
  await server.runUntilIdle();
  expect([...(await fetched(id))].map(([name, text]) => [name, text])).toEqual(
    fileIds.map((_, n) => [`${n}.txt`, `tea ${n}`]),
  );
  expect(await stored()).toEqual([]);
});

test("called off in the middle it leaves nothing, and the files stay", async () => {
  const fileIds = [await upload("a.txt", "a"), await upload("b.txt", "b")];
  const { id: archiveId } = await owner.api.archives.create({ name: "off", fileIds });
  onPart = async () => void (await owner.api.archives.delete({ archiveId }));
  await server.runUntilIdle();
  expect(await refusal(get(archiveId))).toMatchObject({ code: "kit.not_found" });
  expect([await stored(), (await owner.api.files.list({})).items.length]).toEqual([[], 2]);
});

test("another's files are packed for nobody, nor another's zip fetched; one that goes meanwhile stops it", async () => {
  const stranger = await server.asHolderOf(["files:manage"], owner);
  const fileIds = [await upload("a.txt", "a"), await upload("b.txt", "b")];
  expect(await refusal(stranger.api.archives.create({ name: "x", fileIds }))).toMatchObject({ code: "kit.not_found" });
  expect(await refusal(owner.api.archives.create({ name: "x" }))).toMatchObject({ code: "kit.invalid_input" });
  const { id: archiveId } = await owner.api.archives.create({ name: "x", fileIds });
  for (const call of ["get", "pause", "resume", "download", "delete"] as const)
    expect(await refusal(stranger.api.archives[call]({ archiveId }))).toMatchObject({ code: "kit.not_found" });
  await owner.api.files.delete({ fileId: fileIds[1]! });
  await server.runUntilIdle();
  expect(await get(archiveId)).toMatchObject({ state: "failed", packed: 1, why: { en: "One of the files is gone" } });
});

test("it is kept for its days, and then goes with its bytes", async () => {
  const { id: archiveId } = await owner.api.archives.create({ name: "x", fileIds: [await upload("a.txt", "a")] });
  await server.runUntilIdle();
  server.clock.advance(7 * 86_400_000 + 1);
  expect(await refusal(owner.api.archives.download({ archiveId }))).toMatchObject({ code: "kit.not_found" });
  await server.runtime.runSchedule("archives.tend");
  await server.runUntilIdle();
  expect((await owner.api.archives.list({})).items).toEqual([]);
  expect(await server.runtime.ctx(owner.tenantId).sql`SELECT 1 FROM files_file WHERE type = 'application/zip'`).toEqual(
    [],
  );
});

test("an account keeps so many at most, and makes room by deleting one", async () => {
  const fileIds = [await upload("a.txt", "a")];
  const make = () => owner.api.archives.create({ name: "x", fileIds });
  const ids = [];
  while (ids.length < mostKept) {
    ids.push((await make()).id);
    await server.runUntilIdle();
  }
  expect(await refusal(make())).toMatchObject({ code: "archives.too_many", details: { most: mostKept } });
  await owner.api.archives.delete({ archiveId: ids[0] ?? "" });
  expect(await make()).toMatchObject({ state: "waiting" });
});

test("names are safe wherever they are unpacked", () => {
  expect(
    ["../../etc/passwd", "a\\b:c.txt", " .hidden. ", "nul", "COM1.csv", "", "\u202Etxt.exe", "茶.md"].map(safeName),
  ).toEqual(["_.._etc_passwd", "a_b_c.txt", "hidden", "_nul", "_COM1.csv", "_", "_txt.exe", "茶.md"]);
  expect(uniqueNames(["a.txt", "A.TXT", "a.txt", "a (2).txt"])).toEqual([
    "a.txt",
    "A (2).TXT",
    "a (3).txt",
    "a (2) (2).txt",
  ]);
});
