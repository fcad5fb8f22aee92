import pg from "pg";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { messages } from "../../apps/console/src/messages.ts";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { inspect, prepareInspection } from "./setup/inspect.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/* Beside the business's name: what the server goes on with, what somebody is told, and the other business of theirs. */
const people = 2_600;
const keyed = Object.keys(messages.zh);
let stage: Stage;
let album: Album;
let office: Window;
let database: pg.Client;

beforeAll(async () => {
  album = await Album.open("shell");
  stage = await setStage(inject("clusterUrl"));
  database = new pg.Client({ connectionString: stage.databaseUrl });
  await database.connect();
  await database.query(
    `INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
     SELECT t.id, 'Guest ' || n, now(), now() FROM access_tenant t, generate_series(1, $1::int) n`,
    [people],
  );
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  await prepareInspection(office.page.context());
  await signIn(office.page, stage.owner);
});
afterAll(async () => {
  await database?.end();
  await stage?.close();
});
afterEach(() => database.query("DROP TRIGGER IF EXISTS tea_slow ON audience_person_tag"));

const desk = () => office.page;
const drawer = (name: string) => desk().getByRole("dialog", { name });
const noteFailure = () =>
  onTestFailed(async () =>
    console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
  );
/** Each tag takes its time, the more the busier the machine is: somebody can look on. */
async function slowDown(): Promise<void> {
  await database.query(`CREATE OR REPLACE FUNCTION tea_slow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(${patient(10)} / 1000.0); RETURN NEW; END $$`);
  await database.query(
    "CREATE TRIGGER tea_slow BEFORE INSERT ON audience_person_tag FOR EACH ROW EXECUTE FUNCTION tea_slow()",
  );
}
async function tagAll(tag: string): Promise<void> {
  await desk().goto("/people?search=Guest");
  await desk().getByRole("link", { name: "Guest" }).first().waitFor();
  await desk().getByRole("checkbox", { name: "选择已显示的全部" }).click();
  const toolbar = desk().getByRole("toolbar");
  await toolbar.getByRole("button", { name: "选择符合条件的全部" }).click();
  await toolbar.getByRole("button", { name: "打标签" }).click();
  const dialog = desk().getByRole("dialog", { name: "打标签" });
  await dialog.getByLabel("标签").fill(tag);
  await dialog.getByText("服务器会自行处理").waitFor();
  await desk().keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
}

test(
  "what is handed over goes on without its page, is paused, resumed and cancelled from anywhere, and says what it did",
  async () => {
    noteFailure();
    await slowDown();
    await tagAll("老客");
    await desk().getByRole("button", { name: "后台任务：正在进行" }).waitFor();
    await album.take(desk(), "running");
    // A reload, and another device.
    await desk().reload();
    await desk().getByRole("button", { name: "后台任务：正在进行" }).click();
    const run = drawer("后台任务").getByRole("article");
    await run.getByText(/已处理 \d[\d,]* \/ 2,600/).waitFor();
    await album.take(desk(), "drawer");
    expect(await inspect(desk(), keyed, false)).toEqual([]);
    const phone = await openWindow(stage.browser, {
      baseURL: stage.url,
      viewport: { width: 390, height: 844 },
      colorScheme: "dark",
    });
    await prepareInspection(phone.page.context());
    await phone.page.goto("/login");
    await phone.page.getByLabel("账号").fill(stage.owner.login);
    await phone.page.getByLabel("密码").fill(stage.owner.password);
    await phone.page.getByRole("button", { name: "登录" }).click();
    await phone.page.getByRole("button", { name: "后台任务：正在进行" }).click();
    const there = phone.page.getByRole("dialog", { name: "后台任务" }).getByRole("article");
    await there.getByRole("button", { name: "暂停" }).click();
    await there.getByText("已暂停").waitFor();
    await album.take(phone.page, "phone-paused");
    expect(await inspect(phone.page, keyed, false)).toEqual([]);
    await run.getByText("已暂停").waitFor();
    await desk().getByRole("button", { name: "后台任务", exact: true }).waitFor({ state: "attached" });
    await run.getByRole("button", { name: "继续" }).click();
    await there.getByText(/进行中|等待中/).waitFor();
    await run.getByRole("button", { name: "取消" }).click();
    await desk().getByText("取消“打标签”？").waitFor();
    await album.take(desk(), "sure");
    await desk()
      .getByRole("alertdialog")
      .or(desk().getByRole("dialog", { name: "取消“打标签”？" }))
      .getByRole("button", { name: "取消任务" })
      .click();
    await run.getByText("已取消").waitFor();
    await there.getByText("已取消").waitFor();
    await phone.close();
    await run.getByRole("button", { name: "查看详情" }).click();
    await run.getByText("“老客”").waitFor();
    await run.getByRole("link", { name: "查看这些客户" }).click();
    await desk().waitForURL("**/people?search=Guest");
    expect(office.complaints).toEqual([]);
  },
  patient(240_000),
);

