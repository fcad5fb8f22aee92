import { readFile, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { contracts } from "@zhanggui/server/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Mock } from "../../tools/mock/answer.ts";
import { sendFile } from "../../tools/mock/files.ts";
import { mockServer } from "../../tools/mock/server.ts";
import { defaultUser, specialsOf } from "../../tools/mock/specials.ts";
import { sides, takeAll } from "../../tools/shots/take.ts";
import { createProgress } from "../../tools/zg/progress.ts";
import { build } from "../../tools/zg/setup.ts";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { closeWindows, openBrowser } from "./setup/browser.ts";
import { openWindow } from "./setup/window.ts";

/*
 * The console on made-up data: no server, no database. `./zg shots` goes over it, and somebody signs in and looks about.
 */
const nowMs = Date.parse("2026-11-29T00:00:00Z");
const server = mockServer({
  contracts,
  mock: new Mock({ contracts, nowMs, ...(await specialsOf(contracts)) }),
  files: sendFile,
});
let url: string;

beforeAll(async () => {
  await build(createProgress(process.stderr));
  url = await new Promise((done) => {
    server.listen(0, "127.0.0.1", () => done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
});
afterAll(async () => {
  await closeWindows();
  server.close();
  server.closeAllConnections();
});

test("any password signs in, a row of the list opens, and nothing complains", async () => {
  const { page, complaints, close } = await openWindow(await openBrowser(), { baseURL: url });
  await page.goto("/login");
  await page.getByLabel("账号").fill(defaultUser);
  await page.getByLabel("密码").fill("anything");
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("navigation").waitFor();
  await page.goto("/people");
  const first = page.locator("tbody tr, [role=row]").nth(1);
  await first.waitFor();
  const name = await first.locator(".person .clip").innerText();
  await first.locator(".person .clip").click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test(
  "a picture of each side of the pages that were asked for, and of their forms, on one sheet",
  async () => {
    const { folder } = await Album.open("shots");
    const tour = { url, login: defaultUser, password: "anything", only: ["/links", "/login"], folder, say: () => {} };
    const shots = await takeAll(await openBrowser(), tour);
    const expected = ["/login", "/growth/links", "/growth/links#new"].flatMap((path) =>
      sides.map(({ side }) => `${path} ${side}`),
    );
    expect(shots.map(({ path, side }) => `${path} ${side}`).toSorted()).toEqual(expected.toSorted());
    const sheet = await readFile(join(folder, "index.html"), "utf8");
    for (const { file } of shots) {
      expect(sheet).toContain(`src="${file}"`);
      expect((await stat(join(folder, file))).size).toBeGreaterThan(5000);
    }
  },
  patient(240_000),
);
