import { connect } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

// Over real sockets, as browsers come: by the path alone, signed in nowhere.

let server: TestServer;
let second: TestServer;
let owner: Member;
beforeAll(async () => {
  const env = { TRUSTED_PROXIES: "127.0.0.1" };
  server = await openTestServer(inject("clusterUrl"), { env });
  second = await openTestServer(inject("clusterUrl"), { env, databaseUrl: server.databaseUrl, clock: server.clock });
  owner = await server.asOwner();
});
afterAll(async () => {
  await second.close();
  await server.close();
});

type Made = Parameters<Member["api"]["links"]["create"]>[0];
/** Each is another address, so that none is the one of a test before. */
let made = 0;
async function link(more: Partial<Made> = {}): Promise<{ linkId: string; path: string; url: string }> {
  made += 1;
  const created = await owner.api.links.create({ url: `https://a.example/${made}`, ...more });
  return { linkId: created.id, path: new URL(created.shortUrl).pathname, url: created.url };
}

let address = 0;
/** Everybody comes from an address of their own. */
type Init = Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> };
function call(path: string, init: Init = {}, at = server) {
  address += 1;
  const from = `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`;
  const headers = { accept: "text/html", "accept-language": "en", "x-forwarded-for": from, ...init.headers };
  return fetch(at.url + path, { redirect: "manual", ...init, headers });
}
const clicksOf = async (linkId: string) => (await owner.api.links.clicks({ linkId })).clicks;

test("a link leads on by a 302 that nobody keeps, and each opening is counted", async () => {
  const { linkId, path, url } = await link();
  const answer = await call(path);
  expect([answer.status, answer.headers.get("location"), await answer.text()]).toEqual([302, url, ""]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  await call(path, {}, second);
  expect(await clicksOf(linkId)).toBe(2);
});

test("a HEAD is answered alike and not counted", async () => {
  const { linkId, path, url } = await link({ maxClicks: 1 });
  for (let round = 0; round < 3; round += 1) {
    const answer = await call(path, { method: "HEAD" });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, url]);
  }
  expect(await clicksOf(linkId)).toBe(0);
  expect((await call(path)).status).toBe(302);
  expect((await call(path, { method: "HEAD" })).status).toBe(410);
});

