import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from "vitest";
import pg from "pg";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Login, type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * Forms that operators make: drawn without a mouse, with conditions that are put together rather than written, published
 * version by version, filled in by somebody who sees less than their maker, and read.
 */
let stage: Stage;
let album: Album;
let office: Window;
let formId: string;
const clerk: Login = { login: "lan@lantern-tea.example", password: "a cup of oolong", name: "阿岚" };

beforeAll(async () => {
  album = await Album.open("designer");
  stage = await setStage(inject("clusterUrl"));
  const { id } = await stage.api.access.createRole({ name: "前台", permissions: ["forms:answer"] });
  await stage.api.access.createAccount({ ...clerk, displayName: clerk.name, roleIds: [id] });
  office = await openWindow(stage.browser, {
    baseURL: stage.url,
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
  });
  await signIn(office.page, stage.owner);
});
beforeEach(async () => {
  await desk().goto("about:blank");
});
afterAll(() => stage?.close());

const desk = () => office.page;
function picturesOfFailure(window = office): void {
  onTestFailed(async () =>
    console.error(await album.take(window.page, "failed"), ...window.complaints, stage.serverOutput()),
  );
}
const outline = () => desk().getByRole("list", { name: "表单字段" });
const fields = async () =>
  (await outline().locator("li.field .name").allInnerTexts()).map((text) => text.replace(/\s*\*$/, ""));
const properties = (name: string) => desk().getByRole("region", { name: `属性：${name}` });
const press = (...keys: string[]) =>
  keys.reduce((done, key) => done.then(() => desk().keyboard.press(key)), Promise.resolve());

/** Presses a button as somebody does who has no mouse. */
async function enter(name: string): Promise<void> {
  await desk().getByRole("button", { name, exact: true }).focus();
  await press("Enter");
}
async function type(label: string, text: string): Promise<void> {
  await desk().getByLabel(label, { exact: true }).focus();
  await press("Control+A");
  await desk().keyboard.type(text);
}

test("a form is drawn, moved about, undone and saved by keyboard alone", async () => {
  picturesOfFailure();
  await desk().goto("/growth/forms#new");
  await desk().getByRole("dialog", { name: "新建表单" }).getByLabel("名称").focus();
  await desk().keyboard.type("品茶会报名");
  await press("Enter");
  await desk().waitForURL(/growth\/forms\/[\da-f-]{36}$/);
  formId = desk().url().split("/").at(-1)!;
  await enter("添加单行文字");
  await type("名称（中文）", "姓名");
  await type("名称（英文）", "Name");
  await desk().getByLabel("必填", { exact: true }).focus();
  await press("Space");
  await enter("添加单选");
  await type("名称（中文）", "怎么来");
  await type("选项 1（中文）", "到店");
  await type("选项 2（中文）", "送到家");
  await enter("添加单行文字");
  await type("名称（中文）", "地址");
  await enter("添加可重复的行");
  await type("名称（中文）", "同行的人");
  // What is chosen takes what is added: the rows.
  await enter("添加单行文字");
  await type("名称（中文）", "称呼");
  await expect.poll(fields).toEqual(["姓名", "怎么来", "地址", "同行的人", "称呼"]);
  await outline().getByRole("button", { name: /^地址/ }).focus();
  await press("Alt+ArrowUp");
  await expect.poll(fields).toEqual(["姓名", "地址", "怎么来", "同行的人", "称呼"]);
  // Moved, it still has the focus: it goes on.
  await press("Alt+ArrowUp", "Delete");
  await expect.poll(fields).toEqual(["姓名", "怎么来", "同行的人", "称呼"]);
  await press("Control+Z", "Control+Z", "Control+Z");
  await expect.poll(fields).toEqual(["姓名", "怎么来", "地址", "同行的人", "称呼"]);
  await press("Control+Y", "Control+Z");
  await expect.poll(fields).toEqual(["姓名", "怎么来", "地址", "同行的人", "称呼"]);
  await album.take(desk(), "drawn");
  await press("Control+S");
  await desk().getByText("有未发布的更改").waitFor();
  expect((await stage.api.forms.get({ formId })).draft.schema).toMatchObject({ required: ["text1"] });
});

