import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from "vitest";
import { type Bound, bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * What can be done to what stands, where it is listed: switched and taken back, changed, deleted. Each says first what
 * it brings with it, and what can't be done says why.
 */
let stage: Stage;
let album: Album;
let office: Window;
let bound: Bound;

beforeAll(async () => {
  album = await Album.open("acts");
  stage = await setStage(inject("clusterUrl"));
  bound = await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  const guest = stage.emulator.world.createPuppet({ name: "小满" });
  await stage.emulator.world.scan(guest.id, { code: bound.channel.ticket });
  office = await openWindow(stage.browser, {
    baseURL: stage.url,
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
  });
  await signIn(office.page, stage.owner);
});
afterAll(() => stage?.close());

const desk = () => office.page;
const dialog = (name: string) => desk().getByRole("dialog", { name });
const toggle = (name: string) => desk().getByRole("switch", { name: `启用：${name}` });
async function act(row: string, action: string): Promise<void> {
  await desk()
    .getByRole("button", { name: `更多操作：${row}`, exact: true })
    .click();
  await desk().getByRole("button", { name: action, exact: true }).click();
}
/** Each begins on a page of its own; not after one that failed, whose picture is taken last. */
beforeEach(async () => {
  await desk().goto("about:blank");
});
function picturesOfFailure(): void {
  onTestFailed(async () =>
    console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
  );
}

test("a rule is switched off in its row, by keyboard, and that is taken back", async () => {
  picturesOfFailure();
  const isOn = async () =>
    (await stage.api.messaging.listRules({ search: "海报欢迎语" })).items.map(({ enabled }) => enabled);
  await desk().goto("/messages/rules");
  await toggle("海报欢迎语").focus();
  await desk().keyboard.press("Space");
  await desk().getByText("“海报欢迎语”已停用").waitFor();
  await album.take(desk(), "switched-off");
  expect(await isOn()).toEqual([false]);
  await desk().getByRole("button", { name: "撤销" }).click();
  await desk().getByText("“海报欢迎语”已启用").waitFor();
  expect(await isOn()).toEqual([true]);
  // The list reads its rows anew once it is done.
  await expect.poll(() => toggle("海报欢迎语").isChecked()).toBe(true);
});

test("a rule that could never answer says so before it is made, and in the list after", async () => {
  picturesOfFailure();
  await desk().goto("/messages/rules#new");
  const form = dialog("新建规则");
  await form.getByLabel("名称").fill("又一条欢迎语");
  await form.getByLabel("回复内容").fill("欢迎");
  await form.getByRole("button", { name: "创建" }).click();
  await form.getByText("这条规则永远不会回复：规则“关注欢迎语”总是先回复。").waitFor();
  await album.take(desk(), "never-answers");
  // Changed, it is looked at anew.
  await form.getByLabel("回复内容").fill("欢迎光临");
  await form.getByRole("button", { name: "创建" }).click();
  await form.getByRole("button", { name: "仍然保存" }).click();
  await form.waitFor({ state: "hidden" });
  await desk().getByText("不会回复：规则“关注欢迎语”总是先回复").waitFor();
  await desk().setViewportSize({ width: 390, height: 844 });
  await desk().getByText("不会回复：规则“关注欢迎语”总是先回复").waitFor();
  await album.take(desk(), "never-answers-phone");
  await desk().setViewportSize({ width: 1280, height: 800 });
  await act("又一条欢迎语", "删除");
  await desk().getByText("它回复过 0 次").waitFor();
  await desk().getByRole("button", { name: "删除", exact: true }).last().click();
  await desk().getByText("已删除").waitFor();
  expect((await stage.api.messaging.listRules({ search: "又一条" })).items).toEqual([]);
});

test("a scene is changed in its form, with what it sends beside it; a template that is wrong is said at its field", async () => {
  picturesOfFailure();
  const before = office.complaints.length;
  await desk().goto(`/messages/scenes#edit/${bound.sceneId}`);
  const form = dialog("编辑场景");
  const preview = form.getByRole("region", { name: "预览（以示例客户填写）" });
  await preview.getByText("谢谢你来到灯笼茶").waitFor();
  await form.getByRole("button", { name: "添加字段" }).click();
  await form.getByLabel("字段名 4").fill("remark");
  await form.getByLabel("内容 4").fill("{{ person.age }}");
  await form.getByRole("button", { name: "保存" }).click();
  await form.getByText("模板写法有误：remark · ", { exact: false }).waitFor();
  await album.take(desk(), "bad-template");
  await form.getByLabel("内容 4").fill("{{ channel.name }}见");
  await preview.getByText("门店海报见").waitFor();
  await form.getByRole("button", { name: "保存" }).click();
  await form.waitFor({ state: "hidden" });
  const [scene] = (await stage.api.messaging.listScenes({})).items;
  expect(scene).toMatchObject({
    version: 2,
    items: [{ data: { remark: "{{ channel.name }}见" } }, { channel: "mail" }],
  });
  expect(office.complaints.slice(before)).toEqual([`422: PUT /api/scenes/${bound.sceneId}`]);
});

test("a channel that people came in by isn't deleted but switched off; the rules that need it say so", async () => {
  picturesOfFailure();
  await stage.api.messaging.createRule({
    name: "海报专属",
    on: "scan",
    channelId: bound.channel.id,
    replies: [{ type: "text", text: "你好" }],
  });
  await desk().goto("/growth/channels");
  await desk().getByRole("button", { name: "更多操作：门店海报" }).click();
  await desk().getByText("有 1 人从这里来过：请改为停用。").waitFor();
  expect(await desk().getByRole("button", { name: "删除", exact: true }).isDisabled()).toBe(true);
  await album.take(desk(), "channel-in-use");
  await desk().keyboard.press("Escape");
  await toggle("门店海报").press("Space");
  await dialog("停用渠道“门店海报”？").getByRole("button", { name: "停用" }).click();
  await desk().getByText("“门店海报”已停用").waitFor();
  await desk().goto("/messages/rules");
  await desk().getByText("不会回复：渠道“门店海报”已停用").waitFor();
  await desk().getByRole("link", { name: "门店海报" }).click();
  await toggle("门店海报").press("Space");
  await desk().getByText("“门店海报”已启用").waitFor();
});

test("an app's secret is tested before it is kept; unbinding says what stops, and binding again goes on", async () => {
  picturesOfFailure();
  const before = office.complaints.length;
  const { appid, secret } = stage.emulator.world.createAccount({ name: "快闪店" });
  const bind = async (appSecret: string) => {
    const form = dialog("绑定公众号");
    await form.getByRole("textbox", { name: "AppSecret" }).fill(appSecret);
    await form.getByRole("button", { name: "绑定", exact: true }).click();
  };
  const fillIn = async () => {
    await desk().goto("/connect/apps#new");
    const form = dialog("绑定公众号");
    await form.getByLabel("名称").fill("快闪店");
    await form.getByLabel("AppID").fill(appid);
    await form.getByRole("button", { name: "生成令牌（Token）" }).click();
    await form.getByRole("button", { name: "生成消息加解密密钥（EncodingAESKey）" }).click();
  };
  await fillIn();
  await bind("mistyped");
  await dialog("绑定公众号").getByText("微信不认这个 AppID 和 AppSecret（40125）", { exact: false }).waitFor();
  await album.take(desk(), "secret-refused");
  await bind(secret);
  await dialog("已绑定，还差一步").getByRole("button", { name: "完成" }).click();
  await act("快闪店", "解绑");
  await desk().getByText("它有 0 个渠道码，收到过 0 条消息", { exact: false }).waitFor();
  await album.take(desk(), "unbind");
  await desk().getByRole("button", { name: "解绑", exact: true }).last().click();
  await desk().getByText("已解绑").waitFor();
  await desk()
    .getByRole("row", { name: /快闪店/ })
    .waitFor({ state: "hidden" });
  await desk().goto("about:blank");
  await fillIn();
  await bind(secret);
  await dialog("已绑定，还差一步").getByRole("button", { name: "完成" }).click();
  await desk()
    .getByRole("row", { name: /快闪店/ })
    .waitFor();
  expect(office.complaints.slice(before)).toEqual(["422: POST /api/wechat/apps"]);
});

test("on a phone, where its column isn't shown, an app is switched off in the menu of its row", async () => {
  picturesOfFailure();
  const isOn = async () => (await stage.api.connect.listApps({})).items.find(({ name }) => name === "灯笼茶")?.enabled;
  await desk().setViewportSize({ width: 390, height: 844 });
  await desk().goto("/connect/apps");
  expect(await toggle("灯笼茶").count()).toBe(0);
  await act("灯笼茶", "停用");
  await dialog("停用“灯笼茶”？").getByText("停用后不再接收消息", { exact: false }).waitFor();
  await album.take(desk(), "app-off-phone");
  await dialog("停用“灯笼茶”？").getByRole("button", { name: "停用" }).click();
  await desk().getByText("已停用", { exact: true }).first().waitFor();
  await expect.poll(isOn).toBe(false);
  await desk().getByRole("button", { name: "更多操作：灯笼茶", exact: true }).click();
  await dialog("更多操作：灯笼茶").getByRole("button", { name: "启用" }).click();
  await expect.poll(isOn).toBe(true);
  await desk().setViewportSize({ width: 1280, height: 800 });
});

test("a setting is changed where it stands, keeps what was typed wrong, and inherits again once it is cleared", async () => {
  picturesOfFailure();
  const setting = async (key: string) => (await stage.api.settings.list()).items.find((each) => each.key === key);
  const name = "自动回复最长等待（毫秒）";
  await desk().goto("/settings");
  await desk()
    .getByRole("button", { name: `编辑设置：${name}` })
    .click();
  const form = dialog("修改设置");
  await form.getByLabel(name).fill("99999");
  await form.getByRole("button", { name: "保存" }).click();
  await form.getByRole("alert").getByText("4500").waitFor();
  expect(await form.getByLabel(name).inputValue()).toBe("99999");
  // Meanwhile somebody else was faster: what they set isn't lost, and neither is what is typed here.
  await stage.api.settings.change({ key: "connect.replyTimeoutMs", value: 2500, version: 0 });
  await form.getByLabel(name).fill("2000");
  await form.getByRole("button", { name: "保存" }).click();
  await form.getByText("内容已被他人修改").waitFor();
  await form.getByRole("status").getByText("2500").waitFor();
  expect(await form.getByLabel(name).inputValue()).toBe("2000");
  await form.getByRole("button", { name: "保存" }).click();
  await form.waitFor({ state: "hidden" });
  expect(await setting("connect.replyTimeoutMs")).toMatchObject({ value: 2000, version: 2 });

  await act(name, "修改记录");
  await dialog(`“${name}”的修改记录`).locator("ins", { hasText: "2,500" }).waitFor();
  await desk().keyboard.press("Escape");
  await act(name, "清除此处的设置");
  await desk().getByRole("dialog").getByText("将沿用系统默认：3000").waitFor();
  await desk().getByRole("dialog").getByRole("button", { name: "清除此处的设置" }).click();
  await desk().getByText("已清除").waitFor();
  expect(await setting("connect.replyTimeoutMs")).toMatchObject({ value: 3000, from: "default", version: 3 });

  const domains = "短链接可以跳转到的域名";
  await desk()
    .getByRole("button", { name: `编辑设置：${domains}` })
    .click();
  await form.getByLabel(domains).fill("tea.example\n\n shop.example ");
  await form.getByRole("button", { name: "保存" }).click();
  await form.waitFor({ state: "hidden" });
  expect(await setting("links.allowedDomains")).toMatchObject({ value: ["tea.example", "shop.example"] });
});

test("a tag is renamed where it is listed, not to a name that is taken, and deleted from everybody", async () => {
  picturesOfFailure();
  const { audience } = stage.api;
  const [person] = (await audience.listPeople({})).items;
  const personId = person!.id;
  for (const name of ["常客", "爱喝白茶"]) await audience.addTag({ personId, name });
  await desk().goto("/tags");
  await act("常客", "编辑");
  const form = dialog("修改标签");
  await form.getByLabel("名称").fill("爱喝白茶");
  await form.getByRole("button", { name: "保存" }).click();
  await form.getByRole("alert").getByText("已有名为“爱喝白茶”的标签").waitFor();
  await form.getByLabel("名称").fill("老客");
  await form.getByRole("button", { name: "保存" }).click();
  await form.waitFor({ state: "hidden" });
  await desk().getByRole("row", { name: "老客" }).waitFor();
  await act("老客", "删除");
  await desk().getByRole("dialog").getByText("（1 位）").waitFor();
  await album.take(desk(), "tag-deletion");
  await desk().getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await desk().getByText("已删除").waitFor();
  const { tags } = await audience.getPerson({ personId });
  expect(tags.map(({ name }) => name)).not.toContain("老客");
  expect(tags.map(({ name }) => name)).toContain("爱喝白茶");
});

test("what a scene was before is told in the words of its fields, by whom it was changed", async () => {
  picturesOfFailure();
  const { messaging } = stage.api;
  const [scene] = (await messaging.listScenes({ search: "新客到店" })).items;
  const { id: sceneId, version, trigger, channelId, items, enabled } = scene!;
  const [first, ...others] = items;
  const changed = first!.channel === "wechat_template" ? { ...first!, templateId: "LANTERN_NEW" } : first!;
  await messaging.updateScene({
    sceneId,
    version,
    name: "新客进门",
    trigger,
    channelId,
    items: [changed, ...others],
    enabled,
  });
  await desk().goto("/messages/scenes");
  await act("新客进门", "修改记录");
  const told = dialog("“新客进门”的修改记录");
  await told.getByText("发送内容 1 · 模板 ID").waitFor();
  await told.locator("del", { hasText: "新客到店" }).waitFor();
  await told.locator("ins", { hasText: "新客进门" }).waitFor();
  await told.locator("ins", { hasText: "LANTERN_NEW" }).waitFor();
  await album.take(desk(), "scene-history");
  expect(await told.getByText("方式").count()).toBe(0);
});
