import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from "vitest";
import { provingClient, signInCustomer } from "../../testing/customers.ts";
import { Contacts } from "../audience/contacts.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";

let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterAll(() => tea.close());
// Of one address so many calls a minute are taken.
beforeEach(() => {
  tea.server.clock.advance(61_000);
});

const origin = () => new URL(tea.server.runtime.env.PUBLIC_URL).origin;
/** A browser: its cookies, and no more. */
class Browser {
  readonly #cookies = new Map<string, string>();
  readonly #puppet: string;

  constructor(puppet: string) {
    this.#puppet = puppet;
  }

  async get(url: string): Promise<Response> {
    // The server's own address as it tells it to others is another port here.
    const at = url.startsWith(origin()) ? tea.server.url + url.slice(origin().length) : url;
    const cookie = this.cookieHeader();
    const accept = "text/html";
    const headers = {
      accept,
      cookie,
      "x-emulator-puppet": this.#puppet,
      "accept-language": "en",
      "user-agent": "MicroMessenger iPhone",
    };
    const response = await fetch(at, { headers, redirect: "manual" });
    for (const each of response.headers.getSetCookie()) {
      const [pair = ""] = each.split(";");
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      if (value === "" || /max-age=0/i.test(each)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  /** Where a redirect leads. */
  async follow(url: string): Promise<string> {
    const response = await this.get(url);
    if (response.status < 300 || response.status > 399) throw new Error(`${response.status} ${await response.text()}`);
    return response.headers.get("location")!;
  }

  /** From the page to WeChat and back, as far as the address that WeChat sends the browser to. */
  async toWeChat(query: Record<string, string> = {}): Promise<string> {
    const asked = new URLSearchParams({ tenantId: tea.owner.tenantId, ...query });
    const wechat = await this.follow(`${tea.server.url}/api/customers/wechat/sign-in?${asked}`);
    expect(wechat.startsWith(`${tea.emulator.url}/connect/oauth2/authorize?appid=${tea.bound.appid}&`)).toBe(true);
    const [before] = wechat.split("#");
    return this.follow(`${before}&agree=1`);
  }

  set(cookies: readonly string[]): void {
    for (const each of cookies) {
      const [pair = ""] = each.split(";");
      this.#cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
  }

  cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** The session that the cookie keeps, as the page goes on with it. */
  async session() {
    const cookie = this.cookieHeader();
    const response = await fetch(`${tea.server.url}/api/customers/sessions/refresh`, {
      method: "POST",
      headers: { cookie, "content-type": "application/json" },
      body: "{}",
    });
    this.set(response.headers.getSetCookie());
    return (await response.json()) as {
      customer: { personId: string; displayName: string; signedInBy: object };
      code?: string;
    };
  }
}
const newcomer = (name: string) => {
  const puppet = tea.emulator.world.createPuppet({ name });
  return { puppet, browser: new Browser(puppet.id) };
};
const problemOf = async (response: Response) => ({ status: response.status, text: await response.text() });
const person = (personId: string) => tea.owner.api.audience.getPerson({ personId });

test("whoever comes by WeChat is signed in as the person of their openid, and known again the next time", async () => {
  const { browser } = newcomer("小满");
  const back = await browser.toWeChat();
  expect(back).toMatch(/\/api\/customers\/wechat\/callback\?code=\w+&state=\w{32}$/);
  expect(await browser.follow(back)).toBe(`/customer?tenant=${tea.owner.tenantId}`);
  const { customer } = await browser.session();
  expect(customer.signedInBy).toEqual({ channel: "wechat", address: "灯笼茶" });
  const { identities } = await person(customer.personId);
  expect(identities.map(({ kind }) => kind)).toContain("openid");
  expect((await tea.owner.api.customers.list({ personId: customer.personId })).items[0]).toMatchObject({
    channel: "wechat",
    address: "灯笼茶",
    browser: "WeChat · iOS",
  });
  await browser.follow(await browser.toWeChat({ to: "/customer?x=1#y" }));
  expect((await browser.session()).customer.personId).toBe(customer.personId);
});

test("a follower who comes by WeChat is the person that they are", async () => {
  const { puppet, browser } = newcomer("阿岚");
  await tea.emulator.world.follow(puppet.id, { appid: tea.bound.appid });
  await tea.settle();
  const { openid } = tea.emulator.world.state.bond(tea.emulator.world.account(tea.bound.appid), puppet);
  const [known] = (await tea.owner.api.audience.listPeople({ search: openid })).items;
  await browser.follow(await browser.toWeChat());
  expect((await browser.session()).customer.personId).toBe(known!.id);
});

test("where newcomers aren't taken, whoever is known by another account comes in, and nobody else", async () => {
  const { world } = tea.emulator;
  const { tenantId, api } = tea.owner;
  const { puppet, browser } = newcomer("阿岚");
  const stranger = newcomer("路人");
  const ctx = tea.server.runtime.ctx(tenantId);
  world.changeAccount(tea.bound.appid, { openPlatform: "lantern" });
  const { unionid } = world.state.bond(world.account(tea.bound.appid), puppet);
  expect(unionid).toEqual(expect.any(String));
  // They follow another account of the business, which told their unionid.
  const contacts = tea.server.app.get(Contacts, { strict: false });
  const elsewhere = { wechatAppId: "00000000-0000-7000-8000-000000000001", openid: "oElsewhere" };
  await contacts.meet(ctx, elsewhere, unionid!);
  const known = await contacts.whoseOpenid(ctx, elsewhere);
  await api.settings.change({ key: "customers.takesNewcomers", value: false, version: 0 });
  try {
    await browser.follow(await browser.toWeChat({ scope: "snsapi_userinfo" }));
    expect((await browser.session()).customer.personId).toBe(known);
    const refused = await stranger.browser.get(await stranger.browser.toWeChat({ scope: "snsapi_userinfo" }));
    expect(refused.status).toBeGreaterThanOrEqual(400);
  } finally {
    await api.settings.change({ key: "customers.takesNewcomers", value: true, version: 1 });
  }
});

test("name and picture are kept where they agreed to tell them, and stand for them until somebody names them", async () => {
  const { browser } = newcomer("陈果");
  await browser.follow(await browser.toWeChat({ scope: "snsapi_userinfo" }));
  const { customer } = await browser.session();
  expect(customer.displayName).toBe("陈果");
  const rows = await tea.server.runtime.unscopedDb().selectFrom("audience_profile").selectAll().execute();
  expect(rows).toContainEqual(expect.objectContaining({ nickname: "陈果", wechatAppId: tea.bound.wechatAppId }));
  await tea.owner.api.audience.updatePerson({ personId: customer.personId, displayName: "陈老板" });
  await browser.follow(await browser.toWeChat({ scope: "snsapi_userinfo" }));
  expect((await browser.session()).customer.displayName).toBe("陈老板");
});

test("who declines at WeChat is told so, and may agree after all", async () => {
  const { browser } = newcomer("不愿意");
  const back = await browser.toWeChat({ scope: "snsapi_userinfo" });
  const declined = await problemOf(await browser.get(back.replace(/code=[^&]*&/, "")));
  expect(declined).toMatchObject({ status: 403, text: expect.stringContaining("agree at WeChat") as string });
  expect(declined.text).not.toContain("another browser");
  await browser.follow(back);
  expect((await browser.session()).customer.displayName).toBe("不愿意");
});

test("whom WeChat made up for a snapshot of the page is nobody: not signed in, and not known", async () => {
  const { browser } = newcomer("路过");
  const asked = new URLSearchParams({ tenantId: tea.owner.tenantId, scope: "snsapi_userinfo" });
  const wechat = await browser.follow(`${tea.server.url}/api/customers/wechat/sign-in?${asked}`);
  const agree = () => browser.follow(`${wechat.split("#")[0]}&agree=1`);
  const people = async () => (await tea.owner.api.audience.listPeople({})).items.length;
  const before = await people();
  const real = globalThis.fetch;
  const asSnapshot: typeof fetch = async (input, init) => {
    const answer = await real(input, init);
    const url = input instanceof Request ? input.url : String(input);
    if (!url.includes("/sns/oauth2/access_token")) return answer;
    return Response.json({ ...((await answer.json()) as object), is_snapshotuser: 1 });
  };
  vi.stubGlobal("fetch", asSnapshot);
  const seen = await problemOf(await browser.get(await agree())).finally(() => vi.unstubAllGlobals());
  expect(seen).toMatchObject({ status: 403, text: expect.stringContaining("full service") as string });
  expect(await people()).toBe(before);
  expect((await browser.session()).customer).toBeUndefined();
  // They tap for the whole of it, and come back by the same way as themselves.
  await browser.follow(await agree());
  expect((await browser.session()).customer.displayName).toBe("路过");
});

test("the way back is good once, in the browser that set out, for ten minutes", async () => {
  const { browser } = newcomer("木木");
  const { browser: stranger } = newcomer("路人");
  const back = await browser.toWeChat();
  // Sent to somebody else, who would be signed in as another.
  expect(await problemOf(await stranger.get(back))).toMatchObject({ status: 403 });
  await stranger.toWeChat();
  expect(await problemOf(await stranger.get(back))).toMatchObject({ status: 403 });
  const wrongState = back.replace(/state=.*/, `state=${"x".repeat(32)}`);
  expect((await browser.get(wrongState)).status).toBe(403);
  expect((await browser.get(back.replace(/code=[^&]*&/, ""))).status).toBe(403);
  await browser.follow(back);
  expect((await browser.get(back)).status).toBe(403);
  const late = await browser.toWeChat();
  tea.server.clock.advance(601_000);
  const refused = await problemOf(await browser.get(late));
  expect(refused.status).toBe(403);
  // Somebody reads it: a page, not JSON.
  expect(refused.text).toContain("<!doctype html>");
});

test("a way that comes back many times at once is gone once", async () => {
  for (let round = 1; round <= 20; round++) {
    tea.server.clock.advance(61_000);
    const { browser } = newcomer(`第${round}`);
    const back = await browser.toWeChat();
    const answers = await Promise.all(Array.from({ length: 6 }, () => browser.get(back)));
    expect(
      answers.filter(({ status }) => status === 302),
      `round ${round}`,
    ).toHaveLength(1);
  }
});

test.for([
  [40029, "Begin anew"],
  [40163, "used already"],
  [42003, "has expired"],
  [48001, "ask the business"],
] as const)("WeChat's %i is its authorisation's failure (2501), told as %s", async ([errcode, said]) => {
  const { browser } = newcomer("白露");
  const back = await browser.toWeChat();
  tea.emulator.world.addFault({ target: "api", path: "/sns/oauth2/access_token", errcode });
  const { status, text } = await problemOf(await browser.get(back));
  expect(status).toBe(403);
  expect(text).toContain(`(${errcode})`);
  expect(text).toContain(said);
  // The code was asked for once; it is not asked for again by itself.
  const calls = tea.emulator.world.state.journal
    .list({ kind: "api" })
    .filter(({ url }) => url.includes(new URL(back).searchParams.get("code")!));
  expect(calls).toHaveLength(1);
});

test("people go back to pages of this system, or of domains that were named; nowhere else", async () => {
  const { browser } = newcomer("老周");
  const begin = (to: string) =>
    browser.get(
      `${tea.server.url}/api/customers/wechat/sign-in?${new URLSearchParams({ tenantId: tea.owner.tenantId, to })}`,
    );
  const elsewhere = [
    `${origin()}/.//evil.example/x`,
    "/customer/..//evil.example/",
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://h5.lantern-tea.example@evil.example/",
    "https://h5.lantern-tea.example.evil.example/",
    "https://user@h5.lantern-tea.example/",
    "http://h5.lantern-tea.example/",
    "https://h5.lantern-tea.example:8443/",
    "https://sub.h5.lantern-tea.example/",
    "/\t/evil.example",
    " //evil.example",
  ];
  for (const to of [...elsewhere, "https://h5.lantern-tea.example/course"])
    expect((await begin(to)).status, to).toBe(422);
  const value = ["h5.lantern-tea.example"];
  await tea.owner.api.settings.change({ key: "connect.pageDomains", value, version: 0 });
  for (const to of elsewhere) expect((await begin(to)).status, to).toBe(422);
  const to = "https://h5.lantern-tea.example/course?id=7#top";
  expect(await browser.follow(await browser.toWeChat({ to }))).toBe(to);
  // What leads to this system by its whole address goes on by its path.
  expect(await browser.follow(await browser.toWeChat({ to: `${origin()}/customer?a=1` }))).toBe("/customer?a=1");
});

test("who is signed in by phone links their WeChat: the two are one, and they stay signed in", async () => {
  const address = "13800138111";
  const phone = await signInCustomer(tea.server, tea.emulator.world, { tenantId: tea.owner.tenantId, address });
  const { puppet, browser } = newcomer("米粒");
  await tea.emulator.world.follow(puppet.id, { appid: tea.bound.appid });
  await tea.settle();
  const response = await fetch(`${tea.server.url}/api/customers/me/wechat`, {
    method: "POST",
    headers: { authorization: `Bearer ${phone.accessToken}`, "content-type": "application/json" },
    body: "{}",
  });
  browser.set(response.headers.getSetCookie());
  const { location } = (await response.json()) as { location: string };
  const back = await browser.follow(`${location.split("#")[0]}&agree=1`);
  await browser.follow(back);
  const { customer } = await browser.session();
  await tea.server.runUntilIdle();
  const { identities } = await person(customer.personId);
  expect(identities.map(({ kind }) => kind).toSorted()).toEqual(expect.arrayContaining(["openid", "phone"]));
  // By phone it is the same one from now on.
  tea.server.clock.advance(61_000);
  const again = await signInCustomer(tea.server, tea.emulator.world, { tenantId: tea.owner.tenantId, address });
  expect(again.personId).toBe(customer.personId);
});

test("who signed out meanwhile links nothing any more", async () => {
  const phone = await signInCustomer(tea.server, tea.emulator.world, {
    tenantId: tea.owner.tenantId,
    address: "13800138112",
  });
  const { browser } = newcomer("十一");
  const response = await fetch(`${tea.server.url}/api/customers/me/wechat`, {
    method: "POST",
    headers: { authorization: `Bearer ${phone.accessToken}`, "content-type": "application/json" },
    body: "{}",
  });
  browser.set(response.headers.getSetCookie());
  const { location } = (await response.json()) as { location: string };
  const back = await browser.follow(`${location.split("#")[0]}&agree=1`);
  await phone.api.customers.signOut();
  expect((await browser.get(back)).status).toBe(403);
});

test("who came by WeChat adds their phone: if somebody has it, the two are one", async () => {
  const address = "13800138113";
  const phone = await signInCustomer(tea.server, tea.emulator.world, { tenantId: tea.owner.tenantId, address });
  const { browser } = newcomer("青青");
  await browser.follow(await browser.toWeChat());
  const { customer } = await browser.session();
  expect(customer.personId).not.toBe(phone.personId);
  const [signIn] = (await tea.owner.api.customers.list({ personId: customer.personId })).items;
  expect(signIn?.state).toBe("open");
  tea.server.clock.advance(61_000);
  const before = tea.emulator.world.texts().length;
  const { deviceToken } = await provingClient(tea.server).customers.askCode({
    tenantId: tea.owner.tenantId,
    channel: "phone",
    address,
    headers: {},
  });
  await tea.server.runUntilIdle();
  await expect.poll(() => tea.emulator.world.texts().length).toBeGreaterThan(before);
  const code = /\d{6}/.exec(tea.emulator.world.texts().at(-1)!.text)![0];
  const session = (await browser.session()) as unknown as { accessToken: string };
  const cookie = browser.cookieHeader();
  const added = await fetch(`${tea.server.url}/api/customers/me/contacts`, {
    method: "POST",
    headers: { authorization: `Bearer ${session.accessToken}`, cookie, "content-type": "application/json" },
    body: JSON.stringify({ channel: "phone", address, code, deviceToken, keepIn: "cookie" }),
  });
  expect(added.status).toBe(200);
  const { customer: now } = (await added.json()) as typeof session & { customer: { personId: string } };
  await tea.server.runUntilIdle();
  expect((await person(now.personId)).identities.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["openid", "phone"]),
  );
});

test("whoever may not sign in, or isn't known where newcomers aren't wanted, comes in by no WeChat either", async () => {
  const { browser } = newcomer("黑名单");
  await browser.follow(await browser.toWeChat());
  const { customer } = await browser.session();
  await tea.owner.api.customers.block({ personId: customer.personId, reason: "asked for it" });
  expect((await browser.get(await browser.toWeChat())).status).toBe(403);
  const visitor = tea.server.anonymous();
  expect(await visitor.customers.about({ tenantId: tea.owner.tenantId })).toMatchObject({
    wechat: [{ name: "灯笼茶" }],
  });
  await tea.owner.api.connect.updateApp({ wechatAppId: tea.bound.wechatAppId, enabled: false });
  expect(await visitor.customers.about({ tenantId: tea.owner.tenantId })).toMatchObject({ wechat: [] });
  expect(
    (await browser.get(`${tea.server.url}/api/customers/wechat/sign-in?tenantId=${tea.owner.tenantId}`)).status,
  ).toBe(404);
  expect(await refusal(visitor.customers.linkWechat({ cookies: {} } as never))).toMatchObject({ status: 401 });
  await tea.owner.api.connect.updateApp({ wechatAppId: tea.bound.wechatAppId, enabled: true });
});