test("a condition is put together by keyboard, told as a sentence, and holds in the preview", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  await outline().getByRole("button", { name: /^地址/ }).focus();
  await press("Enter");
  const panel = properties("地址");
  await panel.getByText("仅在以下情况显示").focus();
  await press("Enter");
  await panel.getByRole("group", { name: "仅在以下情况显示" }).getByRole("button", { name: "添加条件" }).focus();
  await press("Enter");
  await panel.getByLabel("仅在以下情况显示，第 1 项：判断什么").selectOption({ label: "怎么来" });
  await panel.getByLabel("仅在以下情况显示，第 1 项：如何比较").selectOption({ label: "等于" });
  await panel.getByLabel("仅在以下情况显示，第 1 项：值").focus();
  await press("Enter", "ArrowDown", "Enter");
  await panel.getByText("怎么来为“送到家”").waitFor();
  await album.take(desk(), "condition");
  const preview = desk().getByRole("region", { name: "预览" });
  expect(await preview.getByLabel("地址").count()).toBe(0);
  await preview.getByText("送到家").click();
  await preview.getByLabel("地址").fill("灯笼巷 8 号");
  await preview.getByRole("button", { name: "试着提交" }).click();
  await preview.getByText("有 1 处需要修改。").waitFor();
  await preview.getByText("请填写", { exact: true }).waitFor();
  await preview.getByRole("button", { name: "手机" }).click();
  await album.take(desk(), "preview-phone");
  // Choices fit where they are set: nothing lies over the buttons at their end.
  await outline()
    .getByRole("button", { name: /^怎么来/ })
    .click();
  await properties("怎么来").getByRole("button", { name: "删除送到家" }).click({ trial: true });
  // Who may see it is a right.
  await enter("添加整数");
  await type("名称（中文）", "内部评分");
  await properties("内部评分").getByText("谁可以看、谁可以填").click();
  await properties("内部评分").getByLabel("可查看").selectOption({ label: "有权限“查看表单答卷”的人" });
  await enter("保存草稿");
  await desk().getByText("有未发布的更改").waitFor();
});

test("a bad paste changes nothing and isn't lost; the line is named", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  await desk().getByRole("button", { name: "JSON" }).click();
  const json = desk().getByLabel("表单的 JSON");
  const good = await json.inputValue();
  const broken = good.replace(`"type": "object"`, `"type": object`);
  await json.fill(broken);
  await desk().getByText("这里不是有效的 JSON。").waitFor();
  await desk().getByRole("button", { name: "第 3 行第 13 列" }).waitFor();
  expect(await fields()).toContain("姓名");
  await desk().getByRole("button", { name: "预览" }).click();
  await desk().getByRole("button", { name: "JSON" }).click();
  expect(await json.inputValue()).toBe(broken);
  await album.take(desk(), "bad-paste");
  // Nor is it left out of what is saved, or left behind, unasked.
  await desk().getByRole("button", { name: "预览" }).click();
  await enter("保存草稿");
  await desk().getByText("JSON 里有一段读不懂的内容：先改好或放弃它。").waitFor();
  expect(await json.inputValue()).toBe(broken);
  await enter("发布");
  expect(await desk().getByRole("dialog").count()).toBe(0);
  await desk().getByRole("link", { name: "表单", exact: true }).last().click();
  await desk().getByRole("dialog", { name: "还没有保存" }).getByRole("button", { name: "继续填写" }).click();
  await json.fill(good.replace(`"maxLength": 100`, `"pattern": "^(a+)+$"`));
  await desk()
    .getByText(/还不能发布/)
    .waitFor();
  await json.fill(good);
  await desk()
    .getByText(/还不能发布/)
    .waitFor({ state: "hidden" });
});

