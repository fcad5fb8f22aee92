import { describe, expect, test } from "vitest";
import { WechatClient } from "../client.ts";
import type { WechatError } from "../transport.ts";
import { fileOf } from "../upload.ts";
import { sendCustomMessage } from "./custom-messages.ts";
import type { CustomMessage } from "./custom-messages.ts";
import { addMaterial, getMedia, uploadMedia } from "./media.ts";
import { addConditionalMenu, createMenu, deleteMenus, isSameMenu, menusOf } from "./menus.ts";
import { authorizeUrl } from "./page-login.ts";
import { createLastingQrCode, createTemporaryQrCode, showQrCodeUrl } from "./qr-codes.ts";
import { createTag } from "./tags.ts";
import { sendTemplateMessage } from "./template-messages.ts";
import { getStableToken } from "./tokens.ts";
import { userInfo } from "./users.ts";

interface Asked {
  readonly method: string | undefined;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly body: unknown;
}

/** Answers every request with `answer` and keeps what was asked. */
function wechat(answer: string | object | Response) {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = input as URL;
    const { access_token: _token, ...query } = Object.fromEntries(url.searchParams);
    const body =
      typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : init?.body && (await textOf(init));
    asked.push({ method: init?.method, path: url.pathname, query, body });
    if (answer instanceof Response) return answer;
    return new Response(typeof answer === "string" ? answer : JSON.stringify(answer));
  };
  const tokens = { get: () => Promise.resolve("token"), replace: () => Promise.resolve("token") };
  const client = new WechatClient({ apiUrl: "http://wechat.test/", tokens, fetch, wait: () => Promise.resolve() });
  return { client, asked, fetch };
}

/** A streamed body with its headers, whose boundary is made plain. */
async function textOf({ body, headers }: RequestInit): Promise<{ length: number; declared: number; text: string }> {
  const given = new Headers(headers);
  const text = await new Response(body).text();
  const boundary = given.get("content-type")?.split("boundary=")[1] ?? "";
  const declared = Number(given.get("content-length"));
  return { length: Buffer.byteLength(text), declared, text: text.replaceAll(boundary, "B") };
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
    const request = { apiUrl: "http://wechat.test", appId: "wx1", secret: "s3cret", force: false, fetch, now };
    const error = (await getStableToken(request).catch((thrown: unknown) => thrown)) as WechatError;
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
    expect(await known.client.call(userInfo, { openid: "oGuest" })).toEqual({
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
    expect(await stranger.client.call(userInfo, { openid: "oGone" })).toMatchObject({ follows: false, tagIds: [] });
  });

  test("a tag's name is measured in bytes before it is sent", async () => {
    const { client, asked } = wechat({ tag: { id: 100, name: "茶".repeat(10) } });
    expect(await client.call(createTag, { name: "茶".repeat(10) })).toEqual({ id: 100, name: "茶".repeat(10) });
    await expect(client.call(createTag, { name: "茶".repeat(11) })).rejects.toThrow(RangeError);
    expect(asked).toHaveLength(1);
  });
});

describe("codes", () => {
  const answer = { ticket: "gQ=", expire_seconds: 60, url: "http://weixin.qq.com/q/x" };

  test.each([
    [7, 60, { action_name: "QR_SCENE", action_info: { scene: { scene_id: 7 } } }],
    ["柜台", 2_592_000, { action_name: "QR_STR_SCENE", action_info: { scene: { scene_str: "柜台" } } }],
    [100_000, undefined, { action_name: "QR_LIMIT_SCENE", action_info: { scene: { scene_id: 100_000 } } }],
    ["door", undefined, { action_name: "QR_LIMIT_STR_SCENE", action_info: { scene: { scene_str: "door" } } }],
  ])("of %j for %j seconds is ordered in WeChat's words", async (scene, expireSeconds, order) => {
    const { client, asked } = wechat(answer);
    const code = await (expireSeconds === undefined
      ? client.call(createLastingQrCode, { scene })
      : client.call(createTemporaryQrCode, { scene, expireSeconds }));
    expect(code).toEqual({ ticket: "gQ=", expireSeconds: 60, url: "http://weixin.qq.com/q/x" });
    const body = expireSeconds === undefined ? order : { ...order, expire_seconds: expireSeconds };
    expect(asked).toEqual([{ method: "POST", path: "/cgi-bin/qrcode/create", query: {}, body }]);
  });

  test.each([
    [0, 60],
    [4_294_967_296, 60],
    [1, 2_592_001],
    [100_001, undefined],
    ["", undefined],
    ["x".repeat(65), 60],
  ])("of %j for %j seconds is refused before it is sent", async (scene, expireSeconds) => {
    const { client, asked } = wechat(ok);
    const ordering =
      expireSeconds === undefined
        ? client.call(createLastingQrCode, { scene })
        : client.call(createTemporaryQrCode, { scene, expireSeconds });
    await expect(ordering).rejects.toThrow(RangeError);
    expect(asked).toEqual([]);
  });

  test("the picture's address carries the ticket escaped", () => {
    expect(showQrCodeUrl("http://mp.test/", "gQ+/=")).toBe("http://mp.test/cgi-bin/showqrcode?ticket=gQ%2B%2F%3D");
  });
});

