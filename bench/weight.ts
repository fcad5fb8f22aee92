import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createClient } from "@zhanggui/kit/contract/client";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { contracts } from "@zhanggui/server/contracts";
import { migrationFolders } from "@zhanggui/server/migrations";
import pg from "pg";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { freePort } from "../tools/postgres.ts";
import { openBrowser, openColdWindow, type ColdWindow } from "./support/browser.ts";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { median, printMachine, printTable, shown } from "./support/figures.ts";
import { setupToken, startBuiltServer } from "./support/servers.ts";

/*
 * What the console weighs: bytes that the compiled server sends, headers included, to a browser that has seen nothing
 * yet, until somebody can sign in, until the list of people stands, and for each page of the menu besides; how late the
 * largest paint is with a processor four times slower; and Lighthouse, where it is installed (LIGHTHOUSE names the
 * folder; it is no dependency, because it brings 88 packages and Sentry). Everything runs on one machine, the browser's
 * own work and the server's share its cores.
 */
const rounds = 5;
const slowDown = 4;
const people = 50;
const consoleFolder = fileURLToPath(new URL("../apps/console/dist", import.meta.url));
const owner = { login: "owner@lantern-tea.example", password: "correct horse battery" };

/** Lantern Tea with a page of people. */
async function openLanternTea(): Promise<string> {
  if (!existsSync(join(consoleFolder, "index.html"))) {
    throw new Error("apps/console/dist is missing: run this by ./zg bench, which builds it");
  }
  const database = await cloneOfTemplate(await openCluster(), migrationFolders());
  onShutdown(() => database.drop());
  const { url } = await startBuiltServer({ DATABASE_URL: database.url, CONSOLE_DIR: consoleFolder });
  const { me } = await createClient(contracts, { baseUrl: url }).access.setup({
    ...owner,
    setupToken,
    tenantName: "灯笼茶",
    displayName: "掌柜",
  });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
     SELECT $1, '王小明 ' || n, now(), now() - n * interval '1 minute' FROM generate_series(1, $2::int) n`,
    [me.tenant.id, people],
  );
  await client.end();
  return url;
}

/** Until the login can be used. */
async function openLogin({ page }: ColdWindow): Promise<void> {
  await page.goto("/login?to=/people", { waitUntil: "networkidle" });
  await page.getByRole("button", { name: "登录", exact: true }).waitFor();
}

/** From there, until the list of people stands. */
async function signIn(window: ColdWindow): Promise<void> {
  const { page } = window;
  await page.getByLabel("账号").fill(owner.login);
  await page.getByLabel("密码").fill(owner.password);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await page.getByRole("row", { name: /王小明 1\b/ }).waitFor();
  await settle(window, 0);
}

type Received = ReturnType<ColdWindow["received"]>;
const less = (a: Received, b: Received): Received => ({ bytes: a.bytes - b.bytes, requests: a.requests - b.requests });

/** What is received until the login, until people, and then until the page that `link` leads to. */
async function weigh(browser: Browser, url: string, link: number | undefined) {
  const window = await openColdWindow(browser, url);
  await openLogin(window);
  const login = window.received();
  await signIn(window);
  const list = window.received();
  const links = window.page.getByRole("navigation").getByRole("link");
  const names = await links.allInnerTexts();
  if (link === undefined) return { login, list, names, more: undefined };
  const { requests } = window.received();
  await links.nth(link).click();
  await window.page.locator(`a[aria-current="page"]`, { hasText: names[link] ?? "" }).waitFor();
  await window.page.getByRole("heading", { level: 1 }).waitFor();
  await settle(window, requests);
  const more = less(window.received(), list);
  await window.close();
  return { login, list, names, more };
}

/** Until nothing has come for half a second; `networkidle` never is where a list's changes are listened for. */
async function settle(window: ColdWindow, before: number): Promise<void> {
  for (let last = before - 1; last !== window.received().requests;) {
    last = window.received().requests;
    await window.page.waitForTimeout(500);
  }
}

async function weights(browser: Browser, url: string): Promise<void> {
  const { login, list, names } = await weigh(browser, url, undefined);
  const rows = [
    ["until the login can be used", login],
    ["until the list of people stands", list],
  ] as [string, Received][];
  for (const [index, name] of names.entries()) {
    const { more } = await weigh(browser, url, index);
    if (name.trim() !== "客户" && more !== undefined) rows.push([`besides: ${name.trim()}`, more]);
  }
  printTable(
    ["kB sent, headers included", "kB", "answers"],
    rows.map(([name, { bytes, requests }]) => [name, shown(bytes / 1000), String(requests)]),
  );
}

/** Signs in where the pages of `context` find it, by a cookie. @returns what their storage says of who it is */
async function keepSession(context: BrowserContext, url: string): Promise<string> {
  const reply = await context.request.post(`${url}/api/sessions`, {
    data: { ...owner, keepIn: "cookie" },
    headers: { origin: url, "sec-fetch-site": "same-origin" },
  });
  if (!reply.ok()) throw new Error(`no session was begun: ${reply.status()} ${await reply.text()}`);
  const { me } = (await reply.json()) as { me: { tenant: { id: string }; account: { id: string } } };
  return `${me.tenant.id}.${me.account.id}`;
}

/** The largest paint of a cold start: of the login, and of the list for somebody whose session is in the browser. */
async function paints(browser: Browser, url: string): Promise<void> {
  const figures: Record<"login" | "people", number[]> = { login: [], people: [] };
  for (let round = 0; round < rounds; round++) {
    const cold = await openColdWindow(browser, url, slowDown);
    await openLogin(cold);
    figures.login.push(await cold.largestPaintMs());
    await cold.close();
    const known = await openColdWindow(browser, url, slowDown);
    const who = await keepSession(known.context, url);
    await known.context.addInitScript((signedIn) => localStorage.setItem("zhanggui.signedIn", signedIn), who);
    await known.page.goto("/people");
    await known.page.getByRole("row", { name: /王小明 1\b/ }).waitFor();
    await settle(known, 0);
    figures.people.push(await known.largestPaintMs());
    await known.close();
  }
  printTable(
    [`largest paint, processor ${slowDown} times slower`, "median ms", "of"],
    Object.entries(figures).map(([name, ms]) => [name, shown(median(ms)), ms.map(Math.round).join(" ")]),
  );
}

interface Lighthouse {
  readonly default: (
    url: string,
    flags: object,
    config?: object,
  ) => Promise<{
    readonly lhr: {
      readonly finalDisplayedUrl: string;
      readonly categories: { readonly performance: { readonly score: number } };
    };
  }>;
  readonly desktopConfig: object;
}

async function lighthouse(url: string, port: number): Promise<void> {
  const folder = process.env["LIGHTHOUSE"];
  if (folder === undefined) {
    console.log(
      "Lighthouse: not measured (npm install lighthouse@13.5.0 anywhere, and name that folder: LIGHTHOUSE=…)",
    );
    return;
  }
  const place = createRequire(join(folder, "x.js")).resolve("lighthouse");
  const { default: run, desktopConfig } = (await import(pathToFileURL(place).href)) as Lighthouse;
  const rows: string[][] = [];
  // It opens a tab of its own, and is asked to leave what the browser knows: of the login nothing yet, then a session.
  for (const path of ["/login", "/people"]) {
    if (path === "/people") await signInAt(port, url);
    for (const form of ["mobile", "desktop"] as const) {
      const scores: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const flags = { port, onlyCategories: ["performance"], logLevel: "error", disableStorageReset: true };
        const { lhr } = await run(url + path, flags, form === "desktop" ? desktopConfig : undefined);
        if (!lhr.finalDisplayedUrl.endsWith(path)) throw new Error(`${path} led to ${lhr.finalDisplayedUrl}`);
        scores.push(Math.round(lhr.categories.performance.score * 100));
      }
      rows.push([`${path}, ${form}`, shown(median(scores)), scores.join(" ")]);
    }
  }
  printTable(["Lighthouse, performance", "median", "of"], rows);
}

/** In the browser's own window, where Lighthouse opens its tabs. */
async function signInAt(port: number, url: string): Promise<void> {
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  const [context] = browser.contexts();
  if (context === undefined) throw new Error("the browser has no window of its own");
  const who = await keepSession(context, url);
  const page = await context.newPage();
  await page.goto(`${url}/favicon.svg`);
  await page.evaluate((signedIn) => localStorage.setItem("zhanggui.signedIn", signedIn), who);
  await page.close();
}

await measured(async () => {
  const url = await openLanternTea();
  const port = await freePort();
  const browser = await openBrowser(port);
  printMachine();
  await weights(browser, url);
  await paints(browser, url);
  await lighthouse(url, port);
});
