import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "../emulator.ts";
import { startDeveloper } from "../testing/developer.ts";

let folder: string;
let stateFile: string;
let sentences: string[];
const running: Emulator[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhanggui-emulator-"));
  stateFile = join(folder, "state", "emulator.json");
  sentences = [];
});

afterEach(async () => {
  for (const emulator of running.splice(0)) await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Waits for the disk, however busy the machine. */
function eventually<Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look);
}

async function savedWorld(): Promise<unknown> {
  return JSON.parse(await readFile(stateFile, "utf8"));
}

async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ stateFile, warn: (sentence) => sentences.push(sentence), ...options });
  running.push(emulator);
  return emulator;
}

async function stop(emulator: Emulator): Promise<void> {
  running.splice(running.indexOf(emulator), 1);
  await emulator.stop();
}

async function get(emulator: Emulator, path: string): Promise<unknown> {
  const response = await fetch(`${emulator.url}/emulator${path}`);
  expect(response.status).toBe(200);
  return response.headers.get("content-type")?.startsWith("application/json") === true
    ? response.json()
    : Buffer.from(await response.arrayBuffer()).toString("base64");
}

async function token(emulator: Emulator, appid: string): Promise<string> {
  const { secret } = emulator.world.account(appid);
  const body = JSON.stringify({ grant_type: "client_credential", appid, secret });
  const response = await fetch(`${emulator.url}/cgi-bin/stable_token`, { method: "POST", body });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function call(emulator: Emulator, path: string, accessToken: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const separator = path.includes("?") ? "&" : "?";
  return (await fetch(`${emulator.url}/cgi-bin${path}${separator}access_token=${accessToken}`, init)).json();
}

/** An account, pushes, a picture, codes, a menu, a template message, a mail, a fault still to come. */
async function fill(emulator: Emulator, pushUrl: string): Promise<string> {
  const { world } = emulator;
  await world.seed({
    accounts: [
      {
        appid: "wxlantern",
        name: "灯笼茶",
        openPlatform: "tea",
        push: { url: pushUrl, token: "lantern" },
        templates: [{ templateId: "ready", title: "取茶", content: "{{order.DATA}}" }],
      },
      { appid: "wxsecond", dailyLimits: { "/cgi-bin/menu/get": 3 } },
    ],
    puppets: [{ id: "tea", follows: ["wxsecond"] }, { id: "quiet" }],
  });
  const accessToken = await token(emulator, "wxlantern");
  await call(emulator, "/menu/create", accessToken, { button: [{ type: "click", name: "茶单", key: "TODAY" }] });
  const scene = { scene: { scene_str: "南门" } };
  await call(emulator, "/qrcode/create", accessToken, { action_name: "QR_LIMIT_STR_SCENE", action_info: scene });
  await world.scan("tea", { code: world.qrCodes()[0]?.ticket ?? "" });
  await world.say("tea", { appid: "wxlantern", text: "春茶到了吗？" });
  await world.sendImage("tea", { appid: "wxlantern" });
  const { openid } = world.chat("tea", "wxlantern");
  const message = { touser: openid, template_id: "ready", data: { order: { value: "A-17" } } };
  await call(emulator, "/message/template/send", accessToken, message);
  await world.settle();
  const mail = { from: "shop@lantern-tea.example", to: "qing@lantern-tea.example", subject: "茶", html: "<b>茶</b>" };
  const transport = createTransport(emulator.smtpUrl);
  await transport.sendMail(mail);
  transport.close();
  world.addFault({ target: "push", what: "text", repeat: 3 });
  world.setClock(90_000);
  return accessToken;
}

const shown = [
  "/accounts",
  "/puppets",
  "/puppets/tea/chat?appid=wxlantern",
  "/puppets/tea/chat?appid=wxsecond",
  "/qrcodes",
  "/mails",
  "/mails/mail-1/html",
  "/journal",
  "/faults",
  "/pictures/picture-1",
];

test("after a restart the control API shows the same world, and tokens and pushes go on", async () => {
  const developer = await startDeveloper();
  try {
    const first = await start();
    const accessToken = await fill(first, developer.url);
    const before = await Promise.all(shown.map((path) => get(first, path)));
    const { smtpUrl: _, smsUrl: __, clock: ___, ...world } = (await get(first, "/world")) as Record<string, unknown>;
    await stop(first);

    const second = await start({ seed: 99 });
    expect(await Promise.all(shown.map((path) => get(second, path)))).toEqual(before);
    expect(await get(second, "/world")).toMatchObject({ ...world, clock: { offsetMs: 90_000 } });
    expect(sentences).toEqual([]);
    const { openid } = second.world.chat("tea", "wxlantern");
    expect(await call(second, `/user/info?openid=${openid}`, accessToken)).toMatchObject({ subscribe: 1 });
    const said = developer.pushes.map(({ body }) => /<MsgId>(\d+)/.exec(body)?.[1]);
    const report = await second.world.say("tea", { appid: "wxlantern", text: "还在吗" });
    // The fault was kept too, and no MsgId comes twice.
    expect(report.copies).toHaveLength(2);
    expect(said).not.toContain(/<MsgId>(\d+)/.exec(report.message)?.[1]);
  } finally {
    await developer.stop();
  }
});

test("a change is on disk soon, whole, for the owner's eyes only", async () => {
  const emulator = await start();
  emulator.world.createPuppet({ id: "tea" });
  await eventually(savedWorld).toMatchObject({ puppets: [{ id: "tea" }] });
  emulator.world.reset();
  await eventually(savedWorld).toMatchObject({ puppets: [] });
  expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
  await stop(emulator);
  expect(await readdir(join(folder, "state"))).toEqual(["emulator.json"]);
});

test.each([
  ["torn", (text: string) => text.slice(0, text.length / 2), "torn or no JSON"],
  ["empty", () => "", "torn or no JSON"],
  ["of something else", () => '{"name":"tea"}', "holds no world"],
  ["older", (text: string) => text.replace('"version":1', '"version":0'), "was written in version 0, not 1"],
  ["damaged", (text: string) => text.replace('"puppets":[]', '"puppets":[{"id":7}]'), "damaged at puppets.0.id"],
])("a file that is %s is moved aside with a sentence", async (_name, spoil, reason) => {
  await stop(await start());
  const spoilt = spoil(await readFile(stateFile, "utf8"));
  await writeFile(stateFile, spoilt);
  const emulator = await start();
  expect(emulator.world.accounts()).toEqual([]);
  expect(sentences).toEqual([expect.stringContaining(reason)]);
  const aside = (await readdir(join(folder, "state"))).find((name) => name.endsWith(".aside")) ?? "";
  expect(await readFile(join(folder, "state", aside), "utf8")).toBe(spoilt);
  expect(sentences[0]).toContain(aside);
});

test("a second emulator on the same file is refused, until the first has stopped", async () => {
  const first = await start();
  first.world.createPuppet({ id: "tea" });
  await expect(start({ stateFile: join(folder, "state", ".", "emulator.json") })).rejects.toThrow(
    `emulator.json belongs to another emulator (process ${process.pid})`,
  );
  await stop(first);
  expect((await start()).world.puppets()).toMatchObject([{ id: "tea" }]);
});

test("of many that start at once, one gets the file", async () => {
  const starts = await Promise.allSettled(Array.from({ length: 8 }, () => start()));
  expect(starts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("a start that fails gives the file back unchanged", async () => {
  const emulator = await start();
  emulator.world.createPuppet({ id: "tea" });
  await stop(emulator);
  const before = await readFile(stateFile, "utf8");
  const other = await startEmulator();
  running.push(other);
  await expect(start({ port: Number(new URL(other.url).port) })).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(await readFile(stateFile, "utf8")).toBe(before);
  expect((await start()).world.puppets()).toHaveLength(1);
});

test("a disk that refuses gets one sentence; the world goes on", async () => {
  const emulator = await start();
  await eventually(() => readdir(join(folder, "state"))).toContain("emulator.json");
  await rm(join(folder, "state"), { recursive: true });
  emulator.world.createPuppet({ id: "tea" });
  await eventually(() => sentences).toEqual([expect.stringContaining("can't be kept in")]);
  emulator.world.createPuppet({ id: "more" });
  await stop(emulator);
  expect(sentences).toHaveLength(1);
});
