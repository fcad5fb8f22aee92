import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { openTestServer, testPassword, testSecrets, type TestServer } from "../../testing/test-server.ts";
import { sessionCookie } from "./sign-in.contract.ts";

/*
 * The numbers are items of OWASP ASVS 5.0. A `Browser` does what browsers do: it keeps cookies, and says which site's
 * page a call comes from.
 */

const password = testPassword;
const minuteMs = 60_000;
let server: TestServer;
let login: string;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  login = await newPerson(server);
});
afterAll(() => server.close());

async function newPerson(at: TestServer): Promise<string> {
  const owner = await at.asOwner();
  const { account } = await owner.api.access.me();
  return account.login;
}

const Answer = z.object({
  accessToken: z.string().optional(),
  refreshToken: z.string().optional(),
  deviceToken: z.string().optional(),
  code: z.string().optional(),
  me: z.object({ account: z.object({ id: z.string() }) }).optional(),
});

class Browser {
  readonly jar = new Map<string, string>();
  /** Each cookie's line as it came last. */
  readonly lines = new Map<string, string>();
  token: string | undefined;
  readonly #at: TestServer;

  constructor(at: TestServer = server) {
    this.#at = at;
  }

  /** @param headers an empty one is left out */
  async call(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const sent = Object.entries({ "sec-fetch-site": "same-origin", ...headers }).filter(([, value]) => value !== "");
    const response = await fetch(`${this.#at.url}/api${path}`, {
      method,
      headers: {
        cookie: [...this.jar].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...Object.fromEntries(sent),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]!.split("=");
      this.lines.set(name, line);
      if (line.includes("Max-Age=0")) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    const answer = Answer.parse(await response.json());
    return { status: response.status, ...answer };
  }

  async signIn(as = login, headers: Record<string, string> = {}) {
    const answer = await this.call("POST", "/sessions", { login: as, password, keepIn: "cookie" }, headers);
    this.token = answer.accessToken ?? this.token;
    return answer;
  }

  me = (headers?: Record<string, string>) => this.call("GET", "/me", undefined, headers);
  renew = (headers?: Record<string, string>) => this.call("POST", "/sessions/refresh", {}, headers);
  get cookie(): string {
    return this.jar.get(sessionCookie) ?? "";
  }
}

const signedIn = async (as?: string): Promise<Browser> => {
  const browser = new Browser();
  expect((await browser.signIn(as)).status).toBe(200);
  return browser;
};

describe("the cookie", () => {
  test("ASVS 3.3.1, 3.3.3, 3.4.1: is Secure and bound to this host by its name, where browsers come by https", async () => {
    const env = { PUBLIC_URL: "https://desk.lantern-tea.example" };
    const secure = await openTestServer(inject("clusterUrl"), { env });
    const browser = new Browser(secure);
    await browser.signIn(await newPerson(secure));
    const line = browser.lines.get(`__Host-${sessionCookie}`)!;
    expect(line.split("; ").slice(1).toSorted()).toEqual([
      "HttpOnly",
      "Max-Age=1209600",
      "Path=/",
      "SameSite=Strict",
      "Secure",
    ]);
    expect((await browser.me()).status).toBe(200);
    const page = await fetch(`${secure.url}/api/setup`);
    expect(page.headers.get("strict-transport-security")).toBe("max-age=31536000");
    // What a neighbouring host, or somebody on a line without https, can plant has no such name.
    browser.jar.set(sessionCookie, browser.jar.get(`__Host-${sessionCookie}`)!);
    browser.jar.delete(`__Host-${sessionCookie}`);
    expect(await browser.me()).toMatchObject({ status: 401 });
    expect(await browser.renew()).toMatchObject({ status: 401, code: "access.cookie_missing" });
    await secure.close();
  });

  test("ASVS 3.3.1: what a neighbouring host plants under the other prefix is nobody's, and doesn't take its place", async () => {
    const env = { PUBLIC_URL: "https://desk.lantern-tea.example" };
    const secure = await openTestServer(inject("clusterUrl"), { env });
    const [victim, attacker] = [new Browser(secure), new Browser(secure)];
    const { me } = await victim.signIn(await newPerson(secure));
    await attacker.signIn(await newPerson(secure));
    // `Domain=lantern-tea.example` may be said of it: browsers allow that where the name doesn't begin with `__Host-`.
    const planted = attacker.jar.get(`__Host-${sessionCookie}`)!;
    victim.jar.set(`__Secure-${sessionCookie}`, planted);
    expect((await victim.me()).status).toBe(200);
    expect(await victim.renew()).toMatchObject({ status: 200, me: { account: { id: me!.account.id } } });
    victim.jar.delete(`__Host-${sessionCookie}`);
    expect(await victim.renew()).toMatchObject({ status: 401, code: "access.cookie_missing" });
    await secure.close();
  });

  test("ASVS 3.3.2, 3.3.4: no script reads it, no other site's page sends it, and no answer tells what is in it", async () => {
    const browser = new Browser();
    const answer = await browser.signIn();
    expect(browser.lines.get(sessionCookie)).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(browser.lines.get(sessionCookie)).not.toContain("Secure");
    const told = JSON.stringify(answer);
    expect(answer).toMatchObject({ status: 200, refreshToken: "", accessToken: expect.stringMatching(/^page_/) });
    const [tokens] = [server.runtime.secrets.open(browser.cookie, "session cookie").split(" ")];
    expect(tokens).toHaveLength(2);
    for (const token of tokens) {
      expect(token.length).toBeGreaterThan(100);
      expect(told).not.toContain(token);
      expect(browser.cookie).not.toContain(token);
    }
    expect(JSON.stringify(await browser.renew())).not.toContain(tokens[0]);
  });

  test("ASVS 3.3.5: it is small enough to be kept", async () => {
    const browser = await signedIn();
    expect(sessionCookie.length + browser.cookie.length).toBeLessThan(1500);
  });

  test.each([
    ["changed", (cookie: string) => `${cookie.slice(0, -2)}AA`],
    ["sealed for something else", () => server.runtime.secrets.seal("a b", "another column")],
    ["sealed with a key that is gone", (cookie: string) => `AAAAAAAA${cookie.slice(8)}`],
    ["no seal at all", () => "x"],
  ])("one that is %s opens nothing", async (_, change) => {
    const browser = await signedIn();
    browser.jar.set(sessionCookie, change(browser.cookie));
    expect(await browser.me()).toMatchObject({ status: 401, code: "kit.session_expired" });
    expect(await browser.renew()).toMatchObject({ status: 401, code: "access.session_ended" });
  });

  test("ASVS 10.1.1: who wants tokens gets them, and no cookie", async () => {
    const browser = new Browser();
    const answer = await browser.call("POST", "/sessions", { login, password });
    expect(answer.accessToken?.split(".")).toHaveLength(3);
    expect(browser.jar.size).toBe(0);
    await browser.call("POST", "/sessions/refresh", { refreshToken: answer.refreshToken });
    expect(browser.jar.size).toBe(0);
  });
});

describe("a page of another site", () => {
  test("ASVS 3.5.1: the cookie is worth nothing without what only the page knows, nor that without the cookie", async () => {
    const browser = await signedIn();
    const { token } = browser;
    browser.token = undefined;
    expect(await browser.me()).toMatchObject({ status: 401, code: "kit.unauthenticated" });
    browser.token = token;
    browser.jar.clear();
    expect(await browser.me()).toMatchObject({ status: 401, code: "kit.session_expired" });
    const other = await signedIn(await newPerson(server));
    other.token = token;
    expect(await other.me()).toMatchObject({ status: 401, code: "kit.session_expired" });
  });

  test.each([
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["a neighbouring host", { "sec-fetch-site": "same-site" }],
    ["another origin, of a browser that names no site", { "sec-fetch-site": "", origin: "https://evil.example" }],
    ["nowhere", { "sec-fetch-site": "", origin: "null" }],
  ])("ASVS 3.5.1, 3.5.8: neither signs in, renews nor acts in anybody's name: from %s", async (_, headers) => {
    const browser = await signedIn();
    const before = browser.cookie;
    expect(await browser.me(headers)).toMatchObject({ status: 401 });
    expect(await browser.renew(headers)).toMatchObject({ status: 403, code: "kit.foreign_page" });
    expect(await browser.signIn(login, headers)).toMatchObject({ status: 403, code: "kit.foreign_page" });
    expect(browser.cookie).toBe(before);
    expect((await browser.me()).status).toBe(200);
  });

  test("ASVS 3.5.2: what a form can send without asking first is refused", async () => {
    const browser = await signedIn();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const headers = { "content-type": type };
      const body = { login, password, keepIn: "cookie" };
      expect(await browser.call("POST", "/sessions", body, headers)).toMatchObject({ status: 415 });
      expect(await browser.call("POST", "/sessions/refresh", {}, headers)).toMatchObject({ status: 415 });
    }
  });

  test("our own is known by its address behind a proxy, where a browser names no site", async () => {
    const browser = await signedIn();
    const { PUBLIC_URL } = server.runtime.env;
    for (const origin of [server.url, PUBLIC_URL]) {
      expect(await browser.renew({ "sec-fetch-site": "", origin })).toMatchObject({ status: 200 });
    }
  });
});

describe("the session", () => {
  test("ASVS 7.2.4: each sign-in makes a new one and ends the one before: none can be planted", async () => {
    const attacker = await signedIn(await newPerson(server));
    const planted = attacker.cookie;
    const victim = new Browser();
    victim.jar.set(sessionCookie, planted);
    await victim.signIn();
    expect(victim.cookie).not.toBe(planted);
    expect(await attacker.me()).toMatchObject({ status: 401, code: "kit.session_expired" });
    expect(await attacker.renew()).toMatchObject({ status: 401, code: "access.session_ended" });
    expect((await victim.me()).status).toBe(200);
  });

  test("what an old tab sends fits no other session than its own", async () => {
    const browser = await signedIn();
    const oldTab = browser.token;
    const first = (await browser.me()).status;
    await browser.signIn(await newPerson(server));
    const newTab = browser.token;
    browser.token = oldTab;
    expect([first, (await browser.me()).status]).toEqual([200, 401]);
    browser.token = newTab;
    expect((await browser.me()).status).toBe(200);
  });

  test("ASVS 9.2.1: it holds for 59 minutes, not for 61, and is renewed for every tab", async () => {
    const browser = await signedIn();
    const otherTab = browser.token;
    server.clock.advance(59 * minuteMs);
    expect((await browser.me()).status).toBe(200);
    server.clock.advance(2 * minuteMs);
    expect(await browser.me()).toMatchObject({ status: 401, code: "kit.session_expired" });
    const before = browser.cookie;
    const renewed = await browser.renew();
    expect(renewed).toMatchObject({ status: 200, accessToken: otherTab, refreshToken: "" });
    expect(browser.cookie).not.toBe(before);
    expect((await browser.me()).status).toBe(200);
  });

  test("ASVS 3.3.4: hands its tokens to no script that asks to keep the next session itself", async () => {
    const owner = await server.asOwner();
    const clerk = await server.as("operator", owner);
    const { account, tenant } = await owner.api.access.me();
    const browser = new Browser();
    await browser.signIn(account.login);
    const inReply = { keepIn: "reply" };
    const path = `/accounts/${clerk.accountId}/impersonation`;
    const acting = await browser.call("POST", path, { reason: "looks with them", ...inReply });
    expect(acting).toMatchObject({ status: 200, refreshToken: "" });
    browser.token = acting.accessToken;
    expect((await browser.me()).me?.account.id ?? clerk.accountId).toBe(clerk.accountId);
    const back = await browser.call("POST", "/me/impersonation/end", inReply);
    expect(back).toMatchObject({ status: 200, refreshToken: "" });
    browser.token = back.accessToken;
    // Neither is worth anything without the cookie.
    const { jar } = browser;
    const kept = new Map(jar);
    jar.clear();
    for (const token of [acting.accessToken, back.accessToken]) {
      browser.token = token;
      expect((await browser.me()).status).toBe(401);
    }
    for (const [name, value] of kept) jar.set(name, value);
    expect((await browser.call("POST", "/sessions/switch", { tenantId: tenant.id, ...inReply })).status).toBe(404);
    expect((await browser.renew()).refreshToken).toBe("");
  });

  test("ASVS 7.3.1: nobody renews it after two weeks without a sign of life", async () => {
    const browser = await signedIn();
    server.clock.advance(14 * 24 * 60 * minuteMs + 1);
    expect(await browser.renew()).toMatchObject({ status: 401, code: "access.session_ended" });
  });

  test("a renewal whose answer was lost is repeated; what was used before ends the session", async () => {
    const browser = await signedIn();
    const first = browser.cookie;
    await browser.renew();
    const second = browser.cookie;
    browser.jar.set(sessionCookie, first);
    expect((await browser.renew()).status).toBe(200);
    await browser.renew();
    browser.jar.set(sessionCookie, second);
    server.clock.advance(2 * minuteMs);
    browser.jar.set(sessionCookie, first);
    expect(await browser.renew()).toMatchObject({ status: 401, code: "access.session_ended" });
    expect(await browser.me()).toMatchObject({ status: 401 });
  });

  test("ASVS 7.4.1: signing out takes the cookie away, and whoever copied it is out too", async () => {
    const browser = await signedIn();
    const copy = browser.cookie;
    await browser.call("POST", "/sessions/logout");
    expect(browser.jar.size).toBe(0);
    browser.jar.set(sessionCookie, copy);
    expect(await browser.me()).toMatchObject({ status: 401, code: "kit.session_expired" });
    expect(await browser.renew()).toMatchObject({ status: 401, code: "access.session_ended" });
  });

  test("a page's token is taken after the secret it was made with has a successor", async () => {
    const env = { JWT_SECRET: "", JWT_SECRETS: `a-new-secret-a-new-secret-a-new-secret-1,${testSecrets.JWT_SECRET}` };
    const browser = await signedIn();
    const second = await openTestServer(inject("clusterUrl"), { databaseUrl: server.databaseUrl, env });
    const there = new Browser(second);
    there.token = browser.token;
    there.jar.set(sessionCookie, browser.cookie);
    expect((await there.me()).status).toBe(200);
    const renewed = await there.renew();
    expect(renewed).toMatchObject({ status: 200 });
    expect(renewed.accessToken).not.toBe(browser.token);
    // Another tab goes on with what it has.
    expect((await there.me()).status).toBe(200);
    await second.close();
  });
});
