import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

const minuteMs = 60_000;
const setting = async (who: Member, key: string, value: unknown) => {
  const { items } = await who.api.settings.list();
  await who.api.settings.change({ key, value, version: items.find((item) => item.key === key)?.version ?? 0 });
};

test("an address is shortened, and the link says all but the password", async () => {
  const { api, accountId } = await server.asOwner();
  const link = await api.links.create({
    url: "https://lantern-tea.example/春?a=1#b",
    title: "春茶",
    password: "longjing",
  });
  expect(link.shortUrl).toMatch(/^http:\/\/127\.0\.0\.1:8790\/s\/[1-9A-HJ-NP-Za-km-z]{7}$/);
  expect(link).toEqual({
    id: link.id,
    shortUrl: link.shortUrl,
    url: "https://lantern-tea.example/%E6%98%A5?a=1#b",
    title: "春茶",
    state: "active",
    clicks: 0,
    owner: { id: accountId, name: "Owner" },
    expiresAt: null,
    maxClicks: null,
    hasPassword: true,
    rules: [],
    createdAt: link.createdAt,
  });
});

test("the same address within ten minutes gives the same link, later another", async () => {
  const { api } = await server.asOwner();
  const shorten = async (more: object = {}) => (await api.links.create({ url: "https://a.example/same", ...more })).id;
  // Somebody has printed that one, and may delete it.
  const printed = await shorten({ slug: "printed-ending" });
  const first = await shorten();
  expect(first).not.toBe(printed);
  server.clock.advance(9 * minuteMs);
  expect(await shorten()).toBe(first);
  // What makes it another link.
  const others = [{ title: "x" }, { expiresAt: "2099-01-01T00:00:00Z" }, { password: "longjing" }, { maxClicks: 3 }];
  for (const other of [...others, { slug: `own-${first.slice(-12)}` }]) expect(await shorten(other)).not.toBe(first);
  // One that is limited is for one use: it is not handed out again.
  expect(await shorten({ maxClicks: 3 })).not.toBe(await shorten({ maxClicks: 3 }));
  server.clock.advance(2 * minuteMs);
  const second = await shorten();
  expect(second).not.toBe(first);
  await api.links.update({ linkId: second, disabled: true });
  expect(await shorten()).not.toBe(second);
});

test("the window is a setting; with 0 each call gives a link of its own", async () => {
  const tea = await server.asOwner();
  await setting(tea, "links.reuseMinutes", 0);
  const url = "https://a.example/never";
  expect((await tea.api.links.create({ url })).id).not.toBe((await tea.api.links.create({ url })).id);
});

test("400 calls at once, on two servers, give one link; and so in each of a hundred rounds", async () => {
  const second = await openTestServer(inject("clusterUrl"), { databaseUrl: server.databaseUrl, clock: server.clock });
  const apis = [owner.api, second.anonymous({ authorization: `Bearer ${owner.accessToken}` })];
  const shorten = (url: string, calls: number) =>
    Promise.all(Array.from({ length: calls }, async (_, n) => (await apis[n % 2]!.links.create({ url })).id));
  expect(new Set(await shorten("https://a.example/400", 400)).size).toBe(1);
  for (let round = 0; round < 100; round += 1) {
    server.clock.advance(minuteMs / 10);
    const ids = await shorten(`https://a.example/round/${round}`, 8);
    expect(new Set(ids).size, `round ${round}`).toBe(1);
  }
  await second.close();
});

test("an ending of one's own is taken once on the whole server, in this very case, and for good", async () => {
  const [tea, other] = [await server.asOwner(), await server.asOwner()];
  const take = (slug: string, who = tea) => who.api.links.create({ url: "https://a.example/", slug });
  const { id: linkId, shortUrl } = await take("Spring-24");
  expect(shortUrl).toMatch(/\/s\/Spring-24$/);
  const taken = { code: "links.slug_taken", details: { slug: "Spring-24" }, errors: [{ field: "slug" }] };
  expect(await refusal(take("Spring-24"))).toMatchObject(taken);
  expect(await refusal(take("Spring-24", other))).toMatchObject(taken);
  expect((await take("spring-24", other)).shortUrl).toMatch(/\/s\/spring-24$/);
  await tea.api.links.delete({ linkId });
  expect(await refusal(take("Spring-24", other))).toMatchObject(taken);
  expect(await refusal(take("Admin"))).toMatchObject({ code: "links.slug_taken" });
  for (const slug of ["ab", "x".repeat(41), "a/b", "春茶", "a b", "a%2e"])
    expect(await refusal(take(slug)), slug).toMatchObject({ code: "kit.invalid_input" });
});