describe("messages", () => {
  const messages: [CustomMessage, object][] = [
    [{ type: "text", text: "您的茶好了" }, { text: { content: "您的茶好了" } }],
    [{ type: "image", mediaId: "m" }, { image: { media_id: "m" } }],
    [
      { type: "news", title: "新茶", description: "上架", url: "http://lantern.test", pictureUrl: "http://p" },
      {
        news: { articles: [{ title: "新茶", description: "上架", url: "http://lantern.test", picurl: "http://p" }] },
      },
    ],
    [
      { type: "msgmenu", head: "满意吗？", choices: [{ id: "1", text: "满意" }], tail: "谢谢" },
      { msgmenu: { head_content: "满意吗？", list: [{ id: "1", content: "满意" }], tail_content: "谢谢" } },
    ],
    [
      { type: "miniprogrampage", title: "点单", appId: "wx2", pagePath: "index", thumbMediaId: "t" },
      { miniprogrampage: { title: "点单", appid: "wx2", pagepath: "index", thumb_media_id: "t" } },
    ],
  ];

  test.each(messages)("a service message %o", async (message, part) => {
    const { client, asked } = wechat(ok);
    await client.call(sendCustomMessage, { openid: "oGuest", message });
    const body = { touser: "oGuest", msgtype: message.type, ...part };
    expect(asked).toEqual([{ method: "POST", path: "/cgi-bin/message/custom/send", query: {}, body }]);
  });

  test("a template, with every digit of its id", async () => {
    const { client, asked } = wechat('{"errcode":0,"errmsg":"ok","msgid":9223372036854775807}');
    const sent = await client.call(sendTemplateMessage, {
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
    const sent = await client.call(sendTemplateMessage, { openid: "o", templateId: "T", data: {} });
    expect(sent).toEqual({ msgId: "200228332" });
    expect(asked[0]?.body).toEqual({ touser: "o", template_id: "T", data: {} });
  });
});

describe("the menu", () => {
  const leaf = { type: "click", name: "今日", key: "TODAY" };

  test("is created, read and deleted", async () => {
    const buttons = [leaf, { name: "更多", sub_button: [{ type: "view", name: "首页", url: "http://lantern.test" }] }];
    const writing = wechat(ok);
    await writing.client.call(createMenu, { buttons });
    await writing.client.call(deleteMenus);
    expect(writing.asked.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      { method: "POST", path: "/cgi-bin/menu/create", body: { button: buttons } },
      { method: "GET", path: "/cgi-bin/menu/delete", body: undefined },
    ]);
    const stored = [{ ...leaf, sub_button: [] }, buttons[1]];
    expect(await menusOf(wechat({ menu: { button: stored } }).client)).toEqual({ buttons: stored, conditional: [] });
    await writing.client.call(createMenu, { buttons: [{ ...leaf, sub_button: [] }] });
  });

  test("that doesn't exist is null; other errors stay errors", async () => {
    expect(await menusOf(wechat({ errcode: 46003, errmsg: "menu no exist" }).client)).toBeNull();
    await expect(menusOf(wechat({ errcode: 48001, errmsg: "api unauthorized" }).client)).rejects.toThrow("48001");
  });

  test("with too many buttons is refused before it is sent", async () => {
    const { client, asked } = wechat(ok);
    await expect(client.call(createMenu, { buttons: [] })).rejects.toThrow(RangeError);
    await expect(client.call(createMenu, { buttons: [leaf, leaf, leaf, leaf] })).rejects.toThrow(RangeError);
    const six = { name: "更多", sub_button: Array.from({ length: 6 }, () => leaf) };
    await expect(client.call(createMenu, { buttons: [six] })).rejects.toThrow(RangeError);
    expect(asked).toEqual([]);
  });

  test("is for those with a tag or a phone, in WeChat's words", async () => {
    const { client, asked } = wechat({ menuid: "430000001" });
    const made = await client.call(addConditionalMenu, { buttons: [leaf], match: { tagId: 100, platform: "ios" } });
    expect(made).toEqual({ menuId: "430000001" });
    expect(asked[0]?.body).toEqual({ button: [leaf], matchrule: { tag_id: "100", client_platform_type: "1" } });
  });

  test("is the same whatever order its fields came in", () => {
    const read = [{ key: "TODAY", name: "今日", sub_button: [], type: "click", url: "" }];
    expect(isSameMenu([leaf], read)).toBe(true);
    expect(isSameMenu([leaf], [{ ...leaf, key: "OTHER" }])).toBe(false);
  });
});

describe("files", () => {
  test("are streamed with a length that WeChat can check", async () => {
    const { client, asked } = wechat({ type: "image", media_id: "M", created_at: 1_760_000_000 });
    const file = fileOf('灯"笼\r\n.png', "image/png", Buffer.from("PNG"));
    const sent = await client.call(uploadMedia, { type: "image", file });
    expect(sent).toEqual({ mediaId: "M", expiresAt: new Date(1_760_259_200_000) });
    const [{ query, body } = { query: {}, body: {} }] = asked;
    expect(query).toEqual({ type: "image" });
    const { length, declared, text } = body as Awaited<ReturnType<typeof textOf>>;
    expect(declared).toBe(length);
    expect(text).toBe(
      '--B\r\nContent-Disposition: form-data; name="media"; filename="灯%22笼%0D%0A.png"; filelength=3\r\n' +
        "Content-Type: image/png\r\n\r\nPNG\r\n--B--\r\n",
    );
  });

  test("a video of the library brings its words", async () => {
    const { client, asked } = wechat({ media_id: "V" });
    const file = fileOf("tea.mp4", "video/mp4", Buffer.from("MP4"));
    await client.call(addMaterial, { type: "video", file, title: "采茶", introduction: "春天" });
    const [{ body } = { body: {} }] = asked;
    const { text } = body as Awaited<ReturnType<typeof textOf>>;
    expect(text).toContain('name="description"\r\n\r\n{"title":"采茶"');
  });

  test("that are too large are refused before they are sent", async () => {
    const { client, asked } = wechat(ok);
    const file = { ...fileOf("a.jpg", "image/jpeg", Buffer.alloc(0)), size: 10_485_761 };
    await expect(client.call(uploadMedia, { type: "image", file })).rejects.toThrow(RangeError);
    await expect(client.call(uploadMedia, { type: "image", file: { ...file, size: 0 } })).rejects.toThrow(RangeError);
    expect(asked).toEqual([]);
  });

  test("come back as bytes, a video as an address, a refusal as an error", async () => {
    const headers = { "content-type": "image/jpeg", "content-disposition": 'attachment; filename="a.jpg"' };
    const picture = wechat(new Response(Buffer.from([1, 2]), { headers }));
    const got = await picture.client.call(getMedia, { mediaId: "m" });
    expect(got).toEqual({
      file: { contentType: "image/jpeg", fileName: "a.jpg", bytes: Buffer.from([1, 2]) },
      url: undefined,
    });
    const video = await wechat({ video_url: "http://v" }).client.call(getMedia, { mediaId: "m" });
    expect(video).toEqual({ file: undefined, url: "http://v" });
    const refused = wechat({ errcode: 40007, errmsg: "invalid media_id" });
    await expect(refused.client.call(getMedia, { mediaId: "m" })).rejects.toMatchObject({ errcode: 40007 });
  });
});

describe("login on pages", () => {
  const ask = {
    openUrl: "https://open.test/",
    appId: "wx1",
    redirectUrl: "https://lantern.test/back?to=/a&b",
    scope: "snsapi_base",
  } as const;

  test("leads to WeChat with everything escaped, in WeChat's order", () => {
    expect(authorizeUrl({ ...ask, state: "abc123" })).toBe(
      "https://open.test/connect/oauth2/authorize?appid=wx1" +
        "&redirect_uri=https%3A%2F%2Flantern.test%2Fback%3Fto%3D%2Fa%26b" +
        "&response_type=code&scope=snsapi_base&state=abc123#wechat_redirect",
    );
  });

  test.each(["a-b", "a b", "x".repeat(129)])("the state %j is one that WeChat would refuse", (state) => {
    expect(() => authorizeUrl({ ...ask, state })).toThrow(RangeError);
  });
});