test(
  "that it is done is told at once, leads there, and is read; what isn't wanted isn't told",
  async () => {
    noteFailure();
    await tagAll("新客");
    const bell = desk().getByRole("button", { name: "通知，1 条未读" });
    await bell.waitFor({ timeout: patient(60_000) });
    await album.take(desk(), "bell");
    await bell.click();
    const told = drawer("通知").getByRole("button", { name: /未读：\s*“打标签”已完成/ });
    await told.waitFor();
    await album.take(desk(), "notifications");
    expect(await inspect(desk(), keyed, false)).toEqual([]);
    await told.click();
    await desk().waitForURL("**/work?run=*");
    const dialog = drawer("打标签");
    await dialog
      .getByText(/条跳过：已有这个标签|已完成 2,\d+/)
      .first()
      .waitFor();
    await album.take(desk(), "work-page");
    await desk().getByRole("button", { name: "通知，没有未读" }).waitFor({ state: "attached" });
    await desk().goto("/notifications");
    await desk()
      .getByRole("row", { name: /“打标签”已完成/ })
      .waitFor();
    await album.take(desk(), "notifications-page");
    expect(await inspect(desk(), keyed, false)).toEqual([]);
    await desk().getByRole("button", { name: "通知设置" }).click();
    const choice = drawer("通知设置").getByRole("switch", { name: "后台任务完成" });
    await drawer("通知设置").getByText("后台任务完成").waitFor();
    await album.take(desk(), "choices");
    expect(await inspect(desk(), keyed, false)).toEqual([]);
    await drawer("通知设置").getByText("后台任务完成").click();
    await expect.poll(() => choice.isChecked()).toBe(false);
    await tagAll("贵客");
    const count = () => database.query("SELECT FROM work_run WHERE state = 'done'");
    await expect.poll(async () => (await count()).rowCount, { timeout: patient(60_000) }).toBe(2);
    await desk().goto("/people");
    await desk().getByRole("button", { name: "通知，没有未读" }).waitFor();
    expect(office.complaints).toEqual([]);
  },
  patient(240_000),
);

const here = (page: Page, business: string) =>
  page.getByRole("complementary").locator("strong", { hasText: business }).waitFor();
/** A second business, in which the owner's login has an account with this password's hash. */
async function openSecond(): Promise<void> {
  const id = "gen_random_uuid()";
  await database.query(`
    WITH tenant AS (
      INSERT INTO access_tenant (id, name, zone, created_at) VALUES (${id}, '桂花糕铺', 'Asia/Shanghai', now()) RETURNING id
    ), account AS (
      INSERT INTO access_account (tenant_id, id, login, display_name, password_hash, created_at)
      SELECT tenant.id, ${id}, login, '桂花', password_hash, now() FROM tenant, access_account
      WHERE login = '${stage.owner.login}' RETURNING tenant_id, id
    ), role AS (
      INSERT INTO access_role (tenant_id, id, name, built_in, permissions, created_at)
      SELECT id, ${id}, '负责人', 'owner', '{}', now() FROM tenant RETURNING tenant_id, id
    )
    INSERT INTO access_account_role (tenant_id, account_id, role_id)
    SELECT role.tenant_id, account.id, role.id FROM role, account`);
}

