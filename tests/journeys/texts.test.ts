import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * An owner enters two accounts, one with a wrong secret at first, and a template; tries it; the first account runs out
 * of money, the next one sends, and the pages say so.
 */
let stage: Stage;
let album: Album;
let desk: Window;

beforeAll(async () => {
  album = await Album.open("texts");
  stage = await setStage(inject("clusterUrl"));
  desk = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  const signatures = ["灯笼茶"];
  const { carriers } = stage.emulator.world.state;
  const tencent = { keyId: "AKIDlantern", secret: "lantern-secret", sdkAppId: "1400006666", signatures };
  carriers.open({ carrier: "tencent", ...tencent, templates: [{ id: "1802", text: "取茶号{1}" }] });
  carriers.open({ carrier: "emay", keyId: "EUCP-LANTERN", secret: "0123456789abcdef", signatures });
}, patient(240_000));
afterAll(async () => {
  await stage?.close();
  console.info(`journey texts: pictures in ${album.folder}`);
});

test(
  "accounts, a template, a text that the second account sends, and its receipt",
  { timeout: patient(240_000) },
  async () => {
    const { page, complaints } = desk;
    onTestFailed(async () => {
      console.error([await album.take(page, "failed"), ...complaints, stage.serverOutput()].join("\n"));
    });
    await signIn(page, stage.owner);
    await page.goto("/connect/texts");
    await page.getByText("填写腾讯云、阿里云或亿美的密钥").waitFor();
    await album.take(page, "no-accounts");
    await account({
      name: "腾讯云主账号",
      keyId: "AKIDlantern",
      secret: "wrong",
      sdkAppId: "1400006666",
      weight: "10",
    });
    await page.getByText("服务商不接受这个账号", { exact: false }).waitFor();
    await album.take(page, "wrong-secret");
    expect(complaints).toEqual(["422: POST /api/sms/accounts"]);
    await save("lantern-secret");
    await page.getByText("腾讯云主账号").first().waitFor();
    await account({
      name: "亿美备用",
      provider: "亿美软通",
      keyId: "EUCP-LANTERN",
      secret: "0123456789abcdef",
      weight: "0",
    });
    await page.getByRole("dialog", { name: "新建短信账号" }).getByRole("button", { name: "创建" }).click();
    await page.getByText("亿美备用").first().waitFor();
    await album.take(page, "accounts");
    await template();
    await album.take(page, "templates");
    stage.emulator.world.state.carriers.addFault({
      carrier: "tencent",
      count: 1,
      code: "FailedOperation.InsufficientBalanceInSmsPackage",
    });
    await page.getByRole("button", { name: "更多操作：取茶通知" }).click();
    await page.getByText("试发", { exact: true }).click();
    const form = page.getByRole("dialog", { name: "试发短信" });
    await form.getByLabel("手机号").fill("138 0000 0001");
    await form.getByLabel("number").fill("A7");
    await form.getByText("【灯笼茶】取茶号A7").waitFor();
    await album.take(page, "try");
    await form.getByRole("button", { name: "发送" }).click();
    await page.getByText("账号不可用", { exact: false }).first().waitFor();
    await album.take(page, "sent");
    expect(stage.emulator.world.texts().map(({ to, text }) => `${to} ${text}`)).toEqual([
      "+8613800000001 【灯笼茶】取茶号A7",
    ]);
    await page.goto("/connect/texts");
    await page.getByText("暂停使用").first().waitFor();
    await album.take(page, "left-out");
    await page.goto("/messages/texts/replies");
    await page.getByText("还没有人回复短信。").waitFor();
    expect(complaints).toHaveLength(1);
  },
);

interface Given {
  readonly name: string;
  readonly provider?: string;
  readonly keyId: string;
  readonly secret: string;
  readonly sdkAppId?: string;
  readonly weight: string;
}

async function account({ name, provider, keyId, secret, sdkAppId, weight }: Given): Promise<void> {
  const { page } = desk;
  await page.getByRole("button", { name: "新建短信账号" }).first().click();
  const form = page.getByRole("dialog", { name: "新建短信账号" });
  await form.getByLabel("名称").fill(name);
  if (provider !== undefined) {
    await form.getByLabel("服务商").click();
    await page.getByRole("option", { name: provider }).click();
  }
  await form.getByLabel("密钥 ID").fill(keyId);
  await form.getByRole("textbox", { name: /^密钥(?! ID)/ }).fill(secret);
  if (sdkAppId !== undefined) await form.getByLabel("SdkAppId").fill(sdkAppId);
  await form.getByLabel("权重").fill(weight);
  if (sdkAppId !== undefined) await form.getByRole("button", { name: "创建" }).click();
}

async function save(secret: string): Promise<void> {
  const form = desk.page.getByRole("dialog", { name: "新建短信账号" });
  await form.getByRole("textbox", { name: /^密钥(?! ID)/ }).fill(secret);
  await form.getByRole("button", { name: "创建" }).click();
  await form.waitFor({ state: "hidden" });
}

async function template(): Promise<void> {
  const { page } = desk;
  await page.goto("/messages/texts/templates");
  await page.getByRole("button", { name: "新建短信模板" }).first().click();
  const form = page.getByRole("dialog", { name: "新建短信模板" });
  await form.getByLabel("名称").fill("取茶通知");
  await form.getByLabel("类别").click();
  await page.getByRole("option", { name: "通知" }).click();
  await form.getByLabel("内容").fill("取茶号{{ number }}");
  for (const [index, [name, code]] of [
    ["腾讯云主账号", "1802"],
    ["亿美备用", ""],
  ].entries()) {
    await form.getByRole("button", { name: "添加" }).click();
    await form.getByLabel("短信账号").nth(index).click();
    await page.getByRole("option", { name: name! }).last().click();
    await form.getByLabel("签名").nth(index).fill("灯笼茶");
    if (code) await form.getByLabel("模板编号").nth(index).fill(code);
  }
  await album.take(page, "template");
  await form.getByRole("button", { name: "创建" }).click();
  await form.waitFor({ state: "hidden" });
  await page.getByText("取茶通知").first().waitFor();
}