test.each([
  ["javascript:alert(1)"],
  ["data:text/html,x"],
  ["ftp://a.example/"],
  ["//evil.example"],
  ["/relative"],
  ["evil.example"],
  ["https:evil.example"],
  ["https:///evil.example"],
  ["https:/\\evil.example"],
  ["https://good.example\\@evil.example"],
  ["https://good.example@evil.example"],
  ["https://good.example:secret@evil.example"],
  ["https://good.example%40evil.example/"],
  ["https://a.example/\r\nSet-Cookie: x=1"],
  ["https://a.example/\u007f"],
  ["https://a.exa\u200Bmple/"],
  ["http://127.0.0.1/"],
  ["http://127.1/"],
  ["http://2130706433/"],
  ["http://0x7f.0.0.1/"],
  ["http://10.0.0.1/"],
  ["http://169.254.169.254/latest"],
  ["http://[::1]/"],
  ["http://[::ffff:10.0.0.1]/"],
  ["http://localhost/"],
  ["http://localhost./"],
  ["http://app.localhost/"],
  ["http://intranet/"],
  ["http://printer.local/"],
  ["http://１２７.０.０.１/"],
  ["weixin://["],
  ["weixin://a:99999999/"],
  ["weixin://<b>/"],
])("%j is no destination, nor one of a rule", async (url) => {
  const refused = (field: string) => ({ status: 422, code: "links.bad_destination", errors: [{ field }] });
  expect(await refusal(owner.api.links.create({ url }))).toMatchObject(refused("url"));
  const rules = [{ browser: "wechat" as const, url }];
  expect(await refusal(owner.api.links.create({ url: "https://a.example/", rules }))).toMatchObject(
    refused("rules.0.url"),
  );
});

test("only domains that the tenant allows, and what is below them, are led to; looked at again at each edit", async () => {
  const tea = await server.asOwner();
  await setting(tea, "links.allowedDomains", ["lantern-tea.example", "茶.中国"]);
  const { api } = tea;
  const shorten = (url: string) => api.links.create({ url });
  for (const url of [
    "https://lantern-tea.example",
    "https://LANTERN-TEA.example.:8443/x",
    "http://m.lantern-tea.example/",
    "https://茶.中国/春",
    "https://xn--cl1a.xn--fiqs8s/",
    "weixin://dl/business/?t=abc",
  ])
    expect((await shorten(url)).state, url).toBe("active");
  for (const url of [
    "https://evil.example/lantern-tea.example",
    "https://evil-lantern-tea.example/",
    "https://lantern-tea.example.evil.example/",
    "https://evil.example?.lantern-tea.example",
    "https://evil.example#.lantern-tea.example",
    "https://lantern-tеa.example/",
    "https://evil.example/../lantern-tea.example",
  ])
    expect(await refusal(shorten(url)), url).toMatchObject({ status: 422, code: "links.domain_not_allowed" });
  const { id: linkId } = await shorten("https://lantern-tea.example/edit");
  const evil = "https://evil.example/";
  const refused = { code: "links.domain_not_allowed", details: { domain: "evil.example" } };
  expect(await refusal(api.links.update({ linkId, url: evil }))).toMatchObject(refused);
  expect(await refusal(api.links.update({ linkId, rules: [{ browser: "ios", url: evil }] }))).toMatchObject(refused);
  expect(await api.links.update({ linkId, title: "x" })).toMatchObject({ url: "https://lantern-tea.example/edit" });
});