test("it is published, filled in by somebody who sees less, and read", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  await enter("发布");
  const dialog = desk().getByRole("dialog", { name: "发布为第 1 版" });
  await dialog.getByText("这是第一版").waitFor();
  await dialog.getByRole("button", { name: "发布" }).click();
  await desk().getByText("第 1 版", { exact: true }).waitFor();

  const counter = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 390, height: 844 } });
  picturesOfFailure(counter);
  const { page } = counter;
  await signInOnPhone(counter, clerk);
  await page.goto(`/growth/forms/${formId}/fill`);
  await page.getByRole("heading", { name: "品茶会报名" }).waitFor();
  expect(await page.getByText("内部评分").count()).toBe(0);
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText("请填写", { exact: true }).waitFor();
  await page.getByLabel("姓名").fill("小满");
  expect(await page.getByLabel("地址").count()).toBe(0);
  await page.getByText("送到家").click();
  await page.getByLabel("地址").fill("灯笼巷 8 号");
  await page.getByRole("button", { name: "添加同行的人" }).click();
  await page.getByLabel("称呼").fill("老周");
  await album.take(page, "filled-in");
  // Somebody changes what their browser sends.
  await page.route("**/answers", async (route) => {
    const sent = route.request().postDataJSON() as { answers: object };
    await route.continue({ postData: JSON.stringify({ ...sent, answers: { ...sent.answers, whole1: 5 } }) });
  });
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText("提交了不属于这个表单的内容").waitFor();
  await album.take(page, "forged");
  expect((await stage.api.forms.listAnswers({ formId })).items).toEqual([]);
  await page.unroute("**/answers");
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText("谢谢，您的答卷已保存。").waitFor();
  expect(counter.complaints).toEqual([expect.stringMatching(/^422: POST/)]);
  await counter.close();

  await desk().goto(`/growth/forms/${formId}/answers`);
  await desk().getByRole("heading", { name: "“品茶会报名”的答卷" }).waitFor();
  await desk().getByRole("row", { name: /小满/ }).getByText("阿岚").waitFor();
  await album.take(desk(), "answers");
  await desk().getByRole("row", { name: /小满/ }).getByRole("link").first().click();
  await desk().getByText("灯笼巷 8 号").waitFor();
  await desk().getByText("老周").waitFor();
  await album.take(desk(), "answer");
});

test("of two who work on it the second is told, and loses nothing", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  await outline().getByRole("button", { name: /^姓名/ }).click();
  await type("名称（中文）", "尊姓大名");
  const { draft, revision } = await stage.api.forms.get({ formId });
  const schema = draft.schema as { properties: object };
  const theirs = {
    ...draft,
    schema: { ...schema, properties: { ...schema.properties, extra: { type: "string", title: "对方加的" } } },
  };
  await stage.api.forms.saveDraft({ formId, draft: theirs, ifMatch: revision });
  await enter("保存草稿");
  await desk().getByText("您修改期间，有人保存了这个表单。").waitFor();
  await album.take(desk(), "conflict");
  await enter("改用对方的（可撤销）");
  await expect.poll(fields).toContain("extra");
  await press("Control+Z");
  await expect.poll(fields).toContain("尊姓大名");
  await enter("保存草稿");
  await desk().getByText("有未发布的更改").waitFor();
});

test("a second version says what it changes, and an old one comes back", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  await enter("发布");
  const dialog = desk().getByRole("dialog", { name: "发布为第 2 版" });
  await dialog.getByText("“姓名”改名为“尊姓大名”").waitFor();
  await album.take(desk(), "publish-second");
  await dialog.getByRole("button", { name: "发布" }).click();
  await desk().getByText("第 2 版", { exact: true }).waitFor();
  await desk().goto(`/growth/forms/${formId}/versions`);
  await desk().getByRole("button", { name: "看更改" }).first().click();
  await desk().getByText("“姓名”改名为“尊姓大名”").waitFor();
  await album.take(desk(), "versions");
  await desk().getByRole("button", { name: "取回到草稿" }).last().click();
  await desk().getByRole("dialog").getByRole("button", { name: "取回到草稿" }).click();
  await desk().waitForURL(/growth\/forms\/[\da-f-]{36}$/);
  await expect.poll(fields).toContain("姓名");
});

