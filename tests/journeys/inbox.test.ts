import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A customer writes on their phone: a keyword is answered at once, what no rule knows waits in the inbox, live. One of
 * the staff takes it and answers with a canned answer, notes something, hands it over; the other closes it.
 */
const question = "能开发票吗？";
const canned = "小满，可以开，请把抬头发给我们。";

let stage: Stage;
let album: Album;
let bound: Bound;
let qing: Window;
let keeper: Window;
let phone: Window;
let puppetId: string;

beforeAll(async () => {
  album = await Album.open("inbox");
  stage = await setStage(inject("clusterUrl"));
  const desk = { baseURL: stage.url, viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" } as const;
  qing = await openWindow(stage.browser, desk);
  keeper = await openWindow(stage.browser, desk);
  phone = await openWindow(stage.browser, { baseURL: stage.emulator.url, viewport: { width: 1280, height: 860 } });
  bound = await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  puppetId = stage.emulator.world.createPuppet({ name: "小满" }).id;
  const text = "{{ person.displayName }}，可以开，请把抬头发给我们。";
  await stage.api.messaging.createCanned({ shortcut: "发票", text, isShared: true });
}, patient(240_000));
afterAll(async () => {
  await stage?.close();
  console.info(`journey inbox: pictures in ${album.folder}`);
});

const box = (page: Page) => page.getByLabel("回复内容");
const thread = (page: Page) => page.getByRole("log", { name: "小满" });
async function noSideways(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
}

test(
  "a question goes from the phone through the inbox, from hand to hand, and back",
  { timeout: patient(240_000) },
  async () => {
    onTestFailed(async () => {
      const windows = [qing, keeper, phone];
      const pictures = await Promise.all(windows.map(({ page }, index) => album.take(page, `failed-${index}`)));
      console.error([...pictures, ...windows.flatMap(({ complaints }) => complaints), stage.serverOutput()].join("\n"));
    });
    await stage.emulator.world.follow(puppetId);
    await signIn(qing.page, stage.operator);
    await qing.page.getByRole("navigation").getByRole("link", { name: "会话" }).click();
    await qing.page.getByRole("switch", { name: "值班" }).press("Space");
    await writeOnThePhone("菜单");
    await phone.page.locator(".message.theirs .bubble", { hasText: "桂花乌龙" }).waitFor();
    await album.take(phone.page, "keyword-answered");
    await writeOnThePhone(question);
    await waitsLive();
    await nameThem("小满");
    await takeAndAnswer();
    await noteAndHandOver();
    await otherCloses();
    await onAPhone();
    await rulesSay();
    for (const { complaints } of [qing, keeper, phone]) expect(complaints).toEqual([]);
  },
);

async function writeOnThePhone(text: string): Promise<void> {
  const { page } = phone;
  if (page.url() === "about:blank") {
    await page.goto("/");
    await page.evaluate((id) => localStorage.setItem("emulator.puppet", id), puppetId);
    await page.reload();
    await page.locator(".chat-row", { hasText: "灯笼茶" }).click();
  }
  const line = page.locator(".composer input[autocomplete=off]");
  await line.fill(text);
  await line.press("Enter");
}

async function nameThem(displayName: string): Promise<void> {
  const { openid } = stage.emulator.world.chat(puppetId, bound.appid);
  const { items } = await stage.api.audience.findByOpenid({ openids: [openid] });
  await stage.api.audience.updatePerson({ personId: items[0]?.personId ?? "", displayName });
}

/** The list that is open says so by itself. */
async function waitsLive(): Promise<void> {
  const { page } = qing;
  await page.getByText(question).first().waitFor();
  await page.getByText("待回复").first().waitFor();
  await album.take(page, "waits-live");
  await page.getByRole("link", { name: "微信用户" }).first().click();
  await page.getByText("还可回复 5 条").waitFor();
}

async function takeAndAnswer(): Promise<void> {
  const { page } = qing;
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "小满" }).waitFor();
  await page.getByRole("button", { name: "接手", exact: true }).click();
  await thread(page).getByText("阿青 接手了会话").waitFor();
  await box(page).fill("/发");
  await page.getByRole("option", { name: canned }).waitFor();
  await album.take(page, "canned-answers");
  await box(page).press("Enter");
  await expect.poll(() => box(page).inputValue()).toBe(canned);
  await box(page).press("Enter");
  await thread(page).locator("[data-from=us][data-state=delivered]", { hasText: canned }).waitFor();
  await page.getByText("还可回复 4 条").waitFor();
  await phone.page.locator(".message.theirs .bubble", { hasText: canned }).waitFor();
  await album.take(page, "answered");
  await album.take(phone.page, "answered-on-the-phone");
}

