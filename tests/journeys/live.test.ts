import pg from "pg";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/* A list that is read follows what happens: rows change where they are, new ones wait until they are asked for. */
let stage: Stage;
let album: Album;
let office: Window;
let database: pg.Client;

beforeAll(async () => {
  album = await Album.open("live");
  stage = await setStage(inject("clusterUrl"));
  database = new pg.Client({ connectionString: stage.databaseUrl });
  await database.connect();
  await guest("Guest 1");
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  await signIn(office.page, stage.operator);
});
afterAll(async () => {
  await database?.end();
  await stage?.close();
});

const desk = () => office.page;
const names = async (): Promise<string[]> => {
  const links = await desk().getByRole("row").getByRole("link").allInnerTexts();
  return links.map((text) => text.split("\n").at(-1) ?? "");
};
/** Somebody comes whom no process of the server knows of. */
async function guest(name: string): Promise<string> {
  const { rows } = await database.query<{ id: string }>(
    `INSERT INTO audience_person (tenant_id, display_name, first_seen_at, last_seen_at)
     SELECT id, $1, now(), now() FROM access_tenant RETURNING id`,
    [name],
  );
  return rows[0]?.id ?? "";
}
/** Somebody else, elsewhere, tags a person. */
async function tag(personId: string, name: string): Promise<void> {
  const call = async (path: string, body: object, token?: string): Promise<unknown> => {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${stage.url}/api${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.json();
  };
  const { accessToken } = (await call("/sessions", stage.operator)) as { accessToken: string };
  await call(`/people/${personId}/tags`, { name }, accessToken);
}

test("rows change where they are; those that have come wait for the reader; a page that is away asks for nothing", async () => {
  onTestFailed(async () =>
    console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
  );
  const listening = desk().waitForRequest((request) => request.headers()["accept"] === "text/event-stream");
  await desk().goto("/people");
  await desk().getByRole("link", { name: "Guest 1" }).waitFor();
  await listening;
  const { rows } = await database.query<{ id: string }>("SELECT id FROM audience_person");
  const known = rows[0]?.id ?? "";

  const newest = await guest("Guest 2");
  await tag(known, "熟客");
  await desk()
    .getByRole("row", { name: /Guest 1/ })
    .getByText("熟客")
    .waitFor();
  const pill = desk().getByRole("button", { name: "有 1 条更新" });
  await pill.waitFor();
  expect(await names()).toEqual(["Guest 1"]);
  await album.take(desk(), "something-new");
  await pill.click();
  await desk().getByRole("link", { name: "Guest 2" }).waitFor();
  expect(await names()).toEqual(["Guest 2", "Guest 1"]);
  await pill.waitFor({ state: "hidden" });

  // In the background nothing is asked; seen again, the list is as it is by then.
  const asked: string[] = [];
  desk().on("request", (request) => {
    const { pathname } = new URL(request.url());
    // Parts of the console that load once nothing else is under way come late on a busy machine.
    if (pathname.startsWith("/api/")) asked.push(pathname);
  });
  const see = (state: "hidden" | "visible") =>
    desk().evaluate((now) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => now });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await see("hidden");
  await tag(newest, "新客");
  expect(asked).toEqual([]);
  await see("visible");
  await desk()
    .getByRole("row", { name: /Guest 2/ })
    .getByText("新客")
    .waitFor();
  expect(office.complaints).toEqual([]);
});

test("what changes before the stream listens is shown once it does; where nothing changed nothing is asked again", async () => {
  onTestFailed(async () =>
    console.error(await album.take(desk(), "failed"), ...office.complaints, stage.serverOutput()),
  );
  const { rows } = await database.query<{ id: string }>(
    "SELECT id FROM audience_person WHERE display_name = 'Guest 1'",
  );
  let asked = 0;
  let opened = Promise.withResolvers<void>();
  let begins = Promise.withResolvers<void>();
  await desk().route(/\/api\/people(\?|$)/, async (route) => {
    if (route.request().headers()["accept"] === "text/event-stream") {
      opened.resolve();
      await begins.promise;
    } else asked += 1;
    await route.continue();
  });
  const visit = async (): Promise<void> => {
    await desk().goto("about:blank");
    [opened, begins, asked] = [Promise.withResolvers(), Promise.withResolvers(), 0];
    await desk().goto("/people");
    await desk().getByRole("link", { name: "Guest 1" }).waitFor();
    await opened.promise;
  };
  const row = desk().getByRole("row", { name: /Guest 1/ });
  await visit();
  await tag(rows[0]?.id ?? "", "晚到");
  expect(await row.getByText("晚到").count()).toBe(0);
  const stands = (): Promise<unknown> =>
    desk().waitForResponse((answer) => answer.request().headers()["accept"] === "text/event-stream");
  begins.resolve();
  await row.getByText("晚到").waitFor();
  expect(asked).toBe(2);

  await visit();
  const standing = stands();
  begins.resolve();
  await standing;
  // The next change is the first that asks.
  await tag(rows[0]?.id ?? "", "再来");
  await row.getByText("再来").waitFor();
  expect([asked, office.complaints]).toEqual([2, []]);
});