test(
  "whoever has shown that another business is theirs goes on there; other tabs say so, and follow",
  async () => {
    noteFailure();
    await openSecond();
    const other = await desk().context().newPage();
    await other.goto("/growth/links");
    await other.getByRole("button", { name: "新建短链接" }).first().click();
    await other.getByLabel("目标地址").fill("https://lantern-tea.example/unsaved");
    await desk().goto("/people");
    await desk().getByText("账号菜单：").locator("..").click();
    await desk().getByRole("button", { name: "其他企业…" }).click();
    const dialog = drawer("其他企业");
    await dialog.getByLabel("在那里使用的密码").fill("wrong horse battery");
    await dialog.getByRole("button", { name: "验证" }).click();
    await dialog.getByText("这个密码打不开您的其他企业").waitFor();
    await album.take(desk(), "prove");
    expect(await inspect(desk(), keyed, false)).toEqual([]);
    await dialog.getByLabel("在那里使用的密码").fill(stage.owner.password);
    await dialog.getByRole("button", { name: "验证" }).click();
    await dialog.waitFor({ state: "hidden" });
    await desk().getByText("账号菜单：").locator("..").click();
    const offered = desk().getByRole("button", { name: "切换到桂花糕铺" });
    await offered.waitFor();
    await album.take(desk(), "account-menu");
    expect(await inspect(desk(), keyed, false)).toEqual([]);
    await offered.click();
    await desk().getByText("开张清单").waitFor();
    await here(desk(), "桂花糕铺");
    await album.take(desk(), "switched");
    // The other tab is still of the first one, and says so.
    const moved = other.getByRole("dialog", { name: "已切换到另一家企业" });
    await moved.getByText("灯笼茶").waitFor();
    await album.take(other, "moved");
    await moved.getByRole("button", { name: "跟随切换" }).click();
    await here(other, "桂花糕铺");
    // Nothing that was typed in one business is there in the other.
    await other.goto("/growth/links");
    await other.getByRole("button", { name: "新建短链接" }).first().click();
    await other.getByLabel("目标地址").waitFor();
    expect(await other.getByLabel("目标地址").inputValue()).toBe("");
    // Back again: it is still there.
    await desk().getByText("账号菜单：").locator("..").click();
    await desk().getByRole("button", { name: "切换到灯笼茶" }).click();
    await here(desk(), "灯笼茶");
    await other.getByRole("dialog", { name: "已切换到另一家企业" }).getByRole("button", { name: "跟随切换" }).click();
    await here(other, "灯笼茶");
    await other.goto("/growth/links");
    await other.getByRole("button", { name: "新建短链接" }).first().click();
    await expect.poll(() => other.getByLabel("目标地址").inputValue()).toBe("https://lantern-tea.example/unsaved");
    await other.close();
    expect(office.complaints).toEqual(["401: POST /api/me/tenants"]);
  },
  patient(240_000),
);

test("a list whose figures have a total tells it in its foot", async () => {
  noteFailure();
  for (const [n, clicks] of [3, 4, 5].entries())
    await database.query(
      `WITH link AS (
         INSERT INTO links_link (tenant_id, slug, url)
         SELECT tenant_id, $1, 'https://lantern-tea.example/' || $1 FROM access_account
         WHERE login = $3 AND display_name <> '桂花' RETURNING tenant_id, id
       ) INSERT INTO links_counter (tenant_id, link_id, clicks) SELECT tenant_id, id, $2 FROM link`,
      [`tea${n}`, clicks, stage.owner.login],
    );
  await desk().goto("/growth/links");
  await desk().getByText("合计").waitFor();
  expect(await desk().locator(".sums").innerText()).toMatch(/点击\s*12/);
  await album.take(desk(), "sums");
});
