import { describe, expect, test } from "vitest";
import { WechatClient } from "./client.ts";
import {
  createMenu,
  createQrCode,
  deleteMenu,
  getMenu,
  getStableToken,
  sendCustomText,
  sendTemplate,
  showQrCodeUrl,
  userInfo,
} from "./official.ts";
import type { QrCodeOrder } from "./official.ts";
import type { WechatError } from "./transport.ts";

/** Answers every request with `answer` and keeps what was asked. */
function wechat(answer: string | object) {
  const asked: { method: string | undefined; path: string; query: Record<string, string>; body: unknown }[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const url = input as URL;
    const { access_token: _token, ...query } = Object.fromEntries(url.searchParams);
    const body = typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : undefined;
    asked.push({ method: init?.method, path: url.pathname, query, body });
    return Promise.resolve(new Response(typeof answer === "string" ? answer : JSON.stringify(answer)));
  };
  const tokens = { get: () => Promise.resolve("token"), replace: () => Promise.resolve("token") };
  const client = new WechatClient({ apiUrl: "http://wechat.test/", tokens, fetch, wait: () => Promise.resolve() });
  return { client, asked, fetch };
}

const ok = { errcode: 0, errmsg: "ok" };

describe("the stable token", () => {
  const now = () => new Date("2026-01-01T00:00:00Z");

  test("is asked for by POST and expires from before the request", async () => {
    const { fetch, asked } = wechat({ access_token: "T".repeat(512), expires_in: 7200 });
    const secret = "the secret";
    const token = await getStableToken({ apiUrl: "http://wechat.test", appId: "wx1", secret, force: true, fetch, now });
    expect(token).toEqual({ value: "T".repeat(512), expiresAt: new Date("2026-01-01T02:00:00Z") });
    const body = { grant_type: "client_credential", appid: "wx1", secret, force_refresh: true };
    expect(asked).toEqual([{ method: "POST", path: "/cgi-bin/stable_token", query: {}, body }]);
  });

  test("a refusal never tells the secret", async () => {
    const { fetch } = wechat({ errcode: 40125, errmsg: "invalid appsecret s3cret" });
    const asking = getStableToken({
      apiUrl: "http://wechat.test",
      appId: "wx1",
      secret: "s3cret",
      force: false,
      fetch,
      now,
    });
    const error = (await asking.catch((thrown: unknown) => thrown)) as WechatError;
    expect(error).toMatchObject({ errcode: 40125, kind: "permission", errmsg: "invalid appsecret [redacted]" });
  });
});

describe("users", () => {
  test("a follower and a stranger", async () => {
    const follower = {
      subscribe: 1,
      openid: "oGuest",
      language: "zh_CN",
      subscribe_time: 1_382_694_957,
      unionid: "u",
      remark: "",
      tagid_list: [128, 2],
      subscribe_scene: "ADD_SCENE_QR_CODE",
      qr_scene: 98_765,
      qr_scene_str: "",
    };
    const known = wechat(follower);
    expect(await userInfo(known.client, "oGuest")).toEqual({
      follows: true,
      openid: "oGuest",
      unionid: "u",
      followedAt: new Date("2013-10-25T09:55:57Z"),
      followScene: "ADD_SCENE_QR_CODE",
      remark: undefined,
      tagIds: [128, 2],
      qrScene: "98765",
      language: "zh_CN",
    });
    const query = { openid: "oGuest", lang: "zh_CN" };
    expect(known.asked).toEqual([{ method: "GET", path: "/cgi-bin/user/info", query, body: undefined }]);
    const stranger = wechat({ subscribe: 0, openid: "oGone" });
    expect(await userInfo(stranger.client, "oGone")).toMatchObject({ follows: false, openid: "oGone", tagIds: [] });
  });
});

