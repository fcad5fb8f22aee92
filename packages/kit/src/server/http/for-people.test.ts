import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { redirect } from "../../contract/body.ts";
import { fault } from "../../contract/fault.ts";
import { passwordNeeded } from "../../contract/faults.ts";
import { publicAccess } from "../../contract/permission.ts";
import { contract, route } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import { defineModule } from "../module.ts";

const soldOut = fault("shop.sold_out", 410, { zh: "“{tea}”卖完了。", en: "“{tea}” is sold out." });
const visit = {
  summary: "An address that people follow",
  access: publicAccess,
  root: true,
  params: z.object({ tea: z.string() }),
  reply: redirect,
  faults: [soldOut],
} as const;
const shop = contract("shop", {
  visit: route.get("/visit/:tea", { ...visit, forPeople: true, tellsHead: true }),
  call: route.get("/call/:tea", visit),
});

const heads: boolean[] = [];
function lead({ tea }: { tea: string }): { location: string; status?: 301 } {
  if (tea === "locked") throw passwordNeeded({ asks: "password" });
  if (tea === "broken") throw new Error("a mistake of ours");
  if (tea === "for-ever") return { location: "/tea", status: 301 };
  if (tea !== "oolong") throw soldOut({ tea });
  return { location: "/tea" };
}
const shopModule = defineModule(shop, {
  services: {},
  routes: () => ({
    visit: (_, { isHead, ...input }) => {
      heads.push(isHead);
      return lead(input);
    },
    call: (_, input) => lead(input),
  }),
});

let server: KitServer<{ shop: typeof shop }>;
beforeAll(async () => {
  server = await openKitServer(inject("clusterUrl"), { shop }, { modules: [shopModule] });
});
afterAll(() => server.close());

const browser = { accept: "text/html,application/xhtml+xml", "accept-language": "en" };
const get = (path: string, headers: Record<string, string> = browser, method = "GET") =>
  fetch(server.url + path, { method, headers, redirect: "manual" });

test("a browser is told of a refusal by a page in its language, which nobody keeps", async () => {
  const answer = await get("/visit/jasmine");
  expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
    410,
    "text/html; charset=utf-8",
    "no-store",
  ]);
  expect(await answer.text()).toContain("“jasmine” is sold out.");
  const chinese = await get("/visit/jasmine", { ...browser, "accept-language": "zh-CN" });
  expect(await chinese.text()).toMatch(/<html lang="zh-CN">[^]*“jasmine”卖完了。/);
});

test("a program, and a route that isn't for people, get the problem", async () => {
  for (const answer of [await get("/visit/jasmine", {}), await get("/call/jasmine")]) {
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    expect(await answer.json()).toMatchObject({ code: "shop.sold_out", details: { tea: "jasmine" } });
  }
});

test("what a fault repeats is text on the page, never markup", async () => {
  const answer = await get(`/visit/${encodeURIComponent(`"><script>alert('x')</script>`)}`);
  expect(await answer.text()).toContain("“&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;”");
  expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
});

test("a fault that asks for a password brings a form for it; a mistake of ours its trace id", async () => {
  expect(await (await get("/visit/locked")).text()).toMatch(/<form method="post"[^]*<label for="password">/);
  expect(await (await get("/visit/jasmine")).text()).not.toContain("<form");
  const broken = await get("/visit/broken");
  const page = await broken.text();
  expect(page).toContain(`<small>${broken.headers.get("x-trace-id")}</small>`);
  expect(page).not.toContain("a mistake of ours");
});

test("where it leads for now nobody keeps; where it leads for ever, anybody", async () => {
  const [now, forEver] = [await get("/visit/oolong"), await get("/visit/for-ever")];
  expect([now.status, now.headers.get("cache-control")]).toEqual([302, "no-store"]);
  expect([forEver.status, forEver.headers.get("cache-control")]).toEqual([301, null]);
});

test("a route that asks for it is told of a HEAD, and no other may be", async () => {
  heads.length = 0;
  expect((await get("/visit/oolong", browser, "HEAD")).status).toBe(302);
  await get("/visit/oolong");
  expect(heads).toEqual([true, false]);
  const post = { ...visit, effect: "read", tellsHead: true } as const;
  expect(() => contract("x", { x: route.post("/visit/:tea", post) })).toThrow("a HEAD is answered as a GET is");
  const taken = { ...visit, params: z.object({ isHead: z.string() }) };
  expect(() => contract("x", { x: route.get("/visit/:isHead", taken) })).toThrow("a field can't be called isHead");
});
