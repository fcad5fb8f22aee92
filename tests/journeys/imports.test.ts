import { readFile } from "node:fs/promises";
import type { Download } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A file becomes rows of a list: chosen, its columns told, checked, imported; the row that failed comes back with why.
 */
let stage: Stage;
let album: Album;
let office: Window;
beforeAll(async () => {
  album = await Album.open("imports");
  stage = await setStage(inject("clusterUrl"));
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  await signIn(office.page, stage.operator);
});
afterAll(() => stage?.close());

const desk = () => office.page;
const press = (name: string | RegExp) => desk().getByRole("button", { name }).click();
const csv = "网址,标题,短码,谁写的\nhttps://lantern-tea.example/1,春茶,spring-one,林\nnowhere,夏茶,summer-one,林\n";

test(
  "a file of links is imported from their list, and the bad row is fetched with its reason",
  async () => {
    onTestFailed(async () =>
      console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
    );
    await desk().goto("/growth/links");
    await desk().getByRole("link", { name: "导入", exact: true }).click();
    await desk().getByRole("heading", { name: "导入短链接" }).waitFor();
    await album.take(desk(), "start");
    const buffer = Buffer.from(csv);
    await desk().locator('input[type="file"]').setInputFiles({ name: "短链.csv", mimeType: "text/csv", buffer });
    await desk().getByText("不能跳转").or(desk().getByText("检查全部 2 行")).first().waitFor();
    const mapped = await desk()
      .getByRole("combobox")
      .evaluateAll((all) => all.map((each) => (each as HTMLSelectElement).value));
    expect(mapped).toEqual(["url", "title", "slug", ""]);
    await album.take(desk(), "columns");
    await press("检查全部 2 行");
    await desk()
      .getByText("不能跳转到“nowhere”")
      .waitFor({ timeout: patient(30_000) });
    await album.take(desk(), "checked");
    const coming: Promise<Download> = desk().waitForEvent("download", { timeout: patient(60_000) });
    await press("下载失败的 1 行");
    const errors = await readFile(await (await coming).path(), "utf8");
    expect(errors).toMatch(/^\uFEFF网址,标题,短码,谁写的,原因\r\nnowhere,夏茶,summer-one,林,网址：不能跳转到“nowhere”/);
    await press("导入 1 行");
    await desk().getByText("导入结果").waitFor();
    await press("查看短链接");
    await desk()
      .getByText("/s/spring-one")
      .waitFor({ timeout: patient(30_000) });
    await desk().goto("/imports");
    await desk().getByRole("link", { name: "短链.csv" }).or(desk().getByText("短链.csv")).first().waitFor();
    await desk().setViewportSize({ width: 390, height: 844 });
    await album.take(desk(), "list on a phone");
    expect(office.complaints).toEqual([]);
  },
  patient(240_000),
);
