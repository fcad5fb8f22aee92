import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import type { Page, Route } from "playwright-core";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A customer writes; home says that they wait; an operator answers, and the customer's phone shows it. A colleague who
 * answers at the same time is told; what takes no answer any more says why.
 */
const question = "桂花乌龙还有吗？";
const answer = "还有的，\n给您留一份。";

let stage: Stage;
let album: Album;
let bound: Bound;
/** The operator's window, and the owner's, who looks at the same conversation. */
let office: Window;
let other: Window;
let phone: Window;
let puppetId: string;

beforeAll(async () => {
  album = await Album.open("conversation");
  stage = await setStage(inject("clusterUrl"));
  const desk = { baseURL: stage.url, viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" } as const;
  office = await openWindow(stage.browser, desk);
  other = await openWindow(stage.browser, desk);
  phone = await openWindow(stage.browser, { baseURL: stage.emulator.url, viewport: { width: 1280, height: 860 } });
  bound = await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  puppetId = stage.emulator.world.createPuppet({ name: "小满" }).id;
}, patient(240_000));
afterAll(async () => {
  await stage?.close();
  console.info(`journey conversation: pictures in ${album.folder}`);
});

const say = (text: string) => stage.emulator.world.say(puppetId, { appid: bound.appid, text });
async function nameThem(displayName: string): Promise<void> {
  const { openid } = stage.emulator.world.chat(puppetId, bound.appid);
  const found = async () => (await stage.api.audience.findByOpenid({ openids: [openid] })).items[0]?.personId;
  await expect.poll(found).toBeDefined();
  await stage.api.audience.updatePerson({ personId: (await found()) ?? "", displayName });
}
const box = (page: Page) => page.getByLabel("回复内容");
const thread = (page: Page) => page.getByRole("log", { name: "小满" });

test("a customer is answered", { timeout: patient(180_000) }, async () => {
  onTestFailed(async () => {
    const windows = [office, other, phone];
    const pictures = await Promise.all(windows.map(({ page }, index) => album.take(page, `failed-${index}`)));
    console.error([...pictures, ...windows.flatMap(({ complaints }) => complaints), stage.serverOutput()].join("\n"));
  });
  await stage.emulator.world.follow(puppetId);
  await say(question);
  await nameThem("小满");
  await signIn(office.page, stage.operator);
  await openFromHome();
  await write();
  await seeItOnThePhone();
  await answerAtTheSameTime();
  await keepADraft();
  await closeWithoutAnAnswer();
  await missTheWindow();
  // A colleague's answer and the end of the window were refused, and nothing else.
  expect(office.complaints).toEqual([expect.stringContaining("422")]);
  expect(other.complaints).toEqual([expect.stringContaining("409")]);
  expect(phone.complaints).toEqual([]);
});

async function openFromHome(): Promise<void> {
  const { page } = office;
  await page.getByText("1 位客户的最后一句话还没有回复").waitFor();
  await album.take(page, "home-says-waiting");
  await page.getByRole("link", { name: question }).click();
  await page.getByRole("heading", { level: 1, name: "小满" }).waitFor();
  await thread(page).getByText(question).waitFor();
  await page.getByText("还可回复 5 条").waitFor();
  expect(await page.locator("h1 .state").innerText()).toBe("待回复");
}

/** Enter that ends a word of an input method sends nothing; with Shift it begins a line. */
async function write(): Promise<void> {
  const { page } = office;
  const [first = "", second = ""] = answer.split("\n");
  await box(page).click();
  await page.keyboard.insertText(first);
  await box(page).dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true });
  await box(page).dispatchEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true });
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.insertText(second);
  expect(await box(page).inputValue()).toBe(answer);
  expect(await thread(page).locator("[data-from=us]").count()).toBe(0);
  await album.take(page, "written");
  await page.keyboard.press("Enter");
  await thread(page).locator("[data-from=us][data-state=delivered]", { hasText: "给您留一份" }).waitFor();
  expect(await box(page).inputValue()).toBe("");
  await expect.poll(() => page.locator("h1 .state").innerText()).toBe("已回复");
  await page.getByText("还可回复 4 条").waitFor();
  await album.take(page, "answered");
  await page.getByRole("navigation").getByRole("link", { name: "首页" }).click();
  await page.getByText("都处理完了").waitFor();
}