test("clicks are told by the tenant's days", async () => {
  const { linkId, path } = await link();
  // Midnight in Shanghai is 16:00 UTC.
  const now = server.clock.now();
  const midnight = new Date(`${now.toISOString().slice(0, 10)}T16:00:00Z`).getTime() + 86_400_000;
  server.clock.advance(midnight - now.getTime() - 1000);
  await call(path);
  server.clock.advance(2000);
  await call(path);
  await call(path);
  const dayOf = (ms: number) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10);
  expect((await owner.api.links.clicks({ linkId })).days).toEqual([
    { day: dayOf(midnight - 1000), clicks: 1 },
    { day: dayOf(midnight), clicks: 2 },
  ]);
  // A day is told whole or not at all, however late it is.
  server.clock.advance(44 * 3_600_000);
  expect((await owner.api.links.clicks({ linkId, days: 2 })).days).toEqual([{ day: dayOf(midnight), clicks: 2 }]);
  server.clock.advance(4 * 3_600_000);
  expect(await owner.api.links.clicks({ linkId, days: 2 })).toEqual({ clicks: 3, days: [] });
});

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
const android = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36";
const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36";
test.each([
  ["WeChat", `${iPhone} MicroMessenger/8.0.50(0x1800322f) NetType/WIFI`, "wechat"],
  ["WeChat on Windows", `${windows} MicroMessenger/7.0.20.1781 WindowsWechat`, "wechat"],
  ["WeCom", `${android} MicroMessenger/7.0.1 wxwork/4.1.30 Language/zh`, "wecom"],
  ["an iPhone", iPhone, "ios"],
  ["Android", android, "android"],
  ["Windows", windows, "desktop"],
  ["a Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "desktop"],
  ["a program", "curl/8.5.0", undefined],
])("%s is led where its rule says", async (_, userAgent, client) => {
  const rules = (["wechat", "wecom", "ios", "android", "desktop"] as const).map((each) => ({
    browser: each,
    url: `https://${each}.example/`,
  }));
  const { path, url } = await link({ rules });
  const answer = await call(path, { headers: { "user-agent": userAgent } });
  expect(answer.headers.get("location")).toBe(client === undefined ? url : `https://${client}.example/`);
});

test("of several rules that fit the first one holds", async () => {
  const [first, last] = ["https://first.example/", "https://last.example/"];
  const inWechat = { headers: { "user-agent": `${iPhone} MicroMessenger/8.0.50` } };
  const ios = await link({
    rules: [
      { browser: "ios", url: first },
      { browser: "wechat", url: last },
    ],
  });
  expect((await call(ios.path, inWechat)).headers.get("location")).toBe(first);
});

test("what is switched off, over or deleted says so in the visitor's language, and counts nothing", async () => {
  const [disabled, expired, deleted] = [
    await link(),
    await link({ expiresAt: new Date(server.clock.now().getTime() + 1000).toISOString() }),
    await link(),
  ];
  expect((await call(expired.path)).status).toBe(302);
  await owner.api.links.update({ linkId: disabled.linkId, disabled: true });
  await owner.api.links.delete({ linkId: deleted.linkId });
  server.clock.advance(1000);
  for (const { path } of [disabled, expired]) {
    const answer = await call(path, { headers: { "accept-language": "zh-CN,zh;q=0.9" } });
    expect([answer.status, answer.headers.get("cache-control"), answer.headers.get("location")]).toEqual([
      410,
      "no-store",
      null,
    ]);
    expect(await answer.text()).toContain("<p>这个链接已失效。</p>");
  }
  expect([await clicksOf(disabled.linkId), await clicksOf(expired.linkId)]).toEqual([0, 1]);
  await owner.api.links.update({ linkId: disabled.linkId, disabled: false });
  expect((await call(disabled.path)).status).toBe(302);
  for (const path of [deleted.path, "/s/NoSuchLink"]) {
    const missing = await call(path);
    expect([missing.status, await missing.text()]).toEqual([
      404,
      expect.stringContaining("There is no such thing here"),
    ]);
  }
  const own = await link({ slug: "In-This-Case" });
  expect([(await call(own.path)).status, (await call(own.path.toLowerCase())).status]).toEqual([302, 404]);
});

async function unlock(path: string, password: string) {
  const body = new FormData();
  body.set("password", password);
  return call(path, { method: "POST", body });
}

test("a link with a password asks for it, and leads on with the right one alone", async () => {
  const { linkId, path, url } = await link({ password: "longjing" });
  const asks = await call(path);
  expect([asks.status, asks.headers.get("location")]).toEqual([403, null]);
  expect(await asks.text()).toMatch(/<form method="post" enctype="multipart\/form-data">[^]*type="password"/);
  const wrong = await unlock(path, "biluochun");
  expect([wrong.status, wrong.headers.get("location")]).toEqual([403, null]);
  expect(await wrong.text()).toContain("That password is wrong.");
  expect(await clicksOf(linkId)).toBe(0);
  const right = await unlock(path, "longjing");
  expect([right.status, right.headers.get("location"), right.headers.get("cache-control")]).toEqual([
    302,
    url,
    "no-store",
  ]);
  expect(await clicksOf(linkId)).toBe(1);
  await owner.api.links.update({ linkId, password: "tieguanyin" });
  expect((await unlock(path, "longjing")).status).toBe(403);
  await owner.api.links.update({ linkId, disabled: true });
  expect([(await call(path)).status, (await unlock(path, "tieguanyin")).status]).toEqual([410, 410]);
});

test("the page runs no script, takes no frame, and repeats nothing that it was sent", async () => {
  const { path } = await link({ password: "longjing", title: "<b>title</b>" });
  const answer = await call(`${path}?x=<script>alert(1)</script>`, { headers: { "user-agent": "<script>" } });
  expect(answer.headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self' https: http: weixin:; base-uri 'none'; frame-ancestors 'none'$/,
  );
  expect(await answer.text()).not.toMatch(/script|title<\/b>|a\.example/);
});

test("a program is told the same as a problem", async () => {
  const { path } = await link({ password: "longjing" });
  const answer = await call(path, { headers: { accept: "*/*" } });
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  expect(await answer.json()).toMatchObject({ code: "kit.password_needed", details: { asks: "password" } });
});

test.each([
  ["JSON", { "content-type": "application/json" }, `{"password":"longjing"}`, 415],
  ["a form without the field", { "content-type": "multipart/form-data; boundary=x" }, "--x--\r\n", 400],
  ["a broken form", { "content-type": "multipart/form-data; boundary=x" }, "--y\r\n", 400],
  ["a huge one", { "content-type": "multipart/form-data; boundary=x" }, "x".repeat(600_000), 413],
])("%s opens nothing", async (_, headers, body, status) => {
  const { path, linkId } = await link({ password: "longjing" });
  expect((await call(path, { method: "POST", headers, body })).status).toBe(status);
  expect(await clicksOf(linkId)).toBe(0);
});

/** The status line of whatever is sent to the socket as it is. */
function send(text: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8").on("data", (part: string) => void (answer += part));
    socket.on("close", () => done(answer)).on("error", fail);
  });
}

