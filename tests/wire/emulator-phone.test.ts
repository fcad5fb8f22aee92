import { existsSync } from "node:fs";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { startDeveloper, type DeveloperServer } from "@zhanggui/emulator/testing/developer";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

/*
 * The emulator's pages in a real browser: a customer's hands on the phone.
 */
const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const appid = "wxlantern";

let browser: Browser;
let emulator: Emulator;
let developer: DeveloperServer;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  if (!existsSync(executablePath)) {
    throw new Error(
      `No Chromium at ${executablePath}: apt-get install chromium fonts-wqy-microhei, or set CHROMIUM_PATH.`,
    );
  }
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-quic", ...quiet] });
});

afterAll(() => browser.close());

beforeEach(async () => {
  emulator = await startEmulator({ seed: 5 });
  developer = await startDeveloper();
  developer.answer = ({ body }, response) => {
    const name = (tag: string): string => new RegExp(`<${tag}><!\\[CDATA\\[(.*?)\\]\\]>`).exec(body)?.[1] ?? "";
    if (!body.includes("[subscribe]") && !body.includes("[text]")) return void response.end("success");
    const text = body.includes("[subscribe]") ? "欢迎来到灯笼茶" : `收到：${name("Content")}`;
    response.end(
      `<xml><ToUserName>${name("FromUserName")}</ToUserName><FromUserName>${name("ToUserName")}</FromUserName>` +
        `<CreateTime>1</CreateTime><MsgType>text</MsgType><Content>${text}</Content></xml>`,
    );
  };
  await emulator.world.seed({
    accounts: [
      {
        appid,
        name: "灯笼茶",
        push: { url: developer.url, token: "lantern" },
        templates: [{ templateId: "ready", title: "取茶提醒", content: "单号：{{order.DATA}}" }],
      },
    ],
    puppets: [{ id: "tea", name: "小茶" }],
  });
  page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(8000);
  complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  // What the content security policy stops is told here as well.
  page.on("console", (message) => {
    // A refused order is the browser's "error" too; the page tells it in its own words.
    if (message.type() === "error" && !message.text().includes("status of 422")) complaints.push(message.text());
  });
  await page.goto(`${emulator.url}/`);
});

afterEach(async () => {
  await page.close();
  await emulator.stop();
  await developer.stop();
  expect(complaints).toEqual([]);
});

async function call(path: string, body: object): Promise<Record<string, unknown>> {
  const { secret } = emulator.world.account(appid);
  const credentials = { grant_type: "client_credential", appid, secret };
  const post = async (address: string, json: object): Promise<Record<string, unknown>> => {
    const response = await fetch(emulator.url + address, { method: "POST", body: JSON.stringify(json) });
    return (await response.json()) as Record<string, unknown>;
  };
  const token = String((await post("/cgi-bin/stable_token", credentials))["access_token"]);
  return post(`${path}?access_token=${token}`, body);
}

test("follow, write, read the reply, and see it go over the wire", async () => {
  await page.getByRole("button", { name: "灯笼茶" }).click();
  await page.getByRole("button", { name: "关注公众号" }).click();
  await page.getByText("欢迎来到灯笼茶").first().waitFor();
  await page.getByLabel("发消息").fill("有龙井吗？");
  await page.keyboard.press("Enter");
  await page.locator(".theirs .bubble", { hasText: "收到：有龙井吗？" }).waitFor();
  const newest = page.locator(".act.newest .exchange");
  expect(await newest.locator(".what").innerText()).toBe("推送 text");
  expect(await newest.locator(".chip").innerText()).toBe("已回复");
});

