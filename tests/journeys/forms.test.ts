import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * What every form does, on those of rules, channels and accounts: asks what is needed and when, says at its field what
 * is wrong, loses nothing unasked, and outlives a session that ends while somebody types.
 */
let stage: Stage;
let album: Album;
let office: Window;

beforeAll(async () => {
  album = await Album.open("forms");
  stage = await setStage(inject("clusterUrl"));
  await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  office = await openWindow(stage.browser, {
    baseURL: stage.url,
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
  });
  await signIn(office.page, stage.owner);
});
afterEach(async () => {
  await desk().goto("about:blank");
});
afterAll(() => stage?.close());

const desk = () => office.page;
const dialog = (name: string) => desk().getByRole("dialog", { name });
function picturesOfFailure(): void {
  onTestFailed(async () =>
    console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
  );
}
async function query(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  await client.query(text);
  await client.end();
}

test("a form asks for what other answers make necessary, by keyboard alone", async () => {
  picturesOfFailure();
  await desk().goto("/messages/rules#new");
  const form = dialog("新建规则");
  await form.getByLabel("名称").focus();
  await desk().keyboard.type("营业时间");
  expect(await form.getByRole("textbox", { name: "关键词" }).count()).toBe(0);
  // The choice of when: one step on from the first of three is the second.
  await desk().keyboard.press("Tab");
  await desk().keyboard.press("ArrowRight");
  await desk().keyboard.press("ArrowRight");
  await form.getByRole("textbox", { name: "关键词" }).waitFor();
  await form.getByRole("button", { name: "创建" }).focus();
  await desk().keyboard.press("Enter");
  await form.getByText("请填写", { exact: true }).first().waitFor();
  await album.take(desk(), "keyword-missing");
  // Whatever lacks is where one goes on typing.
  await expect.poll(() => desk().evaluate("document.activeElement?.getAttribute('aria-invalid')")).toBe("true");
  await desk().keyboard.type("几点");
  await form.getByLabel("回复内容").focus();
  await desk().keyboard.type("九点开门");
  await form.getByRole("button", { name: "创建" }).focus();
  await desk().keyboard.press("Enter");
  await form.waitFor({ state: "hidden" });
  const { items } = await stage.api.messaging.listRules({});
  expect(items.find(({ name }) => name === "营业时间")).toMatchObject({
    on: "keyword",
    keywords: ["几点"],
    match: "exact",
  });
});

test("what isn't saved isn't lost unasked: by Esc, by Back, by a link", async () => {
  picturesOfFailure();
  await desk().goto("/messages/rules");
  await desk().getByRole("button", { name: "新建规则" }).first().click();
  const form = dialog("新建规则");
  const question = dialog("还没有保存");
  // Nothing was typed: nothing is asked.
  await desk().keyboard.press("Escape");
  await form.waitFor({ state: "hidden" });
  await desk().getByRole("button", { name: "新建规则" }).first().click();
  await form.getByLabel("名称").fill("写到一半");
  await desk().keyboard.press("Escape");
  await question.getByRole("button", { name: "继续填写" }).click();
  await question.waitFor({ state: "hidden" });
  expect(await form.getByLabel("名称").inputValue()).toBe("写到一半");
  await desk().evaluate("history.back()");
  await album.take(desk(), "unsaved");
  await question.getByRole("button", { name: "继续填写" }).click();
  await question.waitFor({ state: "hidden" });
  expect(await form.getByLabel("名称").inputValue()).toBe("写到一半");
  await form.getByRole("button", { name: "取消" }).click();
  await question.getByRole("button", { name: "放弃填写" }).click();
  await form.waitFor({ state: "hidden" });
  await desk().getByRole("button", { name: "新建规则" }).first().click();
  expect(await form.getByLabel("名称").inputValue()).toBe("");
});