test("an edit changes what it names, and null takes something away", async () => {
  const all = { title: "x", maxClicks: 5, expiresAt: "2099-01-01T00:00:00Z", password: "longjing" };
  const rules = [{ browser: "wechat" as const, url: "https://w.example/" }];
  const { id: linkId, ...made } = await owner.api.links.create({ url: "https://a.example/e", ...all, rules });
  expect(await owner.api.links.update({ linkId })).toEqual({ id: linkId, ...made });
  const changed = await owner.api.links.update({
    linkId,
    title: null,
    maxClicks: null,
    expiresAt: null,
    password: null,
  });
  const gone = { title: null, maxClicks: null, expiresAt: null, hasPassword: false };
  expect(changed).toEqual({ id: linkId, ...made, ...gone });
  expect(await owner.api.links.update({ linkId, rules: [], disabled: true })).toMatchObject({
    rules: [],
    state: "disabled",
  });
});

test("links are listed, sorted, narrowed and found; a deleted one isn't", async () => {
  const tea = await server.asOwner();
  const { api } = tea;
  const ids: Record<string, string> = {};
  const soon = new Date(server.clock.now().getTime() + minuteMs).toISOString();
  for (const [name, more] of Object.entries({
    plain: {},
    brief: { expiresAt: soon },
    once: { maxClicks: 1 },
    named: { title: "春茶上新", slug: "Chun-Cha_1" },
    gone: { title: "gone" },
  }))
    ids[name] = (await api.links.create({ url: `https://a.example/${name}`, ...more })).id;
  const nameOf = (id: string) => Object.keys(ids).find((name) => ids[name] === id);
  const found = async (query: object) => (await api.links.list(query)).items.map(({ id }) => nameOf(id));
  await api.links.delete({ linkId: ids["gone"]! });
  const once = (await api.links.list({ search: "/once" })).items[0]!;
  await fetch(server.url + new URL(once.shortUrl).pathname, { redirect: "manual" });
  server.clock.advance(2 * minuteMs);

  expect(await found({})).toEqual(["named", "once", "brief", "plain"]);
  expect(await found({ sort: "-clicks", limit: 1 })).toEqual(["once"]);
  expect((await found({ sort: "expiresAt" }))[0]).toBe("brief");
  expect(await found({ state: ["used_up", "expired"] })).toEqual(["once", "brief"]);
  expect(await found({ clicks: { gte: 1 } })).toEqual(["once"]);
  for (const search of ["茶上", "chun-cha", "EXAMPLE/named"])
    expect(await found({ search }), search).toEqual(["named"]);
  expect(await found({ search: "gone" })).toEqual([]);
  await api.links.update({ linkId: ids["named"]!, title: "秋茶" });
  expect(await found({ search: "秋茶" })).toEqual(["named"]);
  expect(await refusal(api.links.update({ linkId: ids["gone"]!, title: "x" }))).toMatchObject({
    code: "kit.not_found",
  });
});

test("pages by clicks neither repeat nor skip, whatever the order", async () => {
  const { api } = await server.asOwner();
  const expected = new Map<string, number>();
  for (let n = 0; n < 12; n += 1) {
    const { id, shortUrl } = await api.links.create({ url: `https://a.example/${n}` });
    for (let click = 0; click < n % 4; click += 1)
      await fetch(server.url + new URL(shortUrl).pathname, { redirect: "manual" });
    expected.set(id, n % 4);
  }
  for (const sort of ["clicks", "-clicks"] as const) {
    const seen: { id: string; clicks: number }[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await api.links.list({ sort, limit: 5, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    expect(seen).toHaveLength(expected.size);
    expect(new Map(seen.map(({ id, clicks }) => [id, clicks]))).toEqual(expected);
    const clicks = seen.map((link) => link.clicks);
    expect(clicks).toEqual(clicks.toSorted((a, b) => (sort === "clicks" ? a - b : b - a)));
  }
});

test("another tenant neither sees nor changes a link", async () => {
  const other = await server.asOwner();
  const { id: linkId } = await owner.api.links.create({ url: "https://a.example/mine" });
  expect((await other.api.links.list({})).items).toEqual([]);
  const { api } = other;
  for (const call of [
    () => api.links.update({ linkId, url: "https://b.example/" }),
    () => api.links.delete({ linkId }),
    () => api.links.clicks({ linkId }),
  ])
    expect(await refusal(call())).toMatchObject({ code: "kit.not_found" });
  expect((await owner.api.links.list({ search: "/mine" })).items).toHaveLength(1);
});
