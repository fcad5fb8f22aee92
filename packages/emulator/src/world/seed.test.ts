import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../emulator.ts";
import { startDeveloper } from "../testing/developer.ts";

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ seed: 3 });
});
beforeEach(async () => {
  emulator.world.reset();
  await emulator.world.seed({
    accounts: [{ appid: "wxlantern" }, { appid: "wxmini", kind: "miniprogram" }],
    puppets: [{ id: "tea", follows: ["wxlantern"] }],
  });
});
afterAll(() => emulator.stop());

const look = () => ({
  accounts: structuredClone(emulator.world.accounts()),
  puppets: emulator.world.puppets(),
  bonds: emulator.world.bonds(),
});
const template = { templateId: "T", title: "取茶", content: "{{order.DATA}}" };

test.each([
  ["puppets[1]", { puppets: [{ id: "a" }, { id: "tea" }] }],
  ["puppets[2]", { puppets: [{ id: "a" }, { id: "b" }, { id: "a" }] }],
  ["puppets[1].follows", { puppets: [{ id: "a" }, { id: "b", follows: ["wxlantern", "wxgone"] }] }],
  ["accounts[1]", { accounts: [{ appid: "wxnew" }, { appid: "wxnew" }] }],
  ["accounts[0]", { accounts: [{ appid: "wxlantern" }], puppets: [{ id: "a" }] }],
  ["accounts[0].templates", { accounts: [{ appid: "wxnew", templates: [template, template] }] }],
  ["accounts[1].push", { accounts: [{ appid: "wxnew" }, { push: { url: "http://127.0.0.1:1/", token: "lantern" } }] }],
  ["puppets[0]", { puppets: [{}, { id: "puppet-2" }] }],
])("an entry that can't be leaves all of the world as it was: %s", async (entry, seed) => {
  const before = look();
  const answer = await fetch(`${emulator.url}/emulator/seed`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(seed),
  });
  const { error } = (await answer.json()) as { error: { message: string } };
  expect(answer.ok).toBe(false);
  expect(error.message.slice(0, error.message.indexOf(":"))).toBe(entry);
  expect(look()).toEqual(before);
});

test("an entry of the wrong shape is named too", async () => {
  const before = look();
  const seed = emulator.world.seed({ puppets: [{ id: "a" }, { id: "no such id!" }] });
  await expect(seed).rejects.toThrow("puppets");
  expect(look()).toEqual(before);
});

test("a right one makes all, with push urls that were asked", async () => {
  const developer = await startDeveloper();
  try {
    const made = await emulator.world.seed({
      accounts: [{ appid: "wxnew", push: { url: developer.url, token: "lantern" } }],
      puppets: [{ id: "a", follows: ["wxnew", "wxlantern"] }, {}],
    });
    expect(made.accounts[0]?.push?.url).toBe(developer.url);
    expect(made.puppets).toHaveLength(2);
    expect(emulator.world.chat("a", "wxnew").following).toBe(true);
  } finally {
    await developer.stop();
  }
});

test("a name that somebody took while urls were asked refuses all", async () => {
  const server = createServer((request, reply) => {
    emulator.world.createPuppet({ id: "taken" });
    reply.end(new URL(request.url ?? "", "http://developer").searchParams.get("echostr"));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  try {
    const push = { url: `http://127.0.0.1:${port}/`, token: "lantern" };
    const seed = emulator.world.seed({ accounts: [{ appid: "wxnew", push }], puppets: [{ id: "taken" }] });
    await expect(seed).rejects.toThrow("puppets[0]");
    expect(emulator.world.accounts().map(({ appid }) => appid)).toEqual(["wxlantern", "wxmini"]);
  } finally {
    server.close();
  }
});
