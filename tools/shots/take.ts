/// <reference lib="dom" />
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { contactSheet, fileName, type Shot } from "./sheet.ts";

/** How a page is looked at. */
export const sides = [
  { side: "light", language: "zh", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { side: "dark", language: "zh", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { side: "english", language: "en", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { side: "phone", language: "zh", colorScheme: "light", viewport: { width: 390, height: 844 } },
] as const;

export interface Tour {
  /** Where the console is. */
  readonly url: string;
  readonly login: string;
  readonly password: string;
  /** Only pages whose address holds one of these, or is one; all of the menu, if there is none. */
  readonly only: readonly string[];
  readonly folder: string;
  readonly say: (sentence: string) => void;
}

/**
 * Pictures of the login, of every page of the menu and of every form that one of them opens by `#new`, from each side,
 * and a sheet that shows them all. What an earlier tour left in the folder goes.
 *
 * @returns the pictures
 */
export async function takeAll(browser: Browser, tour: Tour): Promise<readonly Shot[]> {
  await rm(tour.folder, { recursive: true, force: true });
  await mkdir(tour.folder, { recursive: true });
  const shots: Shot[] = [];
  let paths: readonly string[] | undefined;
  for (const each of sides) {
    const { side, language, colorScheme, viewport } = each;
    // The menu is in reach at a screen's width; where it leads is the same from every side.
    const context = await browser.newContext({
      baseURL: tour.url,
      locale: language === "zh" ? "zh-CN" : "en-US",
      timezoneId: "Asia/Shanghai",
      reducedMotion: "reduce",
      colorScheme,
      viewport,
    });
    const page = await context.newPage();
    const take = async (path: string): Promise<void> => {
      const file = `${fileName(path)}-${side}.png`;
      await page.screenshot({ path: join(tour.folder, file), animations: "disabled" });
      shots.push({ path, side, file });
    };
    await page.goto("/login");
    await settled(page);
    if (isWanted("/login", tour)) await take("/login");
    await signIn(page, tour);
    paths ??= wantedPaths(await menuPaths(page), tour);
    for (const path of paths) {
      await visit(page, path);
      await take(path);
      if (!(await openForm(page, path))) continue;
      await take(`${path}#new`);
    }
    tour.say(`${side}: ${shots.filter((shot) => shot.side === side).length} pictures`);
    await context.close();
  }
  await writeFile(join(tour.folder, "index.html"), contactSheet(shots));
  return shots;
}

/** Those of the menu, and what was named but stands in none: `work`, `growth/forms/<id>/fill`. */
function wantedPaths(menu: readonly string[], tour: Tour): readonly string[] {
  const others = tour.only.filter((part) => !["/login", ...menu].some((path) => path.includes(part)));
  return [...menu.filter((path) => isWanted(path, tour)), ...others.map((part) => `/${part.replace(/^\//, "")}`)];
}

function isWanted(path: string, { only }: Tour): boolean {
  return only.length === 0 || only.some((part) => path.includes(part));
}

async function signIn(page: Page, { login, password }: Tour): Promise<void> {
  await page.locator("input[autocomplete=username]").fill(login);
  await page.locator("input[autocomplete=current-password]").fill(password);
  await page.locator("button[type=submit]").click();
  await page.locator("#content h1").waitFor();
}

/** Where the menu leads. */
function menuPaths(page: Page): Promise<string[]> {
  return page
    .locator("nav a[href^='/']")
    .evaluateAll((links) => [...new Set(links.map((link) => link.getAttribute("href") ?? "/"))]);
}

/** By its own address, as after a reload: nothing of the page before is left. */
async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.locator("#content h1").waitFor();
  await settled(page);
}

/** Opens the form that adds something. False where a page has none: then nothing opens. */
async function openForm(page: Page, path: string): Promise<boolean> {
  if ((await page.locator("#content header .el-button--primary, #content .el-button--primary").count()) === 0)
    return false;
  await page.goto(`${path}#new`);
  await page.reload();
  // The form is on its way by the time that its page has a heading, and marked as long as it is.
  await page.locator("#content h1").waitFor();
  await settled(page);
  return (await page.getByRole("dialog").count()) > 0;
}

/** All of it has come and nothing moves. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState("load");
  await page.waitForFunction(() => document.querySelector(".skeleton, [aria-busy=true]") === null);
  await page.waitForLoadState("networkidle", { timeout: 1000 }).catch(() => {
    // A list that is live keeps its stream open.
  });
}
