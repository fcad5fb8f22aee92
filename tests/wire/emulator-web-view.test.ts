import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type Emulator, startEmulator } from "@zhanggui/emulator/emulator";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

/*
 * The emulator's pages of faults and snapshots, and somebody's page in its web-view, in a real browser.
 */
const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const appid = "wxlantern";

let browser: Browser;
let emulator: Emulator;
let shop: Server;
let shopUrl: string;
let signsWith: (url: string) => string;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  if (!existsSync(executablePath)) throw new Error(`No Chromium at ${executablePath}: set CHROMIUM_PATH.`);
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-quic", ...quiet] });
});
afterAll(() => browser.close());

beforeEach(async () => {
  emulator = await startEmulator({ seed: 5 });
  await emulator.world.seed({
    accounts: [
      { appid, secret: "lantern", name: "灯笼茶" },
      { appid: "wxmini", name: "点单", kind: "miniprogram" },
    ],
    puppets: [{ id: "tea", name: "小茶", follows: [appid] }],
  });
  shop = createServer(({ url = "/" }, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8").end(shopPage(`${shopUrl}${url}`));
  });
  await new Promise<void>((done) => shop.listen(0, "127.0.0.1", done));
  shopUrl = `http://127.0.0.1:${(shop.address() as { port: number }).port}`;
  page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(8000);
  complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
});
afterEach(async () => {
  await page.close();
  shop.closeAllConnections();
  shop.close();
  await emulator.stop();
  expect(complaints).toEqual([]);
});

/** A page as a shop writes it: WeChat's script at its usual name, and everything that it may do. */
function shopPage(url: string): string {
  const config = { appId: appid, nonceStr: "n", timestamp: 1, signature: signsWith(url) };
  return `<!doctype html><title>菜单</title><p id="said"></p>
    <script src="${emulator.url}/open/js/jweixin-1.6.0.js"></script><script>
    const say = (text) => { document.getElementById("said").textContent += text + " "; };
    wx.config({ ...${JSON.stringify(config)}, jsApiList: ["checkJsApi", "getLocation", "updateAppMessageShareData"] });
    wx.error(({ errMsg }) => say(errMsg));
    wx.miniProgram.getEnv(({ miniprogram }) => say(miniprogram ? "mini" : "official"));
    wx.ready(() => {
      say("ready");
      wx.checkJsApi({ jsApiList: ["getLocation", "scanQRCode"], success: ({ checkResult: may }) =>
        say("location:" + may.getLocation + " scan:" + may.scanQRCode) });
      wx.getLocation({ type: "wgs84", success: ({ latitude }) => say("at:" + latitude) });
      wx.scanQRCode({ needResult: 1, fail: ({ errMsg }) => say(errMsg) });
      wx.updateAppMessageShareData({ title: "春茶", desc: "", link: location.href, imgUrl: "", success: () => {
        say("shared");
        wx.closeWindow();
      } });
    });</script>`;
}

async function ticket(): Promise<string> {
  const ask = async (path: string) => (await (await fetch(emulator.url + path)).json()) as Record<string, string>;
  const { access_token: token } = await ask(
    `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=lantern`,
  );
  return (await ask(`/cgi-bin/ticket/getticket?type=jsapi&access_token=${token}`))["ticket"] ?? "";
}

const signature = (jsapi: string, url: string) =>
  createHash("sha1").update(`jsapi_ticket=${jsapi}&noncestr=n&timestamp=1&url=${url}`).digest("hex");
const webView = (account: string, url: string) =>
  `${emulator.url}/web-view?${new URLSearchParams({ appid: account, url })}`;

test("a page that signs rightly is ready, and may ask for what it named and for nothing else", async () => {
  const jsapi = await ticket();
  signsWith = (url) => signature(jsapi, url);
  // What stands behind # isn't signed.
  await page.goto(webView(appid, `${shopUrl}/menu?table=7#tea`));
  await page.locator("[data-asked=updateAppMessageShareData] .good").waitFor();
  await page.getByText("分享卡片已设为“春茶”").waitFor();
  await page.getByText("网页已关闭").waitFor();
  const answers = await page.locator("[data-asked]").allInnerTexts();
  const told = answers.join("\n");
  for (const part of ["config:ok", "getLocation:ok", "scanQRCode:permission denied", "closeWindow:ok"])
    expect(told).toContain(part);
});

test("a page that signs wrongly hears so, in a mini-program as well", async () => {
  await ticket();
  signsWith = () => "0".repeat(40);
  await page.goto(webView("wxmini", `${shopUrl}/menu`));
  const said = page.frameLocator("iframe").locator("#said");
  await said.getByText("config:invalid signature").waitFor();
  expect(await said.innerText()).toContain("mini");
  expect(await said.innerText()).not.toContain("ready");
});

test("a mini-program opens a page from the phone", async () => {
  const jsapi = await ticket();
  signsWith = (url) => signature(jsapi, url);
  await page.goto(emulator.url);
  await page.getByRole("button", { name: "点单" }).click();
  await page.getByLabel("网页").fill(`${shopUrl}/menu`);
  const opened = page.context().waitForEvent("page");
  await page.getByRole("button", { name: "打开网页" }).click();
  const view = await opened;
  await view.locator("[data-asked=config] .good").waitFor();
  expect(await view.locator("[data-asked='miniProgram.getEnv']").count()).toBe(1);
  await view.screenshot({ path: ".zg/pictures/emulator-web-view.png" });
  await view.close();
});

test("a fault is ordered by its name, and a snapshot is kept and brought back", async () => {
  signsWith = () => "";
  await page.goto(`${emulator.url}/trials`);
  await page.getByLabel("出什么错").selectOption("token-race");
  await page.getByLabel("接口路径或事件（留空则任何一个）").fill("/cgi-bin/tags/get");
  await page.getByRole("button", { name: "安排" }).click();
  await page.locator("[data-fault]", { hasText: "/cgi-bin/tags/get" }).waitFor();
  expect(emulator.world.faults()).toEqual([{ target: "api", race: true, count: 1, path: "/cgi-bin/tags/get" }]);
  await page.getByRole("button", { name: "清空" }).click();
  await page.getByText("没有安排故障").waitFor();
  await page.getByLabel("快照名").fill("开张");
  await page.getByRole("button", { name: "存下现在" }).click();
  await page.locator("[data-kept=开张]").waitFor();
  emulator.world.createPuppet({ id: "later" });
  await page.getByRole("button", { name: "恢复" }).click();
  await page.getByText("已恢复到“开张”").waitFor();
  expect(emulator.world.puppets().map(({ id }) => id)).toEqual(["tea"]);
  await page.screenshot({ path: ".zg/pictures/emulator-trials.png" });
});
