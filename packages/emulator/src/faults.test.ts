import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "./emulator.ts";
import { type DeveloperServer, startDeveloper } from "./testing/developer.ts";
import { faultKinds } from "./world/faults.ts";
import { sign } from "./wechat/crypto.ts";

let emulator: Emulator;
let developer: DeveloperServer;
let token: string;

beforeAll(async () => {
  emulator = await startEmulator({ seed: 3 });
});
beforeEach(async () => {
  emulator.world.reset();
  developer = await startDeveloper();
  await emulator.world.seed({
    accounts: [{ appid: "wxlantern", secret: "lantern", push: { url: developer.url, token: "lantern" } }],
    puppets: [{ id: "tea", follows: ["wxlantern"] }],
  });
  token = await newToken();
});
afterEach(() => developer.stop());
afterAll(() => emulator.stop());

async function newToken(): Promise<string> {
  const query = "grant_type=client_credential&appid=wxlantern&secret=lantern";
  const answer = await fetch(`${emulator.url}/cgi-bin/token?${query}`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function createTag(name: string, access = token, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const answer = await fetch(`${emulator.url}/cgi-bin/tags/create?access_token=${access}`, {
    method: "POST",
    body: JSON.stringify({ tag: { name } }),
    ...(signal === undefined ? {} : { signal }),
  });
  return (await answer.json()) as Record<string, unknown>;
}
const tags = () => emulator.world.account("wxlantern").tags.map(({ name }) => name);
const texts = () => developer.pushes.map(({ body }) => /Content><!\[CDATA\[(.*?)\]/.exec(body)?.[1]);

test.each([
  ["busy", -1],
  ["quota", 45009],
] as const)("%s: the call of that path is refused once, nothing is done, and others go on", async (kind, errcode) => {
  emulator.world.addFault({ kind, path: "/cgi-bin/tags/create" });
  await newToken();
  expect(await createTag("常客")).toMatchObject({ errcode });
  expect(tags()).toEqual([]);
  expect(await createTag("常客")).toMatchObject({ tag: { name: "常客" } });
});

test("token-race: the token is void from that call on, and a new one works", async () => {
  emulator.world.addFault({ kind: "token-race", path: "/cgi-bin/tags/create" });
  expect(await createTag("一")).toMatchObject({ errcode: 40001 });
  expect(await createTag("一")).toMatchObject({ errcode: 40001 });
  expect(await createTag("一", await newToken())).toMatchObject({ tag: { name: "一" } });
});

test.each([
  ["timeout-before", []],
  ["timeout-after", ["常客"]],
] as const)("%s: no answer comes at all; what was done is %j", async (kind, done) => {
  emulator.world.addFault({ kind, path: "/cgi-bin/tags/create" });
  const given = new AbortController();
  const asked = createTag("常客", token, given.signal);
  await expect.poll(() => emulator.world.journal({ text: "no answer was given" })).toHaveLength(1);
  given.abort();
  await expect(asked).rejects.toThrow("abort");
  expect(tags()).toEqual(done);
});

test("a caller that waits for an answer that never comes doesn't keep the emulator from stopping", async () => {
  const other = await startEmulator();
  other.world.addFault({ kind: "timeout-after" });
  const asked = fetch(`${other.url}/cgi-bin/token`);
  await expect.poll(() => other.world.journal()).toHaveLength(1);
  await Promise.all([other.stop(), expect(asked).rejects.toThrow("fetch failed")]);
});

test("duplicated: the same message comes twice", async () => {
  emulator.world.addFault({ kind: "duplicated", what: "text" });
  await emulator.world.say("tea", { text: "一" });
  expect(new Set(developer.pushes.map(({ body }) => body)).size).toBe(1);
  expect(texts()).toEqual(["一", "一"]);
});

test("reordered: it comes after the next one", async () => {
  emulator.world.addFault({ kind: "reordered", what: "text" });
  await emulator.world.say("tea", { text: "一" });
  await emulator.world.say("tea", { text: "二" });
  await developer.received(2);
  expect(texts()).toEqual(["二", "一"]);
});

test("delayed: nothing comes before its time, and what comes meanwhile overtakes it", async () => {
  emulator.world.addFault({ ...faultKinds.delayed, what: "text", delayMs: 60 });
  const late = emulator.world.say("tea", { text: "一" });
  await emulator.world.say("tea", { text: "二" });
  await late;
  expect(texts()).toEqual(["二", "一"]);
});

test("lost: nobody hears of it, the phone shows nothing, and the next one comes", async () => {
  emulator.world.addFault({ kind: "lost", what: "text" });
  expect(await emulator.world.say("tea", { text: "一" })).toMatchObject({ outcome: "lost", tries: [] });
  expect(emulator.world.chat("tea").chat).toHaveLength(1);
  await emulator.world.say("tea", { text: "二" });
  expect(texts()).toEqual(["二"]);
  expect(emulator.world.journal({ text: "a fault lost it" })).toHaveLength(1);
});

test("bad-signature: the message is real, but isn't signed with the account's token", async () => {
  emulator.world.addFault({ kind: "bad-signature", what: "text" });
  await emulator.world.say("tea", { text: "一" });
  await emulator.world.say("tea", { text: "二" });
  const isRight = developer.pushes.map(({ url }) => {
    const [timestamp = "", nonce = ""] = [url.searchParams.get("timestamp"), url.searchParams.get("nonce")].map(String);
    return url.searchParams.get("signature") === sign(["lantern", timestamp, nonce]);
  });
  expect(isRight).toEqual([false, true]);
});

test("every kind can be ordered by its name, and another name is refused", async () => {
  for (const kind of Object.keys(faultKinds)) {
    const body = JSON.stringify({ kind, count: 2 });
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${emulator.url}/emulator/faults`, { method: "POST", headers, body })).status).toBe(200);
  }
  expect(emulator.world.faults()).toHaveLength(Object.keys(faultKinds).length);
  expect(() => emulator.world.addFault({ kind: "constructor" } as never)).toThrow();
});
