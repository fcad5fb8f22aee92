import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { files } from "@zhanggui/emulator/testing/scenarios/stage";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/*
 * The emulator against older clients, unmodified: `co-wechat` answers pushes in a Koa app, `wechat-api` calls with
 * callbacks. Both bring no types.
 */
const require = createRequire(import.meta.url);
type Message = Readonly<Record<string, unknown>>;
type Middleware = (ctx: object, next: () => Promise<void>) => Promise<void>;
type CoWechat = (config: object | string) => {
  middleware(handle: (message: Message) => Promise<unknown>): Middleware;
};
type Callback = (error: (Error & { code?: number }) | null, answer: Record<string, never>) => void;
type WechatApi = Record<string, (...given: unknown[]) => unknown> & { endpoint: string; mpPrefix: string };
const coWechat = require("co-wechat") as CoWechat;
const WechatApi = require("wechat-api") as new (appid: string, secret: string) => WechatApi;

const appid = "wx0123456789abcdef";
const token = "lantern";
const encodingAESKey = "lanternTEAlanternTEAlanternTEAlanternTEA123";
const puppet = "tea-lover";
let emulator: Emulator;
let app: Server | undefined;

beforeEach(async () => {
  emulator = await startEmulator({ seed: 11 });
  await emulator.world.seed({
    accounts: [{ appid, secret: "lantern-secret", originalId: "gh_lantern" }],
    puppets: [
      { id: puppet, follows: [appid] },
      { id: "passer-by", follows: [appid] },
    ],
  });
});
afterEach(async () => {
  await emulator.stop();
  app?.closeAllConnections();
  await new Promise((resolve) => (app === undefined ? resolve(undefined) : app.close(resolve)));
  app = undefined;
});

