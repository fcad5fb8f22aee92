import { readFile } from "node:fs/promises";
import pg from "pg";
import { unzip } from "@zhanggui/kit/testing/unzip";
import type { Download } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A list as a file: at once where it is short; in the background where it is long, fetched from the download centre, and
 * given again on the same day. And a file that somebody uploads.
 */
const count = 3_000;

let stage: Stage;
let album: Album;
let office: Window;
beforeAll(async () => {
  album = await Album.open("exports");
  stage = await setStage(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
     SELECT id, '茶友 ' || n, now(), now() FROM access_tenant, generate_series(1, $1::int) n`,
    [count],
  );
  await client.end();
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  // A dialog of the system can't be answered from here: the browser saves by itself, as those without it do.
  await office.page.addInitScript(
    () => void delete (globalThis as { showSaveFilePicker?: unknown }).showSaveFilePicker,
  );
  await signIn(office.page, stage.operator);
});
afterAll(() => stage?.close());

const desk = () => office.page;
const dialog = () => desk().getByRole("dialog");
async function openDialog(): Promise<void> {
  await desk().getByRole("button", { name: "导出", exact: true }).click();
  await dialog().getByRole("heading").waitFor();
}
const press = (name: string) => dialog().getByRole("button", { name, exact: true }).click();
async function fetched(press: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const coming: Promise<Download> = desk().waitForEvent("download", { timeout: patient(60_000) });
  await press();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}
const rowsIn = ({ bytes }: { bytes: Buffer }): number =>
  (unzip(bytes).get("xl/worksheets/sheet1.xml") ?? "").match(/<row /g)?.length ?? 0;

test(
  "a short list is saved at once, a long one is made, fetched and given again; a file is uploaded",
  async () => {
    onTestFailed(async () =>
      console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
    );
    await desk().goto("/people?search=29");
    await desk().getByText("茶友 2929").waitFor();
    await openDialog();
    await dialog().getByText("马上下载").waitFor();
    await dialog().getByRole("radio", { name: "CSV（GBK" }).check();
    await dialog().getByRole("button", { name: "全不选" }).click();
    await dialog().getByRole("checkbox", { name: "客户" }).check();
    await album.take(desk(), "dialog");
    const short = await fetched(() => press("导出"));
    expect(short.name).toBe("客户.csv");
    expect(new TextDecoder("gbk").decode(short.bytes)).toMatch(/^客户\r\n茶友 29\d\d\r\n/);

    await desk().goto("/people");
    await desk().getByText("茶友 3000").waitFor();
    await openDialog();
    await dialog().getByText("在后台生成").waitFor();
    await press("导出");
    await desk().getByText("已开始导出").waitFor();
    await desk().goto("/downloads");
    const made = desk().getByRole("button", { name: "下载", exact: true });
    // Long on a machine with other load.
    const long = await fetched(() => made.click({ timeout: patient(60_000) }));
    expect(long.name).toMatch(/^客户 \d{4}-\d\d-\d\d\.xlsx$/);
    expect(rowsIn(long)).toBe(count + 1);
    await album.take(desk(), "downloads");

    await desk().goto("/people");
    await desk().getByText("茶友 3000").waitFor();
    await openDialog();
    await press("导出");
    await dialog().getByText("今天已导出过同样的内容").waitFor();
    await album.take(desk(), "known");
    expect(rowsIn(await fetched(() => press("下载")))).toBe(count + 1);

    await desk().goto("/files");
    await desk()
      .locator('input[type="file"]')
      .setInputFiles({
        name: "价目.csv",
        mimeType: "text/csv",
        buffer: Buffer.from("茶,价\n龙井,88\n"),
      });
    await desk().getByText("已上传 1 个文件").waitFor();
    await desk().getByRole("cell", { name: "价目.csv", exact: true }).waitFor();
    await album.take(desk(), "files");
    expect(office.complaints).toEqual([]);

    // One that is refused is named, and keeps none of the others out.
    await desk()
      .locator('input[type="file"]')
      .setInputFiles([
        { name: "坏.png", mimeType: "image/png", buffer: Buffer.from("<svg></svg>") },
        { name: "茶单.txt", mimeType: "text/plain", buffer: Buffer.from("红茶") },
      ]);
    await desk().getByText("“坏.png”没有上传").waitFor();
    await desk().getByRole("cell", { name: "茶单.txt", exact: true }).waitFor();
  },
  patient(240_000),
);
