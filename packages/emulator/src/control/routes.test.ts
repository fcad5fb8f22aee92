import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../emulator.ts";
import { type DeveloperServer, startDeveloper } from "../testing/developer.ts";

let emulator: Emulator;
let developer: DeveloperServer;

beforeAll(async () => {
  emulator = await startEmulator({ seed: 3 });
  developer = await startDeveloper();
});

beforeEach(async () => {
  await control("POST", "/reset");
});

afterAll(async () => {
  await emulator.stop();
  await developer.stop();
});

async function control(method: string, path: string, body?: unknown): Promise<{ status: number; body: JsonObject }> {
  const response = await fetch(`${emulator.url}/emulator${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: response.status, body: (await response.json()) as JsonObject };
}
type JsonObject = Record<string, unknown>;

test("a whole world in one call, played by its routes", async () => {
  const seeded = await control("POST", "/seed", {
    accounts: [{ appid: "wxlantern", name: "灯笼茶", push: { url: developer.url, token: "lantern" } }],
    puppets: [{ id: "tea", name: "小茶" }],
  });
  expect(seeded).toMatchObject({ status: 200, body: { accounts: [{ appid: "wxlantern" }], puppets: [{ id: "tea" }] } });
  expect(await control("POST", "/puppets/tea/follow")).toMatchObject({
    body: { what: "subscribe", outcome: "silent" },
  });
  expect(await control("POST", "/puppets/tea/say", { text: "你好" })).toMatchObject({ body: { what: "text" } });
  const place = { latitude: 31.2304, longitude: 121.4737, label: "上海" };
  const located = await control("POST", "/puppets/tea/send-location", place);
  expect(located.body["message"]).toContain("<Location_X>31.230400</Location_X>");
  const pictured = await control("POST", "/puppets/tea/send-image", {});
  const url = /<PicUrl><!\[CDATA\[(.*?)\]\]>/.exec(String(pictured.body["message"]))?.[1] ?? "";
  expect((await fetch(url)).headers.get("content-type")).toBe("image/png");
  const chat = await control("GET", "/puppets/tea/chat");
  expect(chat.body["chat"]).toHaveLength(4);
  const journal = await control("GET", "/journal?kind=push&text=你好");
  expect(journal.body["entries"]).toHaveLength(1);
});

test.each([
  ["an unknown field", "POST", "/puppets", { nmae: "x" }, 400, "invalid_request"],
  ["not JSON's type", "PUT", "/clock", { offsetMs: "soon" }, 400, "invalid_request"],
  ["an unknown puppet", "POST", "/puppets/nobody/scan", { code: "x" }, 404, "no_such_puppet"],
  ["no account to mean", "GET", "/puppets/nobody/chat", undefined, 400, "name_account"],
  ["an unknown account", "GET", "/accounts/wx0", undefined, 404, "no_such_account"],
  ["an unknown mail", "GET", "/mails/mail-9/html", undefined, 404, "no_such_mail"],
])("%s has a clear error", async (_name, method, path, body, status, code) => {
  const answer = await control(method, path, body);
  expect(answer).toMatchObject({ status, body: { error: { code, message: expect.stringMatching(/./) } } });
});

test("a push url that doesn't echo is refused with 422", async () => {
  await control("POST", "/accounts", { appid: "wxlantern" });
  const answer = await control("PUT", "/accounts/wxlantern/push", { url: `${emulator.url}/journal`, token: "abc" });
  expect(answer).toMatchObject({ status: 422, body: { error: { code: "push_check_failed" } } });
  expect((await control("GET", "/accounts/wxlantern")).body["push"]).toBeNull();
});

test("a page from elsewhere can't control the emulator", async () => {
  const ask = async (origin: string): Promise<number> =>
    (await fetch(`${emulator.url}/emulator/reset`, { method: "POST", headers: { origin } })).status;
  expect(await ask("https://elsewhere.example")).toBe(403);
  expect(await ask("null")).toBe(403);
  expect(await ask(emulator.url)).toBe(200);
  // A name that was pointed here: the browser then sends it as host and as origin.
  const { port } = new URL(emulator.url);
  const rebound = await new Promise<number | undefined>((done) => {
    const headers = { host: `rebound.example:${port}`, origin: `http://rebound.example:${port}` };
    request({ port, host: "127.0.0.1", method: "POST", path: "/emulator/reset", headers }, (reply) => {
      reply.resume();
      done(reply.statusCode);
    }).end();
  });
  expect(rebound).toBe(403);
});

test("the clock turns", async () => {
  const before = Date.now();
  const { body } = await control("PUT", "/clock", { offsetMs: 86_400_000 });
  expect(Date.parse(String(body["now"]))).toBeGreaterThanOrEqual(before + 86_400_000);
  await control("PUT", "/clock", { offsetMs: 0 });
});

test("live: what happens is told as it happens", async () => {
  const stream = await fetch(`${emulator.url}/emulator/live`);
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  await control("POST", "/puppets", { id: "tea" });
  let text = "";
  while (!text.includes("data:")) text += (await reader?.read())?.value ?? "";
  expect(text).toContain('data: {"type":"world"}');
  await reader?.cancel();
});

test("pages allow scripts and styles of their own only", async () => {
  for (const path of ["/", "/accounts", "/mail", "/journal"]) {
    const page = await fetch(emulator.url + path);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(await page.text()).not.toMatch(/<script(?![^>]*src=)|\sstyle=|\son\w+=/);
  }
});
