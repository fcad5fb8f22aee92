import { clientId, SayingProvider } from "@zhanggui/server/testing/identity-provider";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * The ways in, and what a browser keeps of them: a password, the company's provider, and the way out.
 */
let stage: Stage;
let album: Album;
let provider: SayingProvider;

beforeAll(async () => {
  [album, provider] = [await Album.open("sign-in"), await SayingProvider.open()];
  stage = await setStage(inject("clusterUrl"));
});
afterAll(async () => {
  provider?.close();
  await stage?.close();
});

async function newWindow(): Promise<Window> {
  const viewport = { width: 1280, height: 800 };
  const opened = await openWindow(stage.browser, { baseURL: stage.url, viewport, reducedMotion: "reduce" });
  onTestFailed(async () =>
    console.error(await album.take(opened.page, "failed"), ...opened.complaints, stage.serverOutput()),
  );
  return opened;
}

/** Whether the menu shows an entry, rather than having it below its edge. */
async function isInSight(page: Page, entry: string): Promise<boolean> {
  const [link, menu] = [page.getByRole("link", { name: entry, exact: true }), page.getByRole("navigation").first()];
  const [at, around] = [await link.boundingBox(), await menu.boundingBox()];
  if (at === null || around === null) return false;
  return at.y >= around.y && at.y + at.height <= around.y + around.height;
}

test("no script of a page can read its session, which outlives a reload and ends with the sign-out", async () => {
  const { page } = await newWindow();
  await signIn(page, stage.owner);
  const [cookie] = (await page.context().cookies()).filter(({ name }) => name.includes("zhanggui-session"));
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });
  const readable = await page.evaluate(() => `${document.cookie} ${Object.values(localStorage).join(" ")}`);
  expect(readable).not.toContain(cookie!.value);
  expect(readable).not.toContain("page_");
  await page.reload();
  await page.getByRole("navigation").first().waitFor();
  // Another tab of the same browser needs no password.
  const second = await page.context().newPage();
  await second.goto("/people");
  await second.getByRole("heading", { name: "人" }).or(second.getByRole("navigation")).first().waitFor();
  expect(new URL(second.url()).pathname).toBe("/people");
  await page.locator("details.account summary").click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await page.waitForURL(/\/login/);
  await second.waitForURL(/\/login/);
  expect((await page.context().cookies()).filter(({ name }) => name.includes("zhanggui-session"))).toEqual([]);
});

test("a sign-out that the server doesn't hear of says so, and can be tried again", async () => {
  const { page } = await newWindow();
  await signIn(page, stage.owner);
  const signOut = page.getByRole("button", { name: "退出登录" });
  await page.route("**/api/sessions/logout", (route) => route.abort());
  await page.locator("details.account summary").click();
  await signOut.click();
  await page.getByRole("alert").first().waitFor();
  await album.take(page, "sign-out that failed");
  expect(new URL(page.url()).pathname).toBe("/");
  await page.unroute("**/api/sessions/logout");
  if (!(await signOut.isVisible())) await page.locator("details.account summary").click();
  await signOut.click();
  await page.waitForURL(/\/login/);
  expect((await page.context().cookies()).filter(({ name }) => name.includes("zhanggui-session"))).toEqual([]);
});

test("a provider is set up in its form, and whoever comes by it is signed in where they wanted to go", async () => {
  const { page } = await newWindow();
  await signIn(page, stage.owner);
  await page.goto("/identity#new");
  const form = page.getByRole("dialog", { name: "新建统一登录" });
  await form.getByLabel("名称").fill("公司账号");
  await form.getByLabel("签发方地址").fill("http://127.0.0.1:9");
  await form.getByLabel("客户端 ID").fill(clientId);
  await form.getByRole("button", { name: "创建" }).click();
  await form.getByText("从该地址读不到 OpenID Connect 配置").waitFor();
  await album.take(page, "issuer that doesn't answer");
  await form.getByLabel("签发方地址").fill(provider.issuer);
  await form.getByRole("button", { name: "创建" }).click();
  await page.getByRole("cell", { name: "公司账号", exact: true }).waitFor();
  await album.take(page, "provider");
  // The menu is longer than the window: what stands at its end is in sight all the same.
  expect(await isInSight(page, "统一登录")).toBe(true);

  const { login } = stage.operator;
  provider.said = { claims: { sub: "qing", email: login, email_verified: true } };
  const { page: other, complaints } = await newWindow();
  await other.goto("/messages/rules");
  await other.getByRole("link", { name: "用公司账号登录" }).waitFor();
  await album.take(other, "login with a provider");
  await other.getByRole("link", { name: "用公司账号登录" }).click();
  await other.waitForURL(/\/messages\/rules$/);
  await other.getByText(stage.operator.name).first().waitFor();
  expect(complaints).toEqual([]);

  // Whoever isn't known is told so by a page in words, and finds the way back.
  provider.said = { claims: { sub: "stranger", email: "stranger@lantern-tea.example", email_verified: true } };
  const { page: stranger } = await newWindow();
  await stranger.goto("/login");
  await stranger.getByRole("link", { name: "用公司账号登录" }).click();
  await stranger.getByText("这里还没有您的账号").waitFor();
  await album.take(stranger, "not invited");
  await stranger.getByRole("link", { name: "返回" }).click();
  await stranger.getByRole("button", { name: "登录", exact: true }).waitFor();
});
