import { createClient } from "@zhanggui/kit/contract/client";
import { contracts } from "@zhanggui/server/contracts";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Login, type Stage, setStage } from "./setup/stage.ts";
import { openWindow } from "./setup/window.ts";

/*
 * Whoever runs the server opens a business, limits it, suspends it and lets it go on; its people see their plan, what is
 * used, and above every page that they may only look.
 */
let stage: Stage;
let album: Album;
const password = "correct horse battery";
const owner: Login = { login: "man@osmanthus.example", password, name: "小满" };

beforeAll(async () => {
  album = await Album.open("tenants");
  stage = await setStage(inject("clusterUrl"));
});
afterAll(() => stage?.close());

async function newPage(width: number, scheme: "light" | "dark" = "light"): Promise<Page> {
  const viewport = { width, height: 860 };
  const opened = await openWindow(stage.browser, {
    baseURL: stage.url,
    viewport,
    reducedMotion: "reduce",
    colorScheme: scheme,
  });
  onTestFailed(async () =>
    console.error(await album.take(opened.page, "failed"), ...opened.complaints, stage.serverOutput()),
  );
  return opened.page;
}
const inEnglish = (page: Page) => page.addInitScript(() => localStorage.setItem("zhanggui.language", "en"));

test("a business is opened, limited, suspended and goes on; its people see how it stands", async () => {
  const page = await newPage(1280);
  await signIn(page, stage.owner);
  await page.goto("/settings/tenants#new");
  const form = page.getByRole("dialog");
  await form.getByLabel("企业名称").fill("桂花糕铺");
  await form.getByLabel("负责人姓名").fill(owner.name);
  await form.getByLabel("负责人登录名").fill(owner.login);
  await album.take(page, "opens");
  await page.getByRole("button", { name: "开通并生成邀请链接" }).click();
  // It is the owner who is invited, not the business.
  await page.getByRole("dialog", { name: `邀请${owner.name}设置密码` }).waitFor();
  const link = await page.locator("code", { hasText: "/invitation#" }).textContent();
  await album.take(page, "invited");
  await page.getByRole("button", { name: "完成" }).click();
  await createClient(contracts, { baseUrl: stage.url }).access.acceptInvitation({
    token: link!.split("#")[1]!,
    password,
  });
  await page.getByText("桂花糕铺").first().waitFor();
  const { items } = await stage.api.tenants.list({ search: "桂花" });
  const tenantId = items[0]!.id;
  await stage.api.tenants.update({
    tenantId,
    expiresAt: new Date(Date.now() + 5 * 86_400_000).toISOString(),
    limits: { "access.accounts": 1 },
  });
  await page.reload();
  await page.getByText("即将到期").first().waitFor();
  await album.take(page, "list");
  await page.goto(`/settings/tenants#report/${tenantId}`);
  await page.getByText("专属限额").first().waitFor();
  await album.take(page, "report");

  const theirs = await newPage(1280);
  await signIn(theirs, owner);
  await theirs.getByRole("status").getByText("到期").waitFor();
  await theirs.goto("/settings/plan");
  await theirs.getByText("已用满").first().waitFor();
  await album.take(theirs, "own-plan");
  // Somebody is in the middle of something: refused in words, and from then on it stands above every page.
  await theirs.goto("/roles#new");
  await theirs.getByRole("dialog").getByLabel("角色名称").fill("店长");
  await stage.api.tenants.suspend({ tenantId, because: "账单逾期" });
  await theirs.getByRole("dialog").getByRole("button", { name: "创建" }).click();
  await theirs.getByRole("status").getByText("平台已暂停本企业").getByText("原因：账单逾期").waitFor();
  await theirs.getByRole("dialog").getByText("目前只能查看和导出").waitFor();
  // It is as wide as what it is said of, beside the menu.
  const right = await theirs.locator("main > .terms").evaluate((banner) => banner.getBoundingClientRect().right);
  expect(right).toBe(1280);
  await album.take(theirs, "suspended");

  const phone = await newPage(390, "dark");
  await inEnglish(phone);
  await phone.goto("/login");
  await phone.getByLabel("Login").fill(owner.login);
  await phone.getByLabel("Password").fill(password);
  await phone.getByRole("button", { name: "Sign in" }).click();
  await phone.getByText("suspended by whoever runs this server").waitFor();
  await phone.goto("/settings/plan");
  await phone.getByText("1 of 1").waitFor();
  await album.take(phone, "phone-dark-english");
  await stage.api.tenants.resume({ tenantId });
  await phone.reload();
  await phone.getByText("The plan ends on").waitFor();
  expect(await phone.getByText("suspended by whoever").count()).toBe(0);

  await page.goto("/settings/tenants");
  await page
    .getByRole("row", { name: /桂花糕铺/ })
    .getByRole("button")
    .last()
    .click();
  await album.take(page, "actions");
  await page
    .getByRole("menuitem", { name: "限额" })
    .or(page.getByRole("button", { name: "限额" }))
    .first()
    .click();
  await page.getByText("套餐：5", { exact: true }).waitFor();
  await album.take(page, "limits");
  const limits = page.getByRole("dialog", { name: "“桂花糕铺”的限额" });
  const accounts = limits.getByRole("spinbutton", { name: /账号/ });
  const question = page.getByRole("dialog", { name: "还没有保存" });
  await accounts.fill("5");
  await page.keyboard.press("Escape");
  await question.getByRole("button", { name: "继续填写" }).click();
  await question.waitFor({ state: "hidden" });
  expect(await accounts.inputValue()).toBe("5");
  await limits.getByRole("button", { name: "保存" }).click();
  await limits.waitFor({ state: "hidden" });
  // What the plan says by chance is agreed all the same.
  await page.goto(`/settings/tenants#limits/${tenantId}`);
  await expect.poll(() => accounts.inputValue()).toBe("5");
  await page.keyboard.press("Escape");
  await limits.waitFor({ state: "hidden" });

  // What can only be refused isn't offered.
  const offered = async (row: RegExp, action: string) => {
    await page.getByRole("row", { name: row }).getByRole("button").last().click();
    const button = page.getByRole("button", { name: action }).first();
    await button.waitFor();
    const isOffered = await button.isEnabled();
    await page.keyboard.press("Escape");
    return isOffered;
  };
  expect(await offered(/桂花糕铺/, "重新邀请负责人")).toBe(false);
  expect(await offered(/灯笼茶/, "暂停")).toBe(false);
  await album.take(page, "not-offered");
});
