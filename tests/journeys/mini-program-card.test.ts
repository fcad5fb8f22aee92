import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { setStage, type Stage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/* A mini-program is bound: its card is there, is given its words, and is chosen in a rule. Nobody types a media_id. */
let stage: Stage;
let bound: Bound;
let album: Album;
let office: Window;
beforeAll(async () => {
  album = await Album.open("mini-program-card");
  stage = await setStage(inject("clusterUrl"));
  bound = await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  office = await openWindow(stage.browser, {
    baseURL: stage.url,
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
  });
  await signIn(office.page, stage.owner);
});
afterAll(() => stage?.close());

/** What came to a phone as the card of a mini-program. */
const cardsOf = (puppetId: string) =>
  stage.emulator.world
    .chat(puppetId, bound.appid)
    .chat.flatMap(({ content }) => (content.kind === "card" ? [content] : []));

/** Chooses from one of the form's select boxes; the chosen text lies over the input. */
async function choose(box: string, option: string): Promise<void> {
  const { page } = office;
  const form = page.getByRole("dialog", { name: "新建规则" });
  await form.getByRole("combobox", { name: new RegExp(`^${box}`) }).click({ force: true });
  await page.getByRole("option", { name: option, exact: true }).click();
}

test(
  "a card that WeChat refused says why, is made when somebody tries again, and is chosen by its mini-program",
  async () => {
    const { page, complaints } = office;
    onTestFailed(async () => console.log(await album.take(page, "failed"), page.url(), ...complaints));
    const { world } = stage.emulator;
    world.addFault({ target: "api", path: "/cgi-bin/material/add_material", count: 1, errcode: 48001 });
    const { appid: appId, secret: appSecret } = world.createAccount({ name: "灯笼茶点单", kind: "miniprogram" });
    const app = { name: "灯笼茶点单", appId, appSecret, pushToken: "token", mode: "plain" } as const;
    await stage.api.connect.bindApp({ ...app, kind: "miniprogram" });
    await page.goto("/messages/materials");
    const card = page.getByRole("region", { name: "小程序卡片" }).getByRole("listitem");
    await card.getByText("未做成").waitFor();
    await card.getByText("48001").waitFor();
    await album.take(page, "refused");
    await card.getByRole("button", { name: "再试一次" }).click();
    await card.getByText("可用").waitFor();
    await card.getByRole("button", { name: "编辑" }).click();
    const form = page.getByRole("dialog");
    await form.getByLabel("卡片标题").fill("来点一杯");
    await album.take(page, "edit");
    await form.getByRole("button", { name: "保存" }).click();
    await card.getByText("来点一杯").waitFor();
    await album.take(page, "made");
    await page.setViewportSize({ width: 390, height: 844 });
    await album.take(page, "phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto("/messages/rules#new");
    const rule = page.getByRole("dialog", { name: "新建规则" });
    await rule.getByLabel("名称").fill("点单");
    await rule.getByText("收到关键词").click();
    await rule.getByRole("textbox", { name: "关键词" }).fill("点单");
    await choose("类型", "小程序卡片");
    await choose("小程序", "灯笼茶点单");
    await album.take(page, "rule");
    await rule.getByRole("button", { name: "创建" }).click();
    await rule.waitFor({ state: "hidden" });
    const puppet = world.createPuppet();
    await world.follow(puppet.id, { appid: bound.appid });
    await world.say(puppet.id, { appid: bound.appid, text: "点单" });
    await expect
      .poll(() => cardsOf(puppet.id), { timeout: 20_000 })
      .toMatchObject([{ title: "来点一杯", appid: appId }]);
    expect(complaints).toEqual([]);
  },
  patient(120_000),
);
