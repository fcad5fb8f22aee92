import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { openTasting } from "@zhanggui/server/testing/tasting-form";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, onTestFailed, test, vi } from "vitest";
import { messages } from "../../apps/console/src/messages.ts";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { inspect, prepareInspection } from "./setup/inspect.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * Every page of the menu, its form and one of each detail, with something on it, in both languages, light and dark, on a screen
 * and on a phone: nothing complains, nothing is nameless, nothing is cut off, and axe finds nothing. Of the eight sides
 * of a page four are looked at, so that any two of language, light and width meet once: the phone is dark in Chinese,
 * the screen in English.
 */
const sizes = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
] as const;
const keyed = Object.keys(messages.zh);

let stage: Stage;
let album: Album;
let office: Window;
/** Requests to the server that have had no answer yet; not the streams of live lists, which have no end. */
const open = new Set<unknown>();

beforeAll(async () => {
  album = await Album.open("smoke");
  stage = await setStage(inject("clusterUrl"));
  await fill();
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: sizes[0], reducedMotion: "reduce" });
  await prepareInspection(office.page.context());
  office.page.on("request", (request) => {
    const isStream = request.headers()["accept"] === "text/event-stream";
    if (request.url().includes("/api/") && !isStream) open.add(request);
  });
  for (const end of ["requestfinished", "requestfailed"] as const)
    office.page.on(end as "requestfinished", (request) => open.delete(request));
  await signIn(office.page, stage.owner);
});
afterAll(() => stage?.close());

/** Two customers: one scans the poster and writes, the other leaves; and something that went wrong for good. */
async function fill(): Promise<void> {
  const { api, emulator, url, databaseUrl } = stage;
  const { world } = emulator;
  const { appid, channel } = await bindLanternTea({ api }, world, url);
  const [guest, gone] = [world.createPuppet({ name: "小满" }), world.createPuppet({ name: "老周" })];
  await world.scan(guest.id, { code: channel.ticket });
  await world.say(guest.id, { appid, text: "菜单" });
  await world.sendLocation(guest.id, { appid, latitude: 30.2467, longitude: 120.1481, label: "茶园" });
  await world.follow(gone.id, { appid });
  await world.unfollow(gone.id, { appid });
  await world.settle();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const left = `SELECT count(*)::int AS left FROM kit_task WHERE queue <> 'kit.schedules'`;
  for (let pass = 1; pass <= 2; pass += 1) {
    // A receipt of WeChat's is a push of its own, with work of its own.
    const isIdle = async () => (await client.query<{ left: number }>(left)).rows[0]?.left === 0;
    await vi.waitUntil(isIdle, { timeout: patient(60_000), interval: 20 });
    await world.settle();
  }
  await client.query(
    `INSERT INTO kit_dead (queue, tenant_id, ref, trace_id, priority, attempts, last_error, died_at)
     SELECT 'messaging.scenes', tenant_id, id, trace_id, 0, 8, 'Error: the address was refused', now()
     FROM kit_event LIMIT 1`,
  );
  await client.end();
  const [app] = (await api.connect.listApps({})).items;
  const buttons = [{ name: "茶单", kind: "view" as const, url: "https://lantern-tea.example/menu" }];
  await api.connect.saveMenu({ wechatAppId: app!.id, draft: { buttons }, ifMatch: 0 });
  await api.connect.diagnose({ wechatAppId: app!.id });
  const formId = await openTasting(api);
  // Something to publish.
  const { draft, revision } = await api.forms.get({ formId });
  const schema = draft.schema as { properties: object };
  const properties = { ...schema.properties, note: { type: "string", maxLength: 200 } };
  await api.forms.saveDraft({ formId, draft: { ...draft, schema: { ...schema, properties } }, ifMatch: revision });
  await api.links.create({ url: "https://lantern-tea.example/menu", title: "茶单" });
}