test("a field is given another name by keyboard: what depends on it follows, and what was answered stays as it was", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  await outline()
    .getByRole("button", { name: /^怎么来/ })
    .focus();
  await press("Enter");
  await properties("怎么来")
    .getByLabel(/^字段名/)
    .focus();
  await press("Control+A");
  await desk().keyboard.type("way");
  await press("Tab");
  await enter("保存草稿");
  await desk().getByText("有未发布的更改").waitFor();
  const preview = desk().getByRole("region", { name: "预览" });
  await preview.getByText("送到家").click();
  await preview.getByLabel("地址").waitFor();
  await enter("发布");
  const dialog = desk().getByRole("dialog", { name: "发布为第 3 版" });
  await dialog.getByRole("button", { name: "发布" }).focus();
  await album.take(desk(), "publish-renamed");
  await press("Enter");
  await desk().getByText("第 3 版", { exact: true }).waitFor();

  const [first] = (await stage.api.forms.listAnswers({ formId })).items;
  const { version, answers } = await stage.api.forms.getAnswer({ formId, answerId: first!.id });
  expect([version, Object.keys(answers)]).toEqual([1, expect.not.arrayContaining(["way"])]);
  await stage.api.forms.answer({ formId, version: 3, answers: { ...renamed(answers), text1: "阿青" } });
  await desk().goto(`/growth/forms/${formId}/answers`);
  await desk().getByRole("row", { name: /阿青/ }).waitFor();
  for (const who of [/小满/, /阿青/]) {
    await desk().getByRole("row", { name: who }).getByRole("link").first().click();
    await desk().getByText("怎么来", { exact: true }).waitFor();
    await desk().getByText("送到家", { exact: true }).waitFor();
    await desk().getByText("灯笼巷 8 号").waitFor();
    await desk().goBack();
  }
});
type Given = Readonly<Record<string, unknown>>;
/** As the third version has them. */
function renamed({ choice1, ...others }: Given): Given {
  return { ...others, way: choice1 };
}

test("what isn't saved outlives an expired session, and isn't left unasked", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  await enter("添加邮箱");
  await desk().getByRole("link", { name: "表单", exact: true }).last().click();
  await desk().getByRole("dialog", { name: "还没有保存" }).getByRole("button", { name: "继续填写" }).click();
  await query("UPDATE access_session SET ended_at = now()");
  await enter("保存草稿");
  await desk().getByRole("heading", { name: "登录" }).waitFor();
  await desk().getByLabel("账号").fill(stage.owner.login);
  await desk().getByLabel("密码").fill(stage.owner.password);
  await desk().getByRole("button", { name: "登录", exact: true }).click();
  await desk().getByText("已恢复您上次没有保存的更改。").waitFor();
  await expect.poll(fields).toContain("邮箱");
  await enter("保存草稿");
  await desk().getByText("有未发布的更改").waitFor();
});

test("fields are dragged from the palette and in the outline, and it fits a phone in the dark", async () => {
  picturesOfFailure();
  await desk().goto(`/growth/forms/${formId}`);
  const first = outline().locator("li.field").first();
  await first.waitFor();
  await dragTo(desk().getByRole("button", { name: "添加日期", exact: true }), first);
  await expect.poll(async () => (await fields())[0]).toBe("日期");
  await dragTo(outline().locator("li.field").first().locator(".grip"), outline().locator("li.field").nth(2));
  await expect.poll(async () => (await fields()).indexOf("日期")).toBeGreaterThan(0);
  await album.take(desk(), "dragged");
  await enter("保存草稿");
  await desk().getByText("有未发布的更改").waitFor();
  await desk().setViewportSize({ width: 390, height: 844 });
  await desk().emulateMedia({ colorScheme: "dark" });
  for (const view of ["字段", "属性", "预览", "JSON"]) {
    await desk().getByRole("button", { name: view, exact: true }).click();
    const width = await desk().evaluate(
      "document.querySelector('#content').scrollWidth - document.querySelector('#content').clientWidth",
    );
    expect(width, view).toBe(0);
    await album.take(desk(), `phone-${view}`);
  }
  await desk().setViewportSize({ width: 1440, height: 900 });
  await desk().emulateMedia({ colorScheme: "light" });
});

async function dragTo(from: ReturnType<typeof outline>, to: ReturnType<typeof outline>): Promise<void> {
  const [start, end] = [(await from.boundingBox())!, (await to.boundingBox())!];
  await desk().mouse.move(start.x + start.width / 2, start.y + start.height / 2);
  await desk().mouse.down();
  await desk().mouse.move(end.x + end.width / 2, end.y + 4, { steps: 8 });
  await desk().mouse.up();
}

async function signInOnPhone({ page }: Window, { login, password }: Login): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("账号").fill(login);
  await page.getByLabel("密码").fill(password);
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("button", { name: "主菜单" }).waitFor();
}

async function query(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  await client.query(text);
  await client.end();
}
