import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { type Account, enableServer, openOfficialAccount, type ServerConfiguration, template } from "./setup/wechat.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * J1, by hand: an operator binds an official account and prepares a welcome; a customer scans the poster; the operator
 * reads what became of it. Two windows, nothing but what a person can see and click.
 */
const poster = "门店海报";
const welcome = "欢迎来到灯笼茶，门店海报的朋友！";
const leaderMail = "qing@lantern-tea.example";

let stage: Stage;
let album: Album;
/** The operator's window: the console. */
let office: Window;
/** The customer's window: the phone, and the pages of WeChat's stand-in. */
let phone: Window;
/** The console's page. */
let desk: Page;

beforeAll(async () => {
  album = await Album.open("first-message");
  stage = await setStage(inject("clusterUrl"));
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  phone = await openWindow(stage.browser, { baseURL: stage.emulator.url, viewport: { width: 1280, height: 860 } });
  desk = office.page;
});
afterAll(async () => {
  await stage?.close();
  console.info(`journey first-message: pictures in ${album.folder}`);
});

test("J1: from the scanned poster to the trace", async () => {
  onTestFailed(async () => {
    const pictures = [await album.take(desk, "failed-console"), await album.take(phone.page, "failed-phone")];
    console.error([...pictures, ...office.complaints, ...phone.complaints, stage.serverOutput()].join("\n"));
  });
  await signIn();
  const account = await openOfficialAccount(phone.page, album);
  const server = await bindApp(account);
  await enableServer(phone.page, album, server);
  await testBinding();
  await createChannelCode();
  await createWelcomeRule();
  await createScene();
  await scanPoster();
  await readLeadersMail();
  await testBindingAgain();
  await watchDeliveries();
  await readInbound();
  const person = await findPerson();
  await readTimeline(person);
  await readDelivery(person);
  const traceId = await readTrace();
  await switchLanguageAndTheme();
  await readEvents(traceId);
  await signOut();
  expect(phone.complaints).toEqual([]);
  // The wrong password is the only thing that went wrong, and it did.
  expect(office.complaints).toEqual(["401: POST /api/sessions"]);
});

/** Opens a page of the console by the menu. */
async function open(name: string, heading = name): Promise<void> {
  await desk.getByRole("navigation").getByRole("link", { name, exact: true }).click();
  await desk.getByRole("heading", { level: 1, name: heading }).waitFor();
}

/** Chooses from one of the console's select boxes. */
async function choose(box: string, option: string): Promise<void> {
  // The chosen text lies over the input: a person clicks on that, and so does this.
  await desk.getByRole("combobox", { name: box, exact: true }).click({ force: true });
  await desk.getByRole("option", { name: option, exact: true }).click();
}

/** Waits for the sentence that says so, and for the form to be gone. */
async function saved(): Promise<void> {
  await desk.getByText("已保存").first().waitFor();
  await desk.getByRole("dialog").waitFor({ state: "hidden" });
}

async function signIn(): Promise<void> {
  await desk.goto("/");
  await desk.getByRole("heading", { name: "登录" }).waitFor();
  await desk.getByLabel("账号").fill(stage.operator.login);
  await desk.getByLabel("密码").fill("wrong horse battery");
  await desk.getByRole("button", { name: "登录" }).click();
  await desk.getByText("账号或密码不正确。").waitFor();
  await album.take(desk, "wrong-password");
  await desk.getByLabel("密码").fill(stage.operator.password);
  await desk.getByRole("button", { name: "登录" }).click();
  await desk.getByRole("heading", { level: 1, name: "今天" }).waitFor();
  await album.take(desk, "signed-in");
}

