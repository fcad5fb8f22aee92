import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { codeIn, provingClient } from "../../testing/customers.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import type { Api, Member } from "../../testing/test-server.ts";

let tea: TeaShop;
let owner: Member;
let made = 0;

beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ owner } = tea);
});
afterAll(() => tea.close());

const newPhone = (): string => `134${String(10_000_000 + made++)}`;
const anywhere = (): Api => provingClient(tea.server, { "x-forwarded-for": `198.51.100.${made++ & 255}` });
const byPhone = (address: string) => ({ tenantId: owner.tenantId, channel: "phone" as const, address, headers: {} });

describe("a page's session", () => {
  /** What a browser does: it keeps cookies, and says which site's page asks. */
  async function browse(
    cookie: string | undefined,
    path: string,
    body: object | undefined,
    headers: Record<string, string> = {},
  ) {
    const response = await fetch(`${tea.server.url}/api/customers${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        "sec-fetch-site": "same-origin",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(cookie === undefined ? {} : { cookie }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { accessToken?: string; refreshToken?: string; code?: string };
    return { status: response.status, line: response.headers.getSetCookie()[0] ?? "", ...answer };
  }
  async function enter(cookie?: string) {
    const phone = newPhone();
    const { deviceToken } = await anywhere().customers.askCode(byPhone(phone));
    await tea.server.runUntilIdle();
    const { headers: _, ...wanted } = byPhone(phone);
    const code = codeIn(tea.emulator.world, phone);
    return browse(cookie, "/sessions", { ...wanted, code, deviceToken, keepIn: "cookie" });
  }

  test("ASVS 3.3.2, 3.3.4: lies sealed in a cookie of its own that no script reads, and no other site's page uses", async () => {
    const { line, accessToken = "", refreshToken } = await enter();
    expect(line).toMatch(/^zhanggui-customer=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/);
    expect([refreshToken, accessToken.slice(0, 14)]).toEqual(["", "customer_page_"]);
    const cookie = line.split(";")[0]!;
    const bearer = { authorization: `Bearer ${accessToken}` };
    expect((await browse(cookie, "/me", undefined, bearer)).status).toBe(200);
    for (const [sent, headers] of [
      [cookie, {}],
      [undefined, bearer],
      [cookie, { ...bearer, "sec-fetch-site": "cross-site" }],
    ] as const)
      expect((await browse(sent, "/me", undefined, headers)).status).toBe(401);
    const foreign = await browse(cookie, "/sessions/refresh", {}, { "sec-fetch-site": "cross-site" });
    expect(foreign).toMatchObject({ status: 403, code: "kit.foreign_page" });
    // An account's cookie by this name, and this one as an account's, open nothing.
    const asAccount = cookie.replace("zhanggui-customer", "zhanggui-session");
    const staff = await fetch(`${tea.server.url}/api/sessions/refresh`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: asAccount, "sec-fetch-site": "same-origin" },
      body: "{}",
    });
    expect(staff.status).toBe(401);
    expect((await browse(cookie, "/sessions/refresh", {})).status).toBe(200);
  });

  test("ASVS 7.2.4: that begins in the same browser ends the one before", async () => {
    const first = await enter();
    const cookie = first.line.split(";")[0]!;
    const second = await enter(cookie);
    expect(second.status).toBe(200);
    expect((await browse(cookie, "/me", undefined, { authorization: `Bearer ${first.accessToken}` })).status).toBe(401);
    expect((await browse(cookie, "/sessions/refresh", {})).status).toBe(401);
  });
});

test("the page is served with what it loads, under the policy of every page, and nothing else of the folder", async () => {
  const page = await fetch(`${tea.server.url}/customer?tenant=${owner.tenantId}`);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
  const html = await page.text();
  expect(html).not.toMatch(/<script(?![^>]*src=)|style=|onclick=/);
  for (const name of ["customer.css", "customer.js", "api.js", "words.js"])
    expect((await fetch(`${tea.server.url}/customer/${name}`)).status, name).toBe(200);
  for (const name of ["customer.html.bak", "..%2Fcustomers.module.ts", "%2e%2e%2fREADME.md", "__proto__"])
    expect((await fetch(`${tea.server.url}/customer/${name}`)).status, name).toBe(404);
});
