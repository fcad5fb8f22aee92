import type { Page } from "playwright-core";
import type { Album } from "./album.ts";

/*
 * What an owner does in WeChat's admin pages, done in those of its stand-in.
 */

/** The template message that the account has. */
export const template = {
  id: "LANTERN_WELCOME",
  title: "入会提醒",
  content: "{{first.DATA}}\n会员：{{keyword1.DATA}}\n渠道：{{keyword2.DATA}}",
};

/** What the account's page at WeChat shows of it. */
export interface Account {
  readonly appId: string;
  readonly appSecret: string;
}

/** Opens an official account with a message template, by WeChat's pages. */
export async function openOfficialAccount(page: Page, album: Album): Promise<Account> {
  await page.goto("/accounts");
  await page.getByLabel("名称").fill("灯笼茶");
  await page.getByRole("button", { name: "创建" }).click();
  await page.getByRole("heading", { level: 1, name: "灯笼茶" }).waitFor();
  await page.locator("summary", { hasText: "添加" }).click();
  await page.getByLabel("标题").fill(template.title);
  await page.getByLabel("模板 ID").fill(template.id);
  await page.getByLabel("内容，变量写作").fill(template.content);
  await page.getByRole("button", { name: "添加" }).click();
  await page.getByText(template.id, { exact: true }).waitFor();
  const fact = (name: string) => page.locator(".fact", { hasText: name }).locator("dd > span").innerText();
  await album.take(page, "official-account");
  return { appId: await fact("AppID"), appSecret: await fact("AppSecret") };
}

/** What the console shows after binding, to be entered at WeChat. */
export interface ServerConfiguration {
  readonly url: string;
  readonly token: string;
  readonly aesKey: string;
}

/** Enters the values that the console shows; WeChat checks the address at once. */
export async function enableServer(
  page: Page,
  album: Album,
  { url, token, aesKey }: ServerConfiguration,
): Promise<void> {
  await page.getByLabel("URL", { exact: true }).fill(url);
  await page.getByLabel("Token").fill(token);
  await page.getByLabel("EncodingAESKey").fill(aesKey);
  await page.getByLabel("加解密方式").selectOption({ label: "安全模式" });
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText("校验通过").waitFor();
  await album.take(page, "server-enabled");
}