async function bindApp({ appId, appSecret }: Account): Promise<ServerConfiguration> {
  await open("微信应用");
  await album.take(desk, "no-apps");
  await desk.getByRole("button", { name: "绑定公众号" }).first().click();
  const dialog = desk.getByRole("dialog", { name: "绑定公众号" });
  await dialog.getByRole("button", { name: "绑定", exact: true }).click();
  await dialog.getByText("请填写", { exact: true }).first().waitFor();
  await album.take(desk, "bind-nothing-filled-in");
  await dialog.getByLabel("名称").fill("灯笼茶");
  await dialog.getByLabel("AppID").fill(appId);
  await dialog.getByRole("textbox", { name: "AppSecret" }).fill(appSecret);
  await dialog.getByRole("button", { name: "生成令牌（Token）" }).click();
  await dialog.getByRole("button", { name: "生成消息加解密密钥（EncodingAESKey）" }).click();
  await album.take(desk, "bind-filled-in");
  await dialog.getByRole("button", { name: "绑定", exact: true }).click();
  const bound = desk.getByRole("dialog", { name: "已绑定，还差一步" });
  const value = (name: string) => bound.locator("dl > div", { hasText: name }).locator("code").innerText();
  const server = {
    url: await value("服务器地址"),
    token: await value("令牌（Token）"),
    aesKey: await value("消息加解密密钥"),
  };
  await album.take(desk, "bound");
  await bound.getByRole("button", { name: "完成" }).click();
  await bound.waitFor({ state: "hidden" });
  return server;
}

/** What the menu at a row's end does. */
async function act(row: string, action: string): Promise<void> {
  await desk.getByRole("button", { name: `更多操作：${row}`, exact: true }).click();
  await desk.getByRole("button", { name: action, exact: true }).click();
}

async function testBinding(): Promise<void> {
  await act("灯笼茶", "检测");
  const dialog = desk.getByRole("dialog", { name: "检测“灯笼茶”" });
  const passed = (check: string) =>
    dialog.getByRole("listitem").filter({ hasText: check }).getByLabel("通过", { exact: true });
  await passed("获取 access_token").waitFor();
  await passed("微信验证服务器地址").waitFor();
  await album.take(desk, "binding-tested");
  await dialog.getByRole("button", { name: "关闭", exact: true }).last().click();
  await dialog.waitFor({ state: "hidden" });
}

/** Now that WeChat has pushed something nothing is left to wish for. */
async function testBindingAgain(): Promise<void> {
  await open("微信应用");
  await desk
    .getByRole("row", { name: /灯笼茶/ })
    .getByText("已验证")
    .waitFor();
  await act("灯笼茶", "检测");
  const dialog = desk.getByRole("dialog", { name: "检测“灯笼茶”" });
  await dialog.getByText("一切正常。").waitFor();
  await album.take(desk, "binding-tested-again");
  await dialog.getByRole("button", { name: "关闭", exact: true }).last().click();
  await dialog.waitFor({ state: "hidden" });
}

async function createChannelCode(): Promise<void> {
  await open("渠道码");
  await desk.getByRole("button", { name: "新建渠道码" }).first().click();
  const dialog = desk.getByRole("dialog", { name: "新建渠道码" });
  await dialog.getByLabel("渠道名称").fill(poster);
  await dialog.getByLabel("负责人姓名").fill(stage.operator.name);
  await dialog.getByLabel("负责人邮箱").fill(leaderMail);
  await album.take(desk, "channel-code-form");
  await dialog.getByRole("button", { name: "创建" }).click();
  const code = desk.getByRole("dialog", { name: poster });
  await code.getByRole("img", { name: `“${poster}”的二维码` }).waitFor();
  const width = () => desk.evaluate(`document.querySelector(".el-dialog img").naturalWidth`);
  await expect.poll(width).toBeGreaterThan(0);
  await album.take(desk, "channel-code");
  await code.getByRole("button", { name: "关闭", exact: true }).last().click();
  await code.waitFor({ state: "hidden" });
  await desk.getByRole("row", { name: new RegExp(poster) }).waitFor();
}

async function createWelcomeRule(): Promise<void> {
  await open("自动回复");
  await desk.getByRole("button", { name: "新建规则" }).first().click();
  const dialog = desk.getByRole("dialog", { name: "新建规则" });
  await dialog.getByLabel("名称").fill("海报欢迎语");
  await dialog.getByText("扫码时", { exact: true }).click();
  await choose("渠道", poster);
  await dialog.getByLabel("回复内容").fill(welcome);
  await album.take(desk, "welcome-rule-form");
  await dialog.getByRole("button", { name: "创建" }).click();
  await saved();
  await desk.getByRole("row", { name: /海报欢迎语/ }).waitFor();
  await album.take(desk, "welcome-rule");
}

