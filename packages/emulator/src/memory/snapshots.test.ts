import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../emulator.ts";

let emulator: Emulator;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-snapshots-"));
  emulator = await startEmulator({ seed: 5, snapshotFolder: folder });
  await emulator.world.seed({
    accounts: [{ appid: "wxlantern", secret: "lantern", openPlatform: "tea" }],
    puppets: [{ id: "tea", name: "小茶", follows: ["wxlantern"] }],
  });
});
afterEach(async () => {
  await emulator.stop();
  await rm(folder, { recursive: true });
});

async function control(method: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${emulator.url}/emulator${path}`, { method });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const look = () => ({
  puppets: emulator.world.puppets(),
  bonds: emulator.world.bonds(),
  clock: emulator.world.clock().offsetMs,
});

test("a world comes back as it was put aside: who was there, what was said, the clock", async () => {
  await emulator.world.say("tea", { text: "春茶到了吗" });
  emulator.world.setClock(3_600_000);
  const before = look();
  expect((await control("PUT", `/snapshots/${encodeURIComponent("开张")}`)).status).toBe(200);
  await emulator.world.say("tea", { text: "还有吗" });
  emulator.world.createPuppet({ id: "other" });
  emulator.world.setClock(0);
  expect((await control("POST", `/snapshots/${encodeURIComponent("开张")}/restore`)).body).toMatchObject({
    name: "开张",
  });
  expect(look()).toEqual(before);
  expect((await control("GET", "/snapshots")).body).toMatchObject({ snapshots: [{ name: "开张" }] });
});

test("another seed comes with its world, in another emulator", async () => {
  await emulator.world.takeSnapshot("first");
  const { openid } = emulator.world.chat("tea");
  const other = await startEmulator({ seed: 6, snapshotFolder: folder, restore: "first" });
  try {
    expect(other.world.state.seed).toBe(5);
    expect(other.world.chat("tea").openid).toBe(openid);
    const one = emulator.world.createPuppet({ id: "new" });
    other.world.createPuppet({ id: "new" });
    expect(other.world.chat(one.id).openid).toBe(emulator.world.chat(one.id).openid);
  } finally {
    await other.stop();
  }
});

const noBond = '{"appid":"wxgone","puppetId":"tea","openid":"o123456789012345678901234567"}';
test.each([
  ["torn", (text: string) => text.slice(0, -20), "torn"],
  ["of another version", (text: string) => text.replace('"version":1', '"version":7'), "version 7"],
  ["damaged at its end", (text: string) => text.replace('"journal":[]', '"journal":[{"id":1}]'), "journal.0"],
  ["with a bond of nobody", (text: string) => text.replace('"bonds":[', `"bonds":[\n${noBond},`), "no such account"],
  ["with a puppet twice", (text: string) => text.replace(/^(\{"id":"tea".*\})$/m, "$1,\n$1"), "there twice"],
])("one that is %s is refused whole", async (_name, spoil, reason) => {
  await emulator.world.takeSnapshot("spoilt");
  const file = join(folder, "spoilt.world.json");
  const text = await readFile(file, "utf8");
  expect(spoil(text)).not.toBe(text);
  await writeFile(file, spoil(text));
  emulator.world.createPuppet({ id: "later" });
  emulator.world.setClock(1_000);
  emulator.world.changeRules({ "tags.batch": 3 });
  const before = look();
  const { status, body } = await control("POST", "/snapshots/spoilt/restore");
  expect([status, body]).toEqual([
    422,
    { error: { code: "unusable_snapshot", message: expect.stringContaining(reason) as string } },
  ]);
  expect(look()).toEqual(before);
  expect(emulator.world.state.rules.changes()).toEqual({ "tags.batch": 3 });
});

test("a name that is no name, and one that nobody gave", async () => {
  expect((await control("PUT", "/snapshots/..%2Fsecret")).status).toBe(400);
  expect((await control("POST", "/snapshots/none/restore")).status).toBe(404);
  await emulator.world.takeSnapshot("short");
  expect((await control("DELETE", "/snapshots/short")).status).toBe(200);
  expect(await emulator.world.snapshots()).toEqual([]);
});

test("without a folder they last as long as the emulator", async () => {
  const other = await startEmulator();
  await other.world.takeSnapshot("now");
  const path = await other.world.kept.path("now");
  await other.stop();
  await expect(readFile(path)).rejects.toThrow("ENOENT");
});