test("a scan follows, a tapped menu and a template message arrive without reloading", async () => {
  await call("/cgi-bin/qrcode/create", {
    action_name: "QR_LIMIT_STR_SCENE",
    action_info: { scene: { scene_str: "南门海报" } },
  });
  await call("/cgi-bin/menu/create", { button: [{ type: "click", name: "今日茶单", key: "TODAY" }] });
  await page.getByRole("button", { name: "扫一扫" }).click();
  await page.getByRole("button", { name: "南门海报" }).click();
  await page.getByText("你通过扫码关注了该公众号（南门海报）").waitFor();
  await page.getByRole("button", { name: "今日茶单" }).click();
  await page.getByText("你点了“今日茶单”").waitFor();
  expect(developer.pushes.map(({ body }) => /<Event><!\[CDATA\[(\w+)/.exec(body)?.[1])).toEqual(["subscribe", "CLICK"]);
  const { openid } = emulator.world.chat("tea");
  await call("/cgi-bin/message/template/send", {
    touser: openid,
    template_id: "ready",
    data: { order: { value: "A-17" } },
  });
  await page.locator(".template-card", { hasText: "取茶提醒" }).waitFor();
  expect(await page.locator(".card-line").innerText()).toMatch(/单号\s+A-17/);
});

test("ordered trouble: lost answers end in the system's sentence", async () => {
  await emulator.world.follow("tea");
  await page.getByLabel("给下一次推送找点麻烦").selectOption({ label: "三次回复全部丢失" });
  await page.getByText("好，下一次推送会这样").waitFor();
  await page.getByRole("button", { name: "灯笼茶" }).click();
  await page.getByLabel("发消息").fill("在吗");
  await page.keyboard.press("Enter");
  await page.locator(".note.trouble", { hasText: "该公众号提供的服务出现故障，请稍后再试" }).waitFor();
  expect(developer.pushes.filter(({ body }) => body.includes("在吗"))).toHaveLength(3);
  expect(await page.locator(".act.newest .figures").innerText()).toContain("3 次");
});

test("an account is opened and its server checked by hand", async () => {
  await page.getByRole("link", { name: "公众号" }).click();
  await page.getByLabel("名称").fill("灯笼茶二店");
  await page.getByRole("button", { name: "创建" }).click();
  await page.getByRole("heading", { name: "灯笼茶二店" }).waitFor();
  await page.getByLabel("URL", { exact: true }).fill("http://127.0.0.1:1/nobody");
  await page.getByLabel("Token").fill("lantern");
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText("没有成功：URL 校验没有通过：连不上").waitFor();
  await page.getByLabel("URL", { exact: true }).fill(developer.url);
  await page.getByRole("button", { name: "随机生成" }).click();
  await page.getByLabel("加解密方式").selectOption({ label: "安全模式" });
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText("校验通过").waitFor();
  expect(emulator.world.accounts()[1]?.push).toMatchObject({ url: developer.url, mode: "safe", token: "lantern" });
});

test("what sources disagree on is switched on the page of rules, and back", async () => {
  await page.getByRole("link", { name: "规则" }).click();
  await page.getByLabel("搜索路径、规则、错误码").fill("users.blocked");
  const rule = page.getByRole("article").filter({ hasText: "users.blocked" });
  await rule.getByRole("combobox").selectOption("heard");
  await rule.getByText("已改，原为 unheard").waitFor();
  expect(emulator.world.state.rules.changes()).toEqual({ "users.blocked": "heard" });
  await rule.getByRole("button", { name: "恢复" }).click();
  await rule.getByText("已改").waitFor({ state: "hidden" });
  expect(emulator.world.state.rules.changes()).toEqual({});
  await page.getByLabel("搜索路径、规则、错误码").fill("nothing of that name");
  await page.getByText("没有匹配的规则").waitFor();
});

test("an account is made a subscription account with a white list", async () => {
  await page.getByRole("link", { name: "公众号" }).click();
  // Another form makes a new account.
  const form = page.locator("form").filter({ hasText: "IP 白名单" });
  await form.getByLabel("账号类型").selectOption({ label: "订阅号" });
  await form.getByLabel("IP 白名单").fill("203.0.113.7\n203.0.113.8");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await page.getByText("已保存").waitFor();
  expect(emulator.world.accounts()[0]).toMatchObject({
    kind: "subscription",
    isVerified: true,
    ipWhitelist: ["203.0.113.7", "203.0.113.8"],
  });
});

test("a mini-program gets a code, a consent and a talk from the phone", async () => {
  const made = emulator.world.createAccount({
    kind: "miniprogram",
    name: "灯笼茶点单",
    templates: [{ templateId: "pickup", title: "取餐提醒", content: "取餐码:{{character_string1.DATA}}" }],
  });
  await page.getByRole("button", { name: /灯笼茶点单/ }).click();
  await page.getByRole("button", { name: "wx.login" }).click();
  await page.getByText(/^code：0\w{31}$/).waitFor();
  await page.getByRole("button", { name: "订阅“取餐提醒”" }).click();
  await page.getByText("已同意接收一条").last().waitFor();
  expect(emulator.world.chat("tea", made.appid).subscriptions).toEqual({ pickup: 1 });
  await page.getByRole("button", { name: "进入客服会话" }).click();
  await page.getByText("你进入了客服会话").waitFor();
  await page.getByLabel("发消息").fill("有龙井吗");
  await page.keyboard.press("Enter");
  await page.getByText("有龙井吗").first().waitFor();
  expect(emulator.world.chat("tea", made.appid).credit.left).toBe(5);
});

test("a browser walks through a page of consent, and comes back with a code", async () => {
  const [account] = emulator.world.accounts();
  const query = new URLSearchParams({
    appid: account?.appid ?? "",
    redirect_uri: developer.url,
    response_type: "code",
    scope: "snsapi_userinfo",
    state: "spring",
  });
  await page.goto(`${emulator.url}/connect/oauth2/authorize?${query}#wechat_redirect`);
  await page.getByRole("heading", { name: account?.name ?? "" }).waitFor();
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await page.getByRole("button", { name: "允许" }).click();
  await page.waitForURL(/code=\w{32}&state=spring/);
  // The second time nobody is asked, as long as only the openid is wanted.
  query.set("scope", "snsapi_base");
  await page.goto(`${emulator.url}/connect/oauth2/authorize?${query}#wechat_redirect`);
  expect(page.url()).toMatch(/code=\w{32}&state=spring/);
});

test.each(["/", "/accounts", "/mail", "/texts", "/journal", "/rules"])(
  "%s fits a phone's width and speaks English",
  async (path) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(emulator.url + path);
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("link", { name: "Accounts" }).waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    expect(await page.evaluate("document.documentElement.lang")).toBe("en");
  },
);
