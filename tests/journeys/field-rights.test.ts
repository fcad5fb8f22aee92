import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, expect, inject, onTestFailed, test, vi } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A field for some only: somebody who answers customers sees neither their phone numbers nor where to write one, and
 * what is sent past the form is refused by the server.
 */
let stage: Stage;
let album: Album;
let office: Window;
let personId: string;
const phone = "13800004321";

beforeAll(async () => {
  album = await Album.open("field-rights");
  stage = await setStage(inject("clusterUrl"));
  await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  await stage.emulator.world.follow(stage.emulator.world.createPuppet().id);
  const [person] = await vi.waitUntil(
    async () => {
      const { items } = await stage.api.audience.listPeople({});
      return items.length > 0 && items;
    },
    { timeout: patient(60_000) },
  );
  personId = person!.id;
  await stage.api.audience.updatePerson({ personId, displayName: "小满", phone });
  const { id } = await stage.api.access.createRole({
    name: "客服",
    permissions: ["audience:read", "audience:write"],
  });
  const helper = { login: "lan@lantern-tea.example", password: "a cup of oolong", name: "阿岚" };
  await stage.api.access.createAccount({ ...helper, displayName: helper.name, roleIds: [id] });
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  await signIn(office.page, helper);
});
afterAll(() => stage?.close());

test("whoever may not see a phone number finds no column and no field for it, and can't send one", async () => {
  const { page } = office;
  onTestFailed(async () => console.error(await album.take(page, "failed"), ...office.complaints, stage.serverOutput()));
  await page.goto("/people");
  await page.getByRole("row", { name: /小满/ }).waitFor();
  await page.getByRole("button", { name: "显示的列" }).click();
  await page.getByText("来源渠道").last().waitFor();
  expect(await page.getByText("手机号", { exact: true }).count()).toBe(0);
  await page.goto(`/people/${personId}`);
  await page.getByRole("heading", { name: "小满" }).waitFor();
  expect(await page.getByText(phone).count()).toBe(0);
  await page.getByRole("button", { name: "编辑" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("姓名").fill("小满姑娘");
  expect(await form.getByLabel("添加手机号").count()).toBe(0);
  await album.take(page, "no-field-for-it");
  // Somebody changes what their browser sends.
  await page.route("**/api/people/*", async (route) => {
    const sent = route.request().postDataJSON() as object;
    await route.continue({ postData: JSON.stringify({ ...sent, phone: "13900000000" }) });
  });
  await form.getByRole("button", { name: "保存" }).click();
  await form.getByText("提交了不属于您的内容").waitFor();
  await album.take(page, "refused");
  expect(await stage.api.audience.getPerson({ personId })).toMatchObject({ displayName: "小满", phone });
  await page.unroute("**/api/people/*");
  await form.getByRole("button", { name: "保存" }).click();
  await form.waitFor({ state: "hidden" });
  expect(await stage.api.audience.getPerson({ personId })).toMatchObject({ displayName: "小满姑娘", phone });
});
