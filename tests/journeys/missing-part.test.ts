import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A part of the console that can't be loaded: the server is down, or a newer version has taken its files away. The
 * operator is told, and can reload without losing where they wanted to go.
 */
let stage: Stage;
let album: Album;
/** Windows stay open to the end, for the picture of a failure. */
let office: Window;
let desk: Page;

beforeAll(async () => {
  album = await Album.open("missing-part");
  stage = await setStage(inject("clusterUrl"));
});
afterAll(async () => {
  await stage?.close();
  console.info(`journey missing-part: pictures in ${album.folder}`);
});

beforeEach(async () => {
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  desk = office.page;
  onTestFailed(async () => {
    console.error([await album.take(desk, "failed"), ...office.complaints, stage.serverOutput()].join("\n"));
  });
  await desk.goto("/");
  await desk.getByLabel("账号").fill(stage.operator.login);
  await desk.getByLabel("密码").fill(stage.operator.password);
  await desk.getByRole("button", { name: "登录" }).click();
  await desk.getByRole("heading", { level: 1, name: "今天" }).waitFor();
});

const note = () => desk.getByRole("alert").filter({ hasText: "页面的一部分没有加载成功" });
const link = (name: string) => desk.getByRole("navigation").getByRole("link", { name, exact: true });
const title = (name: string) => desk.getByRole("heading", { level: 1, name });

test("while the server is down a page that isn't there yet says so; the reload leads where the operator wanted to go", async () => {
  const gone = (route: Route) => route.abort("connectionrefused");
  await desk.route("**/*", gone);
  await link("微信应用").click();
  await note().waitFor();
  // What was on the screen is still there.
  expect(await title("今天").isVisible()).toBe(true);
  await album.take(desk, "part-missing");
  await note().getByRole("button", { name: "重新加载" }).click();
  await desk.getByRole("alert").filter({ hasText: "连接不上服务器" }).waitFor();
  await desk.unroute("**/*", gone);
  await desk.getByRole("alert").getByRole("button", { name: "重新加载" }).click();
  await title("微信应用").waitFor();
  expect(new URL(desk.url()).pathname).toBe("/connect/apps");
  expect(await desk.getByRole("alert").count()).toBe(0);
});

test("files of an older version that are gone are told in the same way, and the note can be closed", async () => {
  await desk.route("**/assets/*", (route) => route.fulfill({ status: 404, body: "" }));
  await link("自动回复").click();
  await note().waitFor();
  await note().getByRole("button", { name: "关闭" }).click();
  await note().waitFor({ state: "hidden" });
  await link("设置").click();
  await note().waitFor();
  expect(await title("今天").isVisible()).toBe(true);
});

test("what opens beside a page and isn't there says so each time that it is asked for", async () => {
  await desk.getByRole("button", { name: "通知，没有未读" }).waitFor();
  await desk.route("**/assets/*", (route) => route.abort());
  const close = async () => {
    await note().getByRole("button", { name: "关闭" }).click();
    await note().waitFor({ state: "hidden" });
  };
  const bell = desk.getByRole("button", { name: "通知，没有未读" });
  await bell.click();
  await note().waitFor();
  await close();
  await bell.click();
  await note().waitFor();
  await close();
  await desk.keyboard.press("Control+k");
  await note().waitFor();
  await close();
  await desk.keyboard.press("Control+k");
  await note().waitFor();
  expect(await title("今天").isVisible()).toBe(true);
});

test("a language whose words can't be loaded leaves the page in the other", async () => {
  await desk.route("**/assets/*", (route) => route.abort());
  await desk.getByText(stage.operator.name).last().click();
  await desk
    .getByRole("radio", { name: "English" })
    .check({ force: true })
    .catch(() => undefined);
  await note().waitFor();
  expect(await title("今天").isVisible()).toBe(true);
  expect(await desk.locator("html").getAttribute("lang")).toBe("zh-CN");
});