async function noteAndHandOver(): Promise<void> {
  const { page } = qing;
  await page.getByLabel("内部备注").check();
  await page.getByRole("textbox", { name: "内部备注" }).fill("公司抬头，要专票");
  await page.getByRole("button", { name: "记下" }).click();
  await thread(page).locator("[data-note=note]", { hasText: "公司抬头，要专票" }).waitFor();
  await page.getByRole("button", { name: "负责人" }).click();
  const { items } = await stage.api.access.listAccounts({});
  const owner = items.find(({ displayName }) => displayName === stage.owner.name)?.id ?? "";
  await page.getByLabel("交给").selectOption(owner);
  await page.getByLabel("给同事的话（客户看不到）").fill("发票归你管");
  await album.take(page, "hand-over");
  await page.getByRole("button", { name: "转交", exact: true }).click();
  await thread(page).getByText("阿青 转交给了 掌柜").waitFor();
  await album.take(page, "handed-over");
  const said = stage.emulator.world.chat(puppetId, bound.appid).chat.map(({ content }) => JSON.stringify(content));
  expect(said.some((each) => each.includes("专票") || each.includes("归你管"))).toBe(false);
}

async function otherCloses(): Promise<void> {
  const { page } = keeper;
  await signIn(page, stage.owner);
  await page.getByRole("navigation").getByRole("link", { name: "会话" }).click();
  await page.getByRole("link", { name: "小满" }).first().click();
  await thread(page).getByText("发票归你管").waitFor();
  await box(page).fill("发票稍后发您邮箱。");
  await box(page).press("Enter");
  await thread(page).locator("[data-state=delivered]", { hasText: "发票稍后发您邮箱。" }).waitFor();
  // The colleague's page hears of it.
  await thread(qing.page).getByText("发票稍后发您邮箱。").waitFor();
  await page.getByRole("button", { name: "结束会话" }).click();
  await expect.poll(() => page.locator("h1 .state").innerText()).toBe("已结束");
  await thread(page).getByText("掌柜 结束了会话").waitFor();
  await album.take(page, "closed");
  await page.emulateMedia({ colorScheme: "dark" });
  await album.take(page, "closed-dark");
  await page.emulateMedia({ colorScheme: "light" });
}

async function onAPhone(): Promise<void> {
  const { page } = qing;
  await stage.emulator.world.sendImage(puppetId, { appid: bound.appid });
  await page.setViewportSize({ width: 390, height: 844 });
  await thread(page).getByRole("img", { name: "图片" }).waitFor();
  await album.take(page, "on-a-phone");
  await noSideways(page);
  await page.goto("/messages/conversations");
  await page.getByRole("link", { name: "小满" }).first().waitFor();
  await album.take(page, "list-on-a-phone");
  await noSideways(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await album.take(page, "list");
}

async function rulesSay(): Promise<void> {
  const { page } = keeper;
  await page.goto("/messages/rules");
  await page.getByText("关键词包含“菜单”").waitFor();
  await page.getByRole("button", { name: "试一试" }).click();
  await page.getByLabel("客户说的话").fill("今天的菜单");
  await page.getByRole("button", { name: "谁会回复？" }).click();
  await page.getByRole("status").getByText("会回复：").waitFor();
  await album.take(page, "what-would-answer");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "新建规则" }).first().click();
  const form = page.getByRole("dialog", { name: "新建规则" });
  await form.getByText("收到关键词").click();
  await album.take(page, "new-rule");
  await page.goto("/messages/canned-answers");
  await page.getByText("发票").first().waitFor();
  await album.take(page, "canned");
}
