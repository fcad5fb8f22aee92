import pg from "pg";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/* What somebody makes of a list is kept under a name, comes back as it was, and is found from anywhere. */
let stage: Stage;
let album: Album;
let office: Window;

beforeAll(async () => {
  album = await Album.open("views");
  stage = await setStage(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
     SELECT tenant.id, 'Guest ' || n, now() - n * interval '1 hour', now() - n * interval '1 hour'
     FROM access_tenant tenant, generate_series(1, 1000) n`,
  );
  await client.end();
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  await signIn(office.page, stage.operator);
});
afterAll(() => stage?.close());

const desk = () => office.page;
const button = (name: string) => desk().getByRole("button", { name, exact: true });
const query = () => Object.fromEntries(new URL(desk().url()).searchParams);
const shows = (name: string) => button(`视图：${name}`).waitFor();

test("a view is saved, changed, undone, shared, opened first, and found by its name", async () => {
  onTestFailed(async () =>
    console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
  );
  await desk().goto("/people");
  await shows("全部");
  await desk().getByRole("button", { name: "最近活跃", exact: true }).first().click();
  await button("最近 7 天").click();
  await desk().keyboard.press("Escape");
  await button("显示的列").click();
  await desk().getByRole("checkbox", { name: "标签" }).click();
  await desk().keyboard.press("Escape");
  await button("保存为视图").click();
  const dialog = desk().getByRole("dialog", { name: "保存为视图" });
  await dialog.getByLabel("名称").fill("本周活跃");
  await album.take(desk(), "save");
  await desk().keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await shows("本周活跃");
  expect(query()).toMatchObject({ lastSeenAt: "7d" });
  expect(query()["view"]).toBeDefined();

  // Changed it says so, and undone it is as it was.
  await desk().keyboard.press("/");
  await desk().keyboard.type("guest 7");
  await desk().getByText("已改动").waitFor();
  await album.take(desk(), "changed");
  await button("还原").click();
  await desk().getByText("已改动").waitFor({ state: "hidden" });
  await expect.poll(query).not.toHaveProperty("search");

  // The same name again is refused at its field.
  await button("视图：本周活跃").click();
  await button("另存为视图").click();
  await dialog.getByLabel("名称").fill("本周活跃");
  await desk().keyboard.press("Enter");
  await dialog.getByText("已经有名为“本周活跃”的视图").waitFor();
  await album.take(desk(), "name-taken");
  await dialog.getByLabel("名称").fill("");
  await desk().keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });

  // By keyboard: the menu, and what is in it.
  await button("视图：本周活跃").focus();
  await desk().keyboard.press("Enter");
  await button("设为默认打开").focus();
  await album.take(desk(), "menu");
  await desk().keyboard.press("Enter");
  await desk().getByText("已保存").first().waitFor();
  await button("视图：本周活跃").click();
  await button("共享给所有人").click();

  // From the menu the list opens with it, columns too; without it when that is asked for.
  await desk().goto("/deliveries");
  await desk().getByRole("navigation").getByRole("link", { name: "客户", exact: true }).click();
  await shows("本周活跃");
  expect(await desk().getByRole("columnheader").allInnerTexts()).not.toContain("标签");
  await button("视图：本周活跃").click();
  await button("全部").click();
  await shows("全部");
  expect(query()).toEqual({ view: "all" });
  await desk().reload();
  await shows("全部");
  await desk().locator("tbody tr").first().waitFor();
  expect(query()).toEqual({ view: "all" });

  // And from anywhere.
  await desk().goto("/links");
  await desk().getByRole("heading", { level: 1 }).waitFor();
  await desk().keyboard.press("Control+k");
  await desk().getByRole("combobox").waitFor();
  await desk().keyboard.type("本周");
  await desk().getByText("本周活跃").waitFor();
  await album.take(desk(), "palette");
  await desk().keyboard.press("Enter");
  await shows("本周活跃");
  await expect.poll(query).toMatchObject({ lastSeenAt: "7d" });

  await desk().setViewportSize({ width: 390, height: 844 });
  await album.take(desk(), "phone");
  expect(
    await desk()
      .locator("html")
      .evaluate((page) => page.scrollWidth),
  ).toBeLessThanOrEqual(390);
  await desk().setViewportSize({ width: 1280, height: 800 });
  await button("视图：本周活跃").click();
  await button("删除视图").click();
  await desk().getByRole("dialog").getByRole("button", { name: "删除视图" }).click();
  await shows("全部");
  expect(office.complaints.filter((complaint) => !complaint.includes("409"))).toEqual([]);
});