async function createScene(): Promise<void> {
  await open("消息场景");
  await desk.getByRole("button", { name: "新建场景" }).first().click();
  const drawer = desk.getByRole("dialog", { name: "新建场景" });
  await drawer.getByLabel("名称").fill("新客到店");
  await choose("渠道", poster);
  const [card, mail] = [drawer.getByRole("listitem").nth(0), drawer.getByRole("listitem").nth(1)];
  await card.getByLabel("模板 ID").fill(template.id);
  await card.getByLabel("内容 1").fill("谢谢你来到灯笼茶");
  for (const [index, { name, variable }] of [
    { name: "keyword1", variable: "客户姓名" },
    { name: "keyword2", variable: "渠道名" },
  ].entries()) {
    await card.getByRole("button", { name: "添加字段" }).click();
    await card.getByLabel(`字段名 ${index + 2}`).fill(name);
    await card
      .getByRole("button", { name: "插入变量" })
      .nth(index + 1)
      .click();
    await card.getByRole("button", { name: variable }).click();
  }
  await drawer.getByRole("button", { name: "添加发送内容" }).click();
  await mail.getByText("邮件", { exact: true }).click();
  await mail.getByText("渠道负责人", { exact: true }).click();
  await mail.getByLabel("主题").fill("来了一位新朋友");
  await mail
    .getByLabel("正文")
    .fill("{{ channel.leaderName }}，{{ person.displayName }} 刚刚通过“{{ channel.name }}”来了。");
  await album.take(desk, "scene-form");
  await drawer.getByRole("button", { name: "创建" }).click();
  await saved();
  await desk.getByRole("row", { name: /新客到店/ }).waitFor();
  // Notices fade by themselves; the pictures from here on are better without them.
  await expect.poll(() => desk.getByText("已保存").count()).toBe(0);
  await album.take(desk, "scene");
}

/** The customer's side: the poster, the welcome, the card. */
async function scanPoster(): Promise<void> {
  const { page } = phone;
  await page.getByRole("link", { name: "手机" }).click();
  await page.getByLabel("新的人").fill("小满");
  await page.getByRole("button", { name: "添加" }).click();
  await page.getByRole("button", { name: "扫一扫" }).click();
  const code = page.locator("button.code");
  await code.waitFor();
  await album.take(page, "phone-scans");
  await code.click();
  await page.locator(".theirs .bubble", { hasText: welcome }).waitFor();
  const card = page.locator(".template-card", { hasText: template.title });
  await card.waitFor();
  expect(await card.innerText()).toMatch(/谢谢你来到灯笼茶[\s\S]*会员\s*您[\s\S]*渠道\s*门店海报/);
  await album.take(page, "phone-chat");
}

async function readLeadersMail(): Promise<void> {
  const { page } = phone;
  await page.getByRole("link", { name: "邮箱" }).click();
  await page.getByRole("heading", { name: "来了一位新朋友" }).waitFor();
  const mail = page.getByRole("article");
  await mail.getByText(leaderMail).waitFor();
  await mail.getByText(/阿青，微信用户 .* 刚刚通过“门店海报”来了。/).waitFor();
  await album.take(page, "leaders-mail");
}

/** Both messages came as far as they can: WeChat's receipt is a push of its own, and may still be on its way. */
async function watchDeliveries(): Promise<void> {
  await open("投递记录");
  const delivered = desk.getByRole("row", { name: /微信模板消息/ }).getByText("已送达", { exact: true });
  const accepted = desk.getByRole("row", { name: /邮件/ }).getByText("已受理", { exact: true });
  const arrived = async (): Promise<number> => {
    await desk.getByRole("button", { name: "刷新" }).click();
    return (await delivered.count()) + (await accepted.count());
  };
  await expect.poll(arrived).toBe(2);
  await album.take(desk, "deliveries");
}

/** What WeChat pushed: the scan with the reply it got, and the receipt. */
async function readInbound(): Promise<void> {
  await open("收到的消息");
  await desk.getByRole("row", { name: /模板消息回执/ }).waitFor();
  await desk.getByRole("row", { name: new RegExp(welcome) }).waitFor();
  await album.take(desk, "inbound");
}

