import type { Page } from "playwright-core";
import type { Login } from "./stage.ts";

/** Signs in, in Chinese. */
export async function signIn(page: Page, { login, password }: Login): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("账号").fill(login);
  await page.getByLabel("密码").fill(password);
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("navigation").waitFor();
}