describe("co-wechat", () => {
  const heard: Message[] = [];

  /** As much of Koa as the middleware asks for. */
  async function startApp(config: object | string, answer: (message: Message) => unknown): Promise<string> {
    heard.length = 0;
    const middleware = coWechat(config).middleware((message) => {
      heard.push(message);
      return Promise.resolve(answer(message));
    });
    app = createServer((req, res) => {
      const query = Object.fromEntries(new URL(req.url ?? "/", "http://app").searchParams);
      const ctx = { req, method: req.method, query, request: {}, status: 200, body: "" as unknown, type: "text/plain" };
      const done = (): void => {
        res.statusCode = ctx.status;
        res.setHeader("content-type", ctx.type);
        res.end(String(ctx.body));
      };
      middleware(ctx, () => Promise.resolve()).then(done, (error: unknown) => {
        ctx.status = 500;
        ctx.body = error;
        done();
      });
    });
    await new Promise<void>((resolve) => app?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(app.address() as AddressInfo).port}/wechat`;
  }

  test.each(["plain", "compatible", "safe"] as const)("%s mode: checked, heard and answered", async (mode) => {
    const config = mode === "plain" ? token : { token, appid, encodingAESKey };
    const url = await startApp(config, ({ MsgType, Content }) =>
      MsgType === "text" ? `收到：${String(Content)}` : "",
    );
    const push = { url, token, mode, ...(mode === "plain" ? {} : { encodingAesKey: encodingAESKey }) };
    await emulator.world.configurePush(appid, push);
    const said = await emulator.world.say(puppet, { text: "有什么茶？" });
    expect(said).toMatchObject({ outcome: "answered", reply: { kind: "text", text: "收到：有什么茶？" } });
    await emulator.world.sendImage(puppet, { base64: files.png().toString("base64") });
    await emulator.world.unfollow(puppet);
    await emulator.world.settle();
    const { openid } = emulator.world.chat(puppet, appid);
    expect(heard.map(({ FromUserName, MsgType, Event }) => [FromUserName, MsgType, Event])).toEqual([
      [openid, "text", undefined],
      [openid, "image", undefined],
      [openid, "event", "unsubscribe"],
    ]);
  });

  test("another token is refused", async () => {
    const url = await startApp("another", () => "");
    const configuring = emulator.world.configurePush(appid, { url, token, mode: "plain" });
    await expect(configuring).rejects.toMatchObject({ code: "push_check_failed" });
    expect(heard).toEqual([]);
  });
});

describe("wechat-api", () => {
  let folder: string;
  let api: WechatApi;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "zg-wechat-api-"));
    api = new WechatApi(appid, "lantern-secret");
    api.endpoint = emulator.url;
    api.mpPrefix = `${emulator.url}/cgi-bin/`;
  });
  afterEach(() => rm(folder, { recursive: true }));

  const call = (name: string, ...given: unknown[]): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const callback: Callback = (error, answer) =>
        error === null || error === undefined ? resolve(answer) : reject(error);
      (api[name] as (...all: unknown[]) => unknown).call(api, ...given, callback);
    });

  test("tags, and who has them", async () => {
    const { openid } = emulator.world.chat(puppet, appid);
    const { tag } = (await call("createTag", "常客")) as { tag: { id: number } };
    await call("membersBatchtagging", tag.id, [openid]);
    expect(await call("getUserTags", openid)).toMatchObject({ tagid_list: [tag.id] });
    expect(await call("getTagUsers", tag.id, "")).toMatchObject({ count: 1, data: { openid: [openid] } });
    await call("editTag", tag.id, "贵客");
    expect(await call("getTags")).toMatchObject({
      tags: expect.arrayContaining([{ id: tag.id, name: "贵客", count: 1 }]),
    });
    await call("deleteTag", tag.id);
    await expect(call("deleteTag", tag.id)).rejects.toMatchObject({ code: 45159 });
  });

  test("menus, codes with their picture, tickets and the signature of a page", async () => {
    const button = [{ type: "click", name: "今日", key: "TODAY" }];
    await call("createMenu", { button });
    expect(await call("getMenu")).toMatchObject({ menu: { button } });
    expect(await call("getMenuConfig")).toMatchObject({ is_menu_open: 1 });
    const { ticket } = (await call("createLimitQRCode", "大门")) as { ticket: string };
    const picture = await fetch((api["showQRCodeURL"] as (ticket: string) => string).call(api, ticket));
    expect(picture.headers.get("content-type")).toBe("image/jpg");
    const config = await call("getJsConfig", { url: "https://lantern-tea.example/", jsApiList: [] });
    expect(config).toMatchObject({ appId: appid, signature: expect.stringMatching(/^[0-9a-f]{40}$/) });
    await call("removeMenu");
    await expect(call("getMenu")).rejects.toMatchObject({ code: 46003 });
  });

  test("media, material, and mass sending by openids", async () => {
    const file = join(folder, "tea.png");
    await writeFile(file, files.png());
    const { media_id: temporary } = (await call("uploadMedia", file, "image")) as { media_id: string };
    const { media_id: lasting } = (await call("uploadMaterial", file, "image")) as { media_id: string };
    expect(temporary).not.toBe(lasting);
    expect(await call("getMaterials", "image", 0, 20)).toMatchObject({ total_count: 1, item: [{ media_id: lasting }] });
    const openids = [puppet, "passer-by"].map((id) => emulator.world.chat(id, appid).openid);
    const { msg_id: msgId } = await call("massSendText", "新茶到店", openids);
    await emulator.world.settle();
    expect(emulator.world.chat(puppet, appid).chat.at(-1)?.content).toMatchObject({ kind: "text", text: "新茶到店" });
    expect(await call("getMassMessageStatus", msgId)).toMatchObject({ msg_status: "SEND_SUCCESS" });
    await call("removeMaterial", lasting);
    expect(await call("getMaterialCount")).toMatchObject({ image_count: 0 });
  });

  test("a refusal is an error with WeChat's code", async () => {
    await expect(call("getUser", "oNobody")).rejects.toMatchObject({ code: 40003 });
  });
});
