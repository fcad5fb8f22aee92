import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { inRoot } from "../../tools/zg/paths.ts";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { setStage, type Stage } from "./setup/stage.ts";
import { openWindow } from "./setup/window.ts";

/*
 * The console with its scripts and styles from another origin, as from a bucket behind a CDN; and what somebody finds who
 * has a trace id: the log's lines and the trace that they lead to.
 */
const asked: string[] = [];
const types: Readonly<Record<string, string>> = { js: "text/javascript", css: "text/css" };
/** A copy of `assets/`, below a path of its own, open to pages of other origins. */
const bucket = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://bucket");
  asked.push(pathname);
  const file = inRoot("apps/console/dist", pathname.replace("/zhanggui/", ""));
  if (!pathname.startsWith("/zhanggui/assets/") || !existsSync(file)) return void response.writeHead(404).end();
  const type = types[pathname.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*" });
  createReadStream(file).pipe(response);
});
let stage: Stage;
beforeAll(async () => {
  await new Promise<void>((done) => bucket.listen(0, "127.0.0.1", done));
  const { port } = bucket.address() as AddressInfo;
  stage = await setStage(inject("clusterUrl"), { ASSETS_URL: `http://127.0.0.1:${port}/zhanggui` });
});
afterAll(async () => {
  await stage?.close();
  bucket.closeAllConnections();
  bucket.close();
});

test(
  "every part of the console comes from there, also what is loaded later, and nothing complains",
  async () => {
    const { page, complaints, close } = await openWindow(stage.browser, { baseURL: stage.url });
    const own: string[] = [];
    page.on("request", (request) => {
      const { origin, pathname } = new URL(request.url());
      if (origin === stage.url && pathname.startsWith("/assets/")) own.push(pathname);
    });
    await signIn(page, stage.owner);
    for (const path of ["/people", "/growth/links", "/insight/events"]) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
    }
    expect(own).toEqual([]);
    expect(asked.filter((path) => path.endsWith(".js")).length).toBeGreaterThan(5);
    expect(asked.some((path) => path.endsWith(".css"))).toBe(true);
    expect(complaints).toEqual([]);
    await close();
  },
  patient(240_000),
);

test(
  "a trace id leads to the log's lines of it, in both languages, light and dark, on a phone too",
  async () => {
    const album = await Album.open("logs");
    const { page, complaints, close } = await openWindow(stage.browser, { baseURL: stage.url });
    await signIn(page, stage.owner);
    await page.goto("/people");
    await page.getByRole("heading", { level: 1 }).waitFor();
    // On a busy machine the newest line may tell of a request that the page broke off.
    const answered = async () =>
      (await stage.api.logs.list({ module: ["audience"] })).items.find((found) => found.message === "request");
    await expect.poll(answered).toBeTruthy();
    const line = await answered();
    await page.goto(`/insight/logs?traceId=${line!.traceId}`);
    await page.getByText("/api/people").first().waitFor();
    await page.screenshot({ path: `${album.folder}/lines.png` });
    await page.getByRole("row").getByText("请求", { exact: true }).first().click();
    await page.getByRole("dialog").getByText(line!.traceId).waitFor();
    await page.screenshot({ path: `${album.folder}/line.png` });
    await page.getByRole("link", { name: "这次请求的全链路" }).click();
    await page.getByRole("heading", { level: 1, name: "全链路" }).waitFor();
    await page.getByText("/api/people").first().waitFor();
    await page.screenshot({ path: `${album.folder}/trace.png` });
    await page.goto("/insight/logs");
    await page.getByText("/api/people").first().waitFor();
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: `${album.folder}/dark.png` });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.reload();
    await page.getByText("/api/people").first().waitFor();
    await page.screenshot({ path: `${album.folder}/phone.png`, animations: "disabled" });
    expect(complaints).toEqual([]);
    await close();
    const english = await openWindow(stage.browser, { baseURL: stage.url, locale: "en-US" });
    await english.page.goto("/login");
    await english.page.locator("input").first().fill(stage.owner.login);
    await english.page.locator("input[type=password]").fill(stage.owner.password);
    await english.page.keyboard.press("Enter");
    await english.page.getByRole("navigation").waitFor();
    await english.page.goto("/insight/logs");
    await english.page.getByRole("heading", { level: 1, name: "Log", exact: true }).waitFor();
    await english.page.getByText("/api/people").first().waitFor();
    await english.page.screenshot({ path: `${album.folder}/english.png` });
    expect(english.complaints).toEqual([]);
    await english.close();
  },
  patient(240_000),
);
