import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { inspect, prepareInspection } from "./setup/inspect.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A customer signs in by a code on a phone, and sees live what happens; the business sees them, and puts them out. And
 * what a console's sign-in asks of whoever has failed again and again.
 */
const number = "13800138000";
const phone = { width: 390, height: 844 };

let stage: Stage;
let album: Album;
beforeAll(async () => {
  album = await Album.open("customers");
  stage = await setStage(inject("clusterUrl"));
});
afterAll(async () => {
  await stage?.close();
});

async function newWindow(options: BrowserContextOptions = {}): Promise<Window> {
  const usual = { viewport: phone, reducedMotion: "reduce", locale: "zh-CN" } as const;
  const opened = await openWindow(stage.browser, { baseURL: stage.url, ...usual, ...options });
  await prepareInspection(opened.page.context());
  onTestFailed(async () =>
    console.error(await album.take(opened.page, "failed"), ...opened.complaints, stage.serverOutput()),
  );
  return opened;
}

/** The code of the newest text message, as WeChat's stand-in shows it. */
async function readCode(than = ""): Promise<string> {
  const read = (): string => /\d{6}/.exec(stage.emulator.world.texts().at(-1)?.text ?? "")?.[0] ?? "";
  await expect.poll(read).not.toBe(than);
  return read();
}

async function enter(page: Page, words: { number: string; get: string; code: string; go: string }, than?: string) {
  await page.getByLabel(words.number).fill(number);
  await page.getByRole("button", { name: words.get }).click();
  await page.getByText(/验证码已发出|The code is on its way/).waitFor();
  const code = await readCode(than);
  await page.getByLabel(words.code, { exact: true }).fill(code);
  await page.getByRole("button", { name: words.go, exact: true }).click();
  return code;
}
const zh = { number: "手机号", get: "获取验证码", code: "验证码", go: "登录" };

test("a customer signs in on a phone, and sees live what happens elsewhere; the business puts them out", async () => {
  const { page, complaints } = await newWindow();
  await page.goto("/customer");
  await page.getByRole("heading", { name: "登录 灯笼茶" }).waitFor();
  await album.take(page, "sign-in");
  expect(await inspect(page, ["customers"], false)).toEqual([]);
  // By keyboard alone, and a number that can't be one is told at once.
  await page.getByRole("radio", { name: "手机" }).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.type("123");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("11 位手机号").waitFor();
  await album.take(page, "wrong-number");
  const code = await enter(page, zh);
  await page.getByText("实时更新中").waitFor();
  await page.getByText("138****8000").first().waitFor();
  await album.take(page, "signed-in");
  expect(await inspect(page, ["customers"], false)).toEqual([]);

  // A reload goes on; no script reads what the browser keeps.
  await page.reload();
  await page.getByText("实时更新中").waitFor();
  const readable = await page.evaluate(() => `${document.cookie} ${Object.values(localStorage).join(" ")}`);
  expect(readable).not.toContain("customer_page_");

  // Another device, in English and in the dark: the first one hears of it.
  await stage.api.settings.change({ key: "codes.againSeconds", value: 10, version: 0 });
  const { page: other, complaints: others } = await newWindow({ locale: "en", colorScheme: "dark" });
  await other.goto("/customer");
  await other.getByRole("heading", { name: "Sign in to 灯笼茶" }).waitFor();
  await album.take(other, "sign-in-dark-english");
  expect(await inspect(other, ["customers"], true)).toEqual([]);
  await expect
    .poll(async () => {
      await other.getByLabel("Phone number").fill(number);
      await other.getByRole("button", { name: /Get a code/ }).click();
      await other.getByText(/The code is on its way|too often/).waitFor();
      return other.getByText("The code is on its way").isVisible();
    })
    .toBe(true);
  await other.getByLabel("Code", { exact: true }).fill(await readCode(code));
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.getByText("Updating live").waitFor();
  await page.getByRole("listitem").filter({ hasText: "在 Chrome" }).nth(1).waitFor();
  await album.take(page, "live-line");
  await album.take(other, "signed-in-dark-english");
  expect(await inspect(other, ["customers"], true)).toEqual([]);

  // The business sees both, and puts them out.
  const { page: desk } = await newWindow({ viewport: { width: 1280, height: 900 } });
  await signIn(desk, stage.owner);
  await desk.goto("/people/sign-ins");
  await desk.getByRole("cell", { name: "138****8000" }).first().waitFor();
  await album.take(desk, "sign-ins");
  await desk.getByRole("link", { name: "客户 138****8000" }).first().click();
  await desk.getByText("手机 138****8000").first().waitFor();
  await album.take(desk, "person");
  await desk.getByRole("button", { name: "结束全部登录" }).click();
  await desk.getByRole("dialog").getByRole("button", { name: "结束全部登录" }).click();
  await page.getByText("您已退出登录。").waitFor();
  await other.getByText("You are signed out.").waitFor();
  await album.take(page, "put-out");
  await desk.goto("/codes");
  await desk.getByText("客户登录").first().waitFor();
  await album.take(desk, "codes");
  // What was refused on the way: no proof yet, a number that is none, asked for too soon, a session that had ended.
  const expected = /^(?:4(?:00|01|28|29)): (?:POST|GET) \/api\/customers\//;
  expect([...complaints, ...others].filter((each) => !expected.test(each))).toEqual([]);
});

test("whoever has failed to sign in again and again computes for a moment, and gets in", async () => {
  const { page, complaints } = await newWindow({ viewport: { width: 1280, height: 800 } });
  for (let n = 0; n < 10; n++)
    await fetch(`${stage.url}/api/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ login: `nobody-${n}@lantern-tea.example`, password: "a guess" }),
    });
  await page.goto("/login");
  await page.getByLabel("账号").fill(stage.owner.login);
  await page.getByLabel("密码").fill("wrong horse battery");
  const asked = page.waitForResponse((response) => response.status() === 428);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await asked;
  await page.getByText("账号或密码不正确。").waitFor();
  await page.getByLabel("密码").fill(stage.owner.password);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await page.getByRole("navigation").first().waitFor();
  await album.take(page, "signed-in-after-a-check");
  // Each of the two was asked once, and answered after it: nothing of it was refused by the content's policy.
  expect(complaints).toEqual(["428: POST /api/sessions", "401: POST /api/sessions", "428: POST /api/sessions"]);
});