/** The person's name. */
async function findPerson(): Promise<string> {
  await open("客户");
  const row = desk.getByRole("row", { name: /微信用户/ });
  await row.getByText("关注中").waitFor();
  // The tag, and the channel they came by.
  expect(await row.getByText(poster, { exact: true }).count()).toBe(2);
  await album.take(desk, "people");
  const link = row.getByRole("link", { name: /微信用户/ });
  const name = (await link.innerText()).match(/微信用户 \S+/)?.[0] ?? "";
  await link.click();
  await desk.getByRole("heading", { level: 1, name }).waitFor();
  return name;
}

/** The messages to a person, on their page. */
function sentTo(): Locator {
  return desk.getByRole("complementary").getByRole("listitem");
}

async function readTimeline(name: string): Promise<void> {
  expect(name).toMatch(/^微信用户 \S{6}$/);
  const sentences = ["关注了公众号", `扫描了渠道码“${poster}”`, `添加了标签“${poster}”`];
  for (const sentence of sentences) await desk.getByText(sentence, { exact: true }).waitFor();
  await sentTo().filter({ hasText: "微信模板消息" }).getByText("已送达").waitFor();
  await sentTo().filter({ hasText: "邮件" }).getByText("已受理").waitFor();
  await album.take(desk, "person");
}

/** From the person to the template message: every step, down to WeChat's receipt. */
async function readDelivery(name: string): Promise<void> {
  await sentTo().filter({ hasText: "微信模板消息" }).getByRole("link", { name: "新客到店" }).click();
  const heading = desk.getByRole("heading", { level: 1, name: `新客到店 → ${name}` });
  await heading.getByText("已送达").waitFor();
  for (const step of ["触发", "决定", "提交", "答复", "回执"]) {
    await desk.getByRole("listitem").getByText(step, { exact: true }).waitFor();
  }
  await desk.getByText("微信回执：已送达。").last().waitFor();
  await album.take(desk, "delivery");
}

/** The whole trace, from WeChat's push to both deliveries; its id. */
async function readTrace(): Promise<string> {
  await desk.getByRole("link", { name: "查看全链路" }).click();
  await desk.getByRole("heading", { level: 1, name: "全链路" }).waitFor();
  const part = (name: string) =>
    desk.getByRole("listitem").filter({ has: desk.getByRole("heading", { name, exact: true }) });
  await part("微信推送").getByText("关注", { exact: true }).waitFor();
  await part("当场回复").getByText(welcome).waitFor();
  await part("内部事件")
    .getByText(/\d+ 个事件/)
    .waitFor();
  await part("场景投递").getByText("已送达").waitFor();
  await part("场景投递").getByText("已受理").waitFor();
  await album.take(desk, "trace");
  return new URL(desk.url()).pathname.split("/").at(-1) ?? "";
}

async function switchLanguageAndTheme(): Promise<void> {
  await desk.locator("summary", { hasText: "账号菜单：" }).click();
  await album.take(desk, "account-menu");
  await desk.getByLabel("English").check();
  await desk.getByRole("heading", { level: 1, name: "The whole trace" }).waitFor();
  expect(await desk.evaluate("document.documentElement.lang")).toBe("en");
  await desk.getByLabel("Dark").check();
  await desk.keyboard.press("Escape");
  await desk.getByText("Delivered", { exact: true }).waitFor();
  expect(await desk.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")).toBe(false);
  const [red = 255] =
    String(await desk.evaluate("getComputedStyle(document.body).backgroundColor")).match(/\d+/g) ?? [];
  expect(Number(red)).toBeLessThan(64);
  await album.take(desk, "trace-in-english-and-dark");
}

async function readEvents(traceId: string): Promise<void> {
  await open("Event log");
  await desk
    .getByRole("row", { name: /audience\.channel_entered\.v1/ })
    .getByRole("button")
    .click();
  const drawer = desk.getByRole("dialog");
  await drawer.getByText(traceId).waitFor();
  await album.take(desk, "event");
  await desk.keyboard.press("Escape");
  await drawer.waitFor({ state: "hidden" });
  await album.take(desk, "events");
}

async function signOut(): Promise<void> {
  await desk.locator("summary", { hasText: "Account menu:" }).click();
  await desk.getByRole("button", { name: "Sign out" }).click();
  await desk.getByRole("heading", { name: "Sign in" }).waitFor();
  await album.take(desk, "signed-out");
  // Nothing of the session is left: the way back asks for the password.
  await desk.goto("/people");
  await desk.getByRole("heading", { name: "Sign in" }).waitFor();
}