async function seeItOnThePhone(): Promise<void> {
  const { page } = phone;
  await page.goto("/");
  await page.evaluate((id) => localStorage.setItem("emulator.puppet", id), puppetId);
  await page.reload();
  await page.locator(".chat-row", { hasText: "灯笼茶" }).click();
  await page.locator(".message.theirs .bubble", { hasText: "给您留一份" }).waitFor();
  await album.take(page, "on-the-phone");
}

/** The owner has looked before the operator answers; what comes meanwhile doesn't reach their window in time. */
async function answerAtTheSameTime(): Promise<void> {
  await say("那我来两份");
  await signIn(other.page, stage.owner);
  for (const { page } of [office, other]) {
    await page.getByRole("navigation").getByRole("link", { name: "会话" }).click();
    await page.getByRole("link", { name: "小满" }).first().click();
    await thread(page).getByText("那我来两份").waitFor();
  }
  const held: Route[] = [];
  await other.page.route("**/api/conversations/**", (route) =>
    route.request().method() === "GET" ? void held.push(route) : route.continue(),
  );
  await box(office.page).fill("好的，两份。");
  await box(office.page).press("Enter");
  await thread(office.page).locator("[data-state=delivered]", { hasText: "好的，两份。" }).waitFor();
  await box(other.page).fill("给您留着呢。");
  await box(other.page).press("Enter");
  await other.page.getByRole("alert").getByText("阿青 刚刚也写了回复").waitFor();
  await other.page.unroute("**/api/conversations/**");
  // The page may have given some of them up meanwhile.
  await Promise.allSettled(held.map((route) => route.continue()));
  await thread(other.page).getByText("好的，两份。").waitFor();
  expect(await box(other.page).inputValue()).toBe("给您留着呢。");
  await other.page.getByRole("button", { name: "仍然发送" }).waitFor();
  await album.take(other.page, "answered-meanwhile");
  expect(stage.emulator.world.chat(puppetId, bound.appid).chat.filter(({ via }) => via === "custom")).toHaveLength(2);
}

async function keepADraft(): Promise<void> {
  const { page } = office;
  await box(page).fill("另外，");
  await page.getByRole("link", { name: "会话" }).first().click();
  await page.getByRole("link", { name: "小满" }).first().click();
  await expect.poll(() => box(page).inputValue()).toBe("另外，");
  await page.setViewportSize({ width: 390, height: 844 });
  await thread(page).getByText("好的，两份。").waitFor();
  await album.take(page, "on-a-phone");
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

async function closeWithoutAnAnswer(): Promise<void> {
  const { page } = office;
  await say("谢谢");
  await expect.poll(() => page.locator("h1 .state").innerText()).toBe("待回复");
  await thread(page).getByText("谢谢").waitFor();
  await page.getByRole("button", { name: "结束会话" }).click();
  await expect.poll(() => page.locator("h1 .state").innerText()).toBe("已结束");
  await page.getByText("由 阿青 结束").waitFor();
  await say("再问一句");
  await expect.poll(() => page.locator("h1 .state").innerText()).toBe("待回复");
}

/** Two days pass: for the server by what it knows of the last message, which is all that it goes by. */
async function missTheWindow(): Promise<void> {
  const { page } = office;
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  await client.query("UPDATE connect_conversation SET last_at = last_at - interval '48 hours'");
  const back = "sent_at = sent_at - interval '48 hours', received_at = received_at - interval '48 hours'";
  await client.query(`UPDATE connect_inbound SET ${back}`);
  await client.end();
  await box(page).fill("太晚了");
  await box(page).press("Enter");
  await page.getByText("距客户上一次来信已超过 48 小时").first().waitFor();
  await expect.poll(() => page.locator("h1 .state").innerText()).toBe("已错过");
  expect(await box(page).inputValue()).toBe("太晚了");
  await album.take(page, "window-over");
}
