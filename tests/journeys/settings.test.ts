import { type Bound, bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { setStage, type Stage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * Settings at their levels: found by how they sound, set for one app, pinned by the platform, put back; and a secret
 * that is shown once.
 */
let stage: Stage;
let album: Album;
let office: Window;
let bound: Bound;

beforeAll(async () => {
  album = await Album.open("settings");
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
beforeEach(async () => {
  onTestFailed(async () =>
    console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
  );
  await desk().goto("/settings");
});

const desk = () => office.page;
const dialog = () => desk().getByRole("dialog");
const wait = "自动回复最长等待（毫秒）";
const edit = (name: string) => desk().getByRole("button", { name: `编辑设置：${name}` });
const whose = () => desk().getByLabel("查看谁的设置");
async function act(row: string, action: string): Promise<void> {
  await desk()
    .getByRole("button", { name: `更多操作：${row}`, exact: true })
    .click();
  await desk().getByRole("button", { name: action, exact: true }).click();
}
async function save(name: string, value: string, why = ""): Promise<void> {
  await edit(name).click();
  await dialog().getByLabel(name).fill(value);
  if (why !== "") await dialog().getByLabel("修改说明").fill(why);
  await dialog().getByRole("button", { name: "保存" }).click();
  await dialog().getByLabel("修改说明").waitFor({ state: "hidden" });
}

test("it is found by its initials, set for one app, and the business's list says where another value is", async () => {
  await desk().getByRole("searchbox").fill("zdhf");
  await expect.poll(() => desk().getByRole("heading", { level: 3 }).allTextContents()).toEqual([wait]);
  const { wechatAppId } = bound;
  const [app] = (await stage.api.settings.listScopes({})).items;
  await whose().selectOption({ label: `应用：${app!.name}` });
  await desk().getByText("只对这个应用生效").waitFor();
  await save(wait, "1500", "它的客户等不起");
  await desk().getByText("在此设置").waitFor();
  await album.take(desk(), "of-an-app");
  await whose().selectOption({ label: "本企业" });
  await desk()
    .getByRole("button", { name: `各级取值：${wait}` })
    .click();
  await desk()
    .getByRole("listitem")
    .filter({ hasText: "1,500" })
    .getByRole("button", { name: `应用：${app!.name}` })
    .click();
  await expect.poll(() => whose().inputValue()).toBe(`app:${wechatAppId}`);
  // An address that leads there shows the same after a reload.
  await desk().reload();
  await desk().getByText("在此设置").waitFor();
  await desk().getByLabel("只看这里改过的").check();
  await expect.poll(() => desk().getByRole("heading", { level: 3 }).allTextContents()).toEqual([wait]);
});

test("what the platform pins can't be changed below, and its history puts it back", async () => {
  await whose().selectOption({ label: "平台（所有租户）" });
  const quota = "文件可占用的空间（MB）";
  await save(quota, "500");
  await edit(quota).click();
  await dialog().getByLabel(quota).fill("700");
  await dialog().getByRole("switch", { name: "锁定" }).press("Space");
  await dialog().getByRole("button", { name: "保存" }).click();
  await desk().getByText("已锁定").waitFor();
  await album.take(desk(), "pinned");
  await whose().selectOption({ label: "本企业" });
  await desk().getByText("平台已锁定").waitFor();
  expect(await edit(quota).count()).toBe(0);
  await whose().selectOption({ label: "平台（所有租户）" });
  await act(quota, "修改记录");
  await album.take(desk(), "history");
  await desk().getByRole("button", { name: "恢复到第 1 版" }).click();
  await desk().getByRole("button", { name: "恢复到这一版" }).last().click();
  const of = async () => (await stage.api.settings.list({})).items.find(({ key }) => key === "files.quotaMegabytes");
  await expect.poll(of).toMatchObject({ value: 500, from: "platform", isPinned: false });
});

test("a secret that the server makes is shown once, and nowhere else on the page", async () => {
  const token = "读取监控指标的密钥";
  await whose().selectOption({ label: "平台（所有租户）" });
  await act(token, "由系统生成");
  const secret = await dialog().locator("code").textContent();
  expect(secret).toMatch(/^[\w-]{43}$/);
  await album.take(desk(), "shown-once");
  // Escape would lose it.
  await desk().keyboard.press("Escape");
  await dialog().getByRole("button", { name: "已保存好，关闭" }).click();
  await desk().getByText("已设置，内容不显示").waitFor();
  expect(await desk().content()).not.toContain(secret);
  const metrics = await fetch(`${stage.url}/metrics`, { headers: { authorization: `Bearer ${secret}` } });
  expect(metrics.status).toBe(200);
  await edit(token).click();
  expect(await dialog().getByLabel(token).inputValue()).toBe("");
  await desk().keyboard.press("Escape");
});

test("all settings go back to a moment, after a preview; on a phone, too", async () => {
  const [at] = [new Date()];
  await desk().setViewportSize({ width: 390, height: 844 });
  await save("同一网址沿用短链接的分钟数", "33");
  await desk().getByRole("button", { name: "恢复到某一时刻" }).click();
  const minute = (date: Date) => new Date(date.getTime() + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
  await dialog().getByLabel("恢复到").fill(minute(at));
  await dialog().getByLabel("恢复到").press("Enter");
  await dialog().getByRole("button", { name: "预览" }).click();
  await dialog().getByText("33").waitFor();
  await album.take(desk(), "preview");
  await dialog()
    .getByRole("button", { name: /^恢复 \d+ 项$/ })
    .click();
  await desk()
    .getByText(/已恢复 \d+ 项设置/)
    .waitFor();
  const of = async () => (await stage.api.settings.list({})).items.find(({ key }) => key === "links.reuseMinutes");
  expect(await of()).toMatchObject({ value: 10, from: "default" });
  await album.take(desk(), "phone");
  await desk().setViewportSize({ width: 1280, height: 800 });
});