test.each([
  ["a NUL", "/s/%00", "400"],
  ["a broken escape", "/s/%zz", "400"],
  ["a way out", "/s/..%2f..%2fapi%2flinks", "404"],
  ["an endless one", `/s/${"x".repeat(8000)}`, "404"],
])("a path with %s leads nowhere", async (_, path, status) => {
  const answer = await send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer.toLowerCase()).not.toContain("\r\nlocation:");
});

test("a line break in the path makes no header", async () => {
  const answer = await send("GET /s/x%0d%0aset-cookie:%20a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1.1 404 /);
  expect(answer.toLowerCase()).not.toContain("\r\nset-cookie:");
});

test("a limit of 100 that 400 meet at once, on two servers, lets exactly 100 through", async () => {
  const { linkId, path } = await link({ maxClicks: 100 });
  const answers = await Promise.all(Array.from({ length: 400 }, (_, n) => call(path, {}, n % 2 ? server : second)));
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  expect([count(302), count(410)]).toEqual([100, 300]);
  expect(await owner.api.links.clicks({ linkId })).toMatchObject({ clicks: 100, days: [{ clicks: 100 }] });
  expect((await owner.api.links.list({ search: path.slice(3) })).items[0]).toMatchObject({ state: "used_up" });
  await owner.api.links.update({ linkId, maxClicks: 101 });
  const more = await Promise.all(Array.from({ length: 10 }, () => call(path)));
  expect(more.filter(({ status }) => status === 302)).toHaveLength(1);
});

test("and so in each of 200 rounds, with a limited and an unlimited link side by side", async () => {
  const free = await link();
  for (let round = 0; round < 200; round += 1) {
    server.clock.advance(6_000);
    const { path } = await link({ maxClicks: 3 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => call(n % 3 === 2 ? free.path : path, {}, n % 2 ? server : second)),
    );
    expect(answers.filter(({ status }) => status === 302).length, `round ${round}`).toBe(3 + 4);
  }
  expect(await clicksOf(free.linkId)).toBe(800);
});

test("counting and editing don't wait for each other", async () => {
  const { linkId, path, url } = await link();
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  await client.query("BEGIN");
  await client.query("SELECT FROM links_counter WHERE link_id = $1 FOR UPDATE", [linkId]);
  expect(await owner.api.links.update({ linkId, title: "edited" })).toMatchObject({ title: "edited" });
  await client.query("ROLLBACK; BEGIN");
  await client.query("UPDATE links_link SET title = 'open' WHERE id = $1", [linkId]);
  expect((await call(path)).headers.get("location")).toBe(url);
  await client.query("ROLLBACK");
  await client.end();
  expect(await clicksOf(linkId)).toBe(1);
});

test("one address opens 600 links a minute, and tries ten passwords", async () => {
  const { path } = await link();
  const locked = await link({ password: "longjing" });
  const from = { headers: { "x-forwarded-for": "203.0.113.7" } };
  // Time stands still, or a slow machine would give some back.
  const clock = vi.spyOn(server.clock, "now").mockReturnValue(server.clock.now());
  const opened = await Promise.all(Array.from({ length: 605 }, () => call(path, from)));
  expect(opened.filter(({ status }) => status === 429)).toHaveLength(5);
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const body = new FormData();
    body.set("password", `guess-${n}`);
    statuses.push((await call(locked.path, { method: "POST", body, ...from })).status);
  }
  clock.mockRestore();
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 403), 429, 429]);
});

test("a link that is made, opened and deleted again and again leaves the counters of others alone", async () => {
  const stays = await link();
  for (let round = 0; round < 20; round += 1) {
    const goes = await link();
    await Promise.all([call(goes.path), call(stays.path), owner.api.links.delete({ linkId: goes.linkId })]);
  }
  expect(await clicksOf(stays.linkId)).toBe(20);
});