/** Every page of the menu, and one detail of each kind. */
async function everyPage(): Promise<string[]> {
  const menu = office.page.getByRole("navigation").getByRole("link");
  // After a phone's width the menu is out of reach until the page has been laid out again.
  await menu.first().waitFor();
  const links = await menu.all();
  const listed = await Promise.all(links.map((link) => link.getAttribute("href")));
  const [person] = (await stage.api.audience.listPeople({ search: "" })).items;
  const [delivery] = (await stage.api.messaging.listDeliveries({})).items;
  const [talk] = (await stage.api.messaging.listConversations({})).items;
  const { traceId } = await stage.api.messaging.getDelivery({ deliveryId: delivery!.id });
  const [app] = (await stage.api.connect.listApps({})).items;
  const [form] = (await stage.api.forms.list({})).items;
  const [answer] = (await stage.api.forms.listAnswers({ formId: form!.id })).items;
  const forms = `/growth/forms/${form!.id}`;
  return [
    ...listed.map((path) => path ?? ""),
    // Of the account's menu, and of the tools beside the business's name.
    "/downloads",
    "/files",
    "/work",
    "/notifications",
    forms,
    ...["versions", "fill", "answers", `answers/${answer!.id}`].map((page) => `${forms}/${page}`),
    `/people/${person!.id}`,
    `/connect/apps/${app!.id}`,
    `/connect/apps/${app!.id}/menu`,
    `/messages/deliveries/${delivery!.id}`,
    `/messages/conversations/${talk!.id}`,
    `/traces/${traceId}`,
  ];
}

/** `people`, and for a page of one of them `people-one`. */
function nameOf(path: string): string {
  const words = path.split("/").filter((part) => part !== "");
  return words.map((part) => (/\d/.test(part) ? "one" : part)).join("-") || "home";
}

/** Goes there, and waits until all of it has come. */
async function visit(path: string): Promise<void> {
  await office.page.setViewportSize(sizes[0]);
  await office.page.goto(path);
  await office.page.getByRole("heading", { level: 1 }).waitFor();
  await office.page.waitForFunction(() => document.querySelector(".skeleton, [aria-busy=true]") === null);
  await expect.poll(() => open.size).toBe(0);
}

/** Opens the form that adds a row, if the page has one. */
async function openForm(): Promise<boolean> {
  const { page } = office;
  await page.setViewportSize(sizes[0]);
  // What chooses a file opens a window of the system's.
  const button = page.locator("#content header .el-button--primary:not(input[type=file] + *)");
  if ((await button.count()) === 0) return false;
  await button.click();
  // What is published is a question, not a form.
  await page.getByRole("dialog").locator("form, footer, .el-message-box__btns").first().waitFor();
  await expect.poll(() => open.size).toBe(0);
  return true;
}

/** Notes for each flaw of what is shown where it was seen. */
async function lookAt(what: string, language: "zh" | "en", found: Map<string, string[]>): Promise<void> {
  const { page } = office;
  for (const size of sizes) {
    const isDark = (language === "zh") === (size === sizes[1]);
    const colorScheme = isDark ? "dark" : "light";
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((dark) => document.documentElement.classList.contains("dark") === dark, isDark);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    // Whoever asks for no movement is shown none: on a page that is still turning dark, colours of in between were measured.
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    const seen = `${what}-${language}-${colorScheme}-${size.width}`;
    for (const flaw of await inspect(page, keyed, isDark)) found.set(flaw, [...(found.get(flaw) ?? []), seen]);
    await album.take(page, seen);
  }
}

test.for(["zh", "en"] as const)("every page is whole in %s", { timeout: patient(240_000) }, async (language) => {
  const { page } = office;
  await page.setViewportSize(sizes[0]);
  onTestFailed(async () => console.error(await album.take(page, "failed"), ...office.complaints));
  const paths = await everyPage();
  expect(paths).toEqual(expect.arrayContaining(["/", "/people", "/messages/scenes", "/accounts", "/settings"]));
  await page.evaluate((chosen) => localStorage.setItem("zhanggui.language", chosen), language);
  /** What is wrong, and where it was seen. */
  const found = new Map<string, string[]>();
  const forms: string[] = [];
  for (const path of paths) {
    await visit(path);
    const kind = nameOf(path);
    await lookAt(kind, language, found);
    if (!(await openForm())) continue;
    forms.push(kind);
    await lookAt(`${kind}-new`, language, found);
  }
  expect(forms).toEqual(expect.arrayContaining(["messages-scenes", "connect-apps", "accounts", "roles"]));
  expect(Object.fromEntries(found)).toEqual({});
  expect(office.complaints).toEqual([]);
});