test("a name that is taken is said at the name, as long as it stands there", async () => {
  picturesOfFailure();
  const before = office.complaints.length;
  await desk().goto("/growth/channels");
  await desk().getByRole("button", { name: "新建渠道码" }).first().click();
  const form = dialog("新建渠道码");
  const [{ name: taken } = { name: "" }] = (await stage.api.connect.listChannels()).items;
  await form.getByLabel("渠道名称").fill(taken);
  await form.getByLabel("负责人姓名").fill("阿青");
  await form.getByLabel("负责人邮箱").fill("qing@lantern-tea.example");
  await form.getByRole("button", { name: "创建" }).click();
  const refusal = form.getByText(`已有名为“${taken}”的渠道。`);
  await refusal.waitFor();
  await album.take(desk(), "name-taken");
  await form.getByLabel("渠道名称").fill("周末市集");
  await refusal.waitFor({ state: "hidden" });
  await form.getByRole("button", { name: "创建" }).click();
  await form.waitFor({ state: "hidden" });
  // Its code is shown at once, to be taken away.
  await dialog("周末市集").getByRole("button", { name: "关闭", exact: true }).last().click();
  await desk()
    .getByRole("row", { name: /周末市集/ })
    .waitFor();
  expect(office.complaints.slice(before)).toEqual(["409: POST /api/wechat/channels"]);
});

test("a session that ends while somebody types takes nothing with it", async () => {
  picturesOfFailure();
  await desk().goto("/messages/rules");
  await desk().getByRole("button", { name: "新建规则" }).first().click();
  await dialog("新建规则").getByLabel("名称").fill("雨天问候");
  await dialog("新建规则").getByLabel("回复内容").fill("今天下雨，送一杯姜茶。");
  await query("UPDATE access_session SET ended_at = now()");
  await dialog("新建规则").getByRole("button", { name: "创建" }).click();
  await desk().getByRole("heading", { name: "登录" }).waitFor();
  await desk().getByLabel("账号").fill(stage.owner.login);
  await desk().getByLabel("密码").fill(stage.owner.password);
  await desk().getByRole("button", { name: "登录", exact: true }).click();
  const form = dialog("新建规则");
  await form.getByText("已恢复您上次没有提交的内容。").waitFor();
  await album.take(desk(), "restored");
  expect(await form.getByLabel("名称").inputValue()).toBe("雨天问候");
  await form.getByRole("button", { name: "创建" }).click();
  // Another rule greets whoever follows.
  await form.getByRole("button", { name: "仍然保存" }).click();
  await form.waitFor({ state: "hidden" });
  await desk()
    .getByRole("row", { name: /雨天问候/ })
    .waitFor();
});

test("somebody is invited, chooses a password, and sees what their role grants", async () => {
  picturesOfFailure();
  await desk().goto("/accounts");
  await desk().getByRole("button", { name: "新建账号" }).click();
  const form = dialog("新建账号");
  await form.getByLabel("姓名").fill("阿岚");
  await form.getByLabel("登录名").fill("lan@lantern-tea.example");
  // Nothing to choose from isn't a gap.
  await form.getByText("还没有可选的").waitFor();
  await form.getByText("审批人").click();
  await form.getByRole("button", { name: "创建并生成邀请链接" }).click();
  const invitation = dialog("邀请阿岚设置密码");
  const link = await invitation.locator("code").innerText();
  await invitation.getByRole("button", { name: "完成" }).click();
  await desk().getByRole("row", { name: /阿岚/ }).getByText("待设密码").waitFor();
  await album.take(desk(), "invited");

  const guest = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 390, height: 844 } });
  await guest.page.goto(link);
  await guest.page.getByText("灯笼茶 · 阿岚").waitFor();
  await guest.page.getByLabel("新密码").fill("a cup of oolong");
  await guest.page.getByLabel("再输一次").fill("a cup of oolong");
  await album.take(guest.page, "chooses-password");
  await guest.page.getByRole("button", { name: "设置并登录" }).click();
  await guest.page.getByRole("button", { name: "主菜单" }).waitFor();
  expect(guest.complaints).toEqual([]);
  // The link is used up.
  await guest.page.goto("about:blank");
  await guest.page.goto(link);
  await guest.page.getByText("邀请链接已失效").waitFor();
  await guest.close();

  await desk().getByRole("button", { name: "刷新" }).click();
  await desk().getByRole("row", { name: /阿岚/ }).getByText("可以登录").waitFor();
  await desk().getByRole("button", { name: "更多操作：阿岚" }).click();
  await desk().getByRole("button", { name: "权限与来源" }).click();
  const rights = dialog("阿岚的权限");
  await rights.getByText("来自角色：审批人").first().waitFor();
  await album.take(desk(), "rights");
});
