import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { inspect, prepareInspection } from "./setup/inspect.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * Every page of WeChat's stand-in with something on it, in both languages, light and dark, on a screen and on a phone:
 * axe finds nothing, nothing is nameless, and nothing is wider than its window.
 */
let stage: Stage;
let album: Album;
let phone: Window;

beforeAll(async () => {
  album = await Album.open("stand-in");
  stage = await setStage(inject("clusterUrl"));
  const { api, emulator, url } = stage;
  const { world } = emulator;
  const { appid, channel } = await bindLanternTea({ api }, world, url);
  const guest = world.createPuppet({ name: "小满" });
  await world.scan(guest.id, { code: channel.ticket });
  await world.say(guest.id, { appid, text: "菜单" });
  await world.sendLocation(guest.id, { appid, latitude: 30.2467, longitude: 120.1481, label: "茶园" });
  await world.settle();
  phone = await openWindow(stage.browser, {
    baseURL: emulator.url,
    viewport: { width: 1280, height: 860 },
    reducedMotion: "reduce",
  });
  await prepareInspection(phone.page.context());
});
afterAll(() => stage?.close());

test.for(["zh", "en"] as const)(
  "every page of the stand-in is whole in %s",
  { timeout: patient(120_000) },
  async (language) => {
    const { page } = phone;
    onTestFailed(async () => console.error(await album.take(page, "failed"), ...phone.complaints));
    await page.goto("/");
    await page.evaluate((wanted) => localStorage.setItem("emulator.language", wanted), language);
    const found = new Map<string, string[]>();
    const { appid } = stage.emulator.world.accounts()[0]!;
    for (const [name, path, go] of [
      ["phone", "/", async () => page.getByText("灯笼茶", { exact: true }).first().waitFor()],
      [
        "chat",
        "/",
        async () =>
          page
            .getByRole("button", { name: /灯笼茶/ })
            .first()
            .click(),
      ],
      ["accounts", "/accounts", async () => page.getByText("灯笼茶").first().waitFor()],
      ["account", `/accounts#${appid}`, async () => page.getByRole("heading", { level: 1, name: "灯笼茶" }).waitFor()],
      ["mail", "/mail", async () => page.getByRole("heading").first().waitFor()],
      ["rules", "/rules", async () => page.getByText("users.blocked").waitFor()],
      ["journal", "/journal", async () => page.getByText("message/template", { exact: false }).first().waitFor()],
    ] as [string, string, () => Promise<void>][]) {
      await page.setViewportSize({ width: 1280, height: 860 });
      await page.goto(path);
      await page.getByRole("navigation").waitFor();
      await go();
      for (const [width, colorScheme] of [
        [1280, "light"],
        [390, "dark"],
      ] as const) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme });
        const seen = `${name}-${language}-${colorScheme}-${width}`;
        for (const flaw of await inspect(page, [], colorScheme === "dark"))
          found.set(flaw, [...(found.get(flaw) ?? []), seen]);
        await album.take(page, seen);
      }
    }
    expect(Object.fromEntries(found)).toEqual({});
    expect(phone.complaints).toEqual([]);
  },
);