describe("codes", () => {
  const orders: [QrCodeOrder, object][] = [
    [
      { kind: "QR_SCENE", sceneId: 7, expireSeconds: 60 },
      { expire_seconds: 60, action_name: "QR_SCENE", action_info: { scene: { scene_id: 7 } } },
    ],
    [
      { kind: "QR_STR_SCENE", sceneText: "柜台", expireSeconds: 2_592_000 },
      { expire_seconds: 2_592_000, action_name: "QR_STR_SCENE", action_info: { scene: { scene_str: "柜台" } } },
    ],
    [
      { kind: "QR_LIMIT_SCENE", sceneId: 100_000 },
      { action_name: "QR_LIMIT_SCENE", action_info: { scene: { scene_id: 100_000 } } },
    ],
    [
      { kind: "QR_LIMIT_STR_SCENE", sceneText: "door" },
      { action_name: "QR_LIMIT_STR_SCENE", action_info: { scene: { scene_str: "door" } } },
    ],
  ];

  test.each(orders)("%o is ordered in WeChat's words", async (order, body) => {
    const { client, asked } = wechat({ ticket: "gQ=", expire_seconds: 60, url: "http://weixin.qq.com/q/x" });
    expect(await createQrCode(client, order)).toEqual({
      ticket: "gQ=",
      expireSeconds: 60,
      url: "http://weixin.qq.com/q/x",
    });
    expect(asked).toEqual([{ method: "POST", path: "/cgi-bin/qrcode/create", query: {}, body }]);
  });

  test.each<QrCodeOrder>([
    { kind: "QR_SCENE", sceneId: 0, expireSeconds: 60 },
    { kind: "QR_SCENE", sceneId: 4_294_967_296, expireSeconds: 60 },
    { kind: "QR_SCENE", sceneId: 1, expireSeconds: 2_592_001 },
    { kind: "QR_LIMIT_SCENE", sceneId: 100_001 },
    { kind: "QR_LIMIT_STR_SCENE", sceneText: "" },
    { kind: "QR_STR_SCENE", sceneText: "x".repeat(65), expireSeconds: 60 },
  ])("%o is refused before it is sent", async (order) => {
    const { client, asked } = wechat(ok);
    await expect(createQrCode(client, order)).rejects.toThrow(RangeError);
    expect(asked).toEqual([]);
  });

  test("the picture's address carries the ticket escaped", () => {
    expect(showQrCodeUrl("http://mp.test/", "gQ+/=")).toBe("http://mp.test/cgi-bin/showqrcode?ticket=gQ%2B%2F%3D");
  });
});

describe("messages", () => {
  test("a service text", async () => {
    const { client, asked } = wechat(ok);
    await sendCustomText(client, { openid: "oGuest", text: "您的茶好了" });
    const body = { touser: "oGuest", msgtype: "text", text: { content: "您的茶好了" } };
    expect(asked).toEqual([{ method: "POST", path: "/cgi-bin/message/custom/send", query: {}, body }]);
  });

  test("a template, with every digit of its id", async () => {
    const { client, asked } = wechat('{"errcode":0,"errmsg":"ok","msgid":9223372036854775807}');
    const sent = await sendTemplate(client, {
      openid: "oGuest",
      templateId: "T1",
      data: { thing1: "龙井", amount2: "39.80" },
      url: "http://lantern.test",
      miniProgram: { appId: "wx2", pagePath: "index?foo=bar" },
      clientMsgId: "MSG_1",
    });
    expect(sent).toEqual({ msgId: "9223372036854775807" });
    expect(asked[0]?.body).toEqual({
      touser: "oGuest",
      template_id: "T1",
      url: "http://lantern.test",
      miniprogram: { appid: "wx2", pagepath: "index?foo=bar" },
      client_msg_id: "MSG_1",
      data: { thing1: { value: "龙井" }, amount2: { value: "39.80" } },
    });
  });

  test("what isn't given isn't sent", async () => {
    const { client, asked } = wechat({ ...ok, msgid: 200_228_332 });
    expect(await sendTemplate(client, { openid: "o", templateId: "T", data: {} })).toEqual({ msgId: "200228332" });
    expect(asked[0]?.body).toEqual({ touser: "o", template_id: "T", data: {} });
  });
});

describe("the menu", () => {
  const leaf = { type: "click", name: "今日", key: "TODAY" };

  test("is created, read and deleted", async () => {
    const buttons = [leaf, { name: "更多", sub_button: [{ type: "view", name: "首页", url: "http://lantern.test" }] }];
    const writing = wechat(ok);
    await createMenu(writing.client, buttons);
    await deleteMenu(writing.client);
    expect(writing.asked.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      { method: "POST", path: "/cgi-bin/menu/create", body: { button: buttons } },
      { method: "GET", path: "/cgi-bin/menu/delete", body: undefined },
    ]);
    const stored = [{ ...leaf, sub_button: [] }, buttons[1]];
    expect(await getMenu(wechat({ menu: { button: stored } }).client)).toEqual(stored);
    await createMenu(writing.client, [{ ...leaf, sub_button: [] }]);
  });

  test("that doesn't exist is null; other errors stay errors", async () => {
    expect(await getMenu(wechat({ errcode: 46003, errmsg: "menu no exist" }).client)).toBeNull();
    await expect(getMenu(wechat({ errcode: 48001, errmsg: "api unauthorized" }).client)).rejects.toThrow("48001");
  });

  test("with too many buttons is refused before it is sent", async () => {
    const { client, asked } = wechat(ok);
    await expect(createMenu(client, [])).rejects.toThrow(RangeError);
    await expect(createMenu(client, [leaf, leaf, leaf, leaf])).rejects.toThrow(RangeError);
    const six = { name: "更多", sub_button: Array.from({ length: 6 }, () => leaf) };
    await expect(createMenu(client, [six])).rejects.toThrow(RangeError);
    expect(asked).toEqual([]);
  });
});
