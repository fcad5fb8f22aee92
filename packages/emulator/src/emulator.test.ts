import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "./emulator.ts";
import { type DeveloperServer, startDeveloper } from "./testing/developer.ts";
import type { Account, Puppet } from "./world/model.ts";

let emulator: Emulator;
let developer: DeveloperServer;
let account: Account;
let puppet: Puppet;

beforeEach(async () => {
  emulator = await startEmulator({ seed: 7, pushTimeoutMs: 2000 });
  developer = await startDeveloper();
  account = emulator.world.createAccount({
    name: "Lantern Tea",
    templates: [{ templateId: "ready", title: "取茶提醒", content: "单号：{{order.DATA}}\n门店：{{shop.DATA}}" }],
  });
  await emulator.world.configurePush(account.appid, { url: developer.url, token: "lantern" });
  puppet = emulator.world.createPuppet({ name: "小茶" });
});

afterEach(async () => {
  await emulator.stop();
  await developer.stop();
});

type Json = Record<string, unknown>;

async function call(method: string, path: string, body?: unknown): Promise<Json> {
  const response = await fetch(`${emulator.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    headers: body === undefined ? {} : { "content-type": "application/json" },
  });
  return (await response.json()) as Json;
}

async function token(): Promise<string> {
  const answer = await call("POST", "/cgi-bin/stable_token", credentials());
  return String(answer["access_token"]);
}

function credentials(): Json {
  return { grant_type: "client_credential", appid: account.appid, secret: account.secret };
}

async function api(method: string, path: string, body?: unknown, query = ""): Promise<Json> {
  return call(method, `${path}?access_token=${await token()}${query}`, body);
}

describe("access tokens", () => {
  test.each([
    ["no appid", { appid: undefined }, 41002],
    ["no secret", { secret: undefined }, 41004],
    ["another grant", { grant_type: "password" }, 40002],
    ["an unknown appid", { appid: "wx0" }, 40013],
    ["a wrong secret", { secret: "x" }, 40125],
  ])("%s is refused", async (_name, change, errcode) => {
    expect(await call("POST", "/cgi-bin/stable_token", { ...credentials(), ...change })).toMatchObject({ errcode });
  });

  test("calls without, with an unknown, a voided and an expired token", async () => {
    expect(await call("GET", "/cgi-bin/user/info?openid=o")).toMatchObject({ errcode: 41001 });
    const unknown = await call("GET", "/cgi-bin/user/info?openid=o&access_token=x");
    expect(unknown["errcode"]).toBe(40001);
    expect(unknown["errmsg"]).toMatch(
      /^invalid credential, .* getStableAccessToken, .* rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/,
    );
    const value = await token();
    emulator.world.setClock(7200_000);
    expect(await call("GET", `/cgi-bin/user/info?openid=o&access_token=${value}`)).toMatchObject({ errcode: 42001 });
    const next = await token();
    emulator.world.voidTokens(account.appid);
    expect(await call("GET", `/cgi-bin/user/info?openid=o&access_token=${next}`)).toMatchObject({ errcode: 40001 });
    expect(await token()).not.toBe(next);
  });

  test("malformed JSON, an empty body and the wrong method have WeChat's codes", async () => {
    expect(await api("POST", "/cgi-bin/qrcode/create", "{")).toMatchObject({ errcode: 47001 });
    expect(await api("POST", "/cgi-bin/qrcode/create")).toMatchObject({ errcode: 44002 });
    expect(await api("GET", "/cgi-bin/qrcode/create")).toMatchObject({ errcode: 43002 });
    expect(await api("POST", "/cgi-bin/user/info", {})).toMatchObject({ errcode: 43001 });
  });

  test("the day's quota ends at its limit and begins anew the next day", async () => {
    emulator.world.changeAccount(account.appid, { dailyLimits: { "/cgi-bin/menu/delete": 1 } });
    expect(await api("GET", "/cgi-bin/menu/delete")).toMatchObject({ errcode: 0 });
    expect(await api("GET", "/cgi-bin/menu/delete")).toMatchObject({ errcode: 45009 });
    emulator.world.setClock(24 * 3600_000);
    expect(await api("GET", "/cgi-bin/menu/delete")).toMatchObject({ errcode: 0 });
  });
});

test("an account may be kept from a call", async () => {
  emulator.world.changeAccount(account.appid, { unauthorizedPaths: ["/cgi-bin/menu/get"] });
  expect(await api("GET", "/cgi-bin/menu/get")).toMatchObject({ errcode: 48001 });
});

describe("following and scanning", () => {
  async function code(body: Json): Promise<Json> {
    return api("POST", "/cgi-bin/qrcode/create", body);
  }

  test("a stranger's scan is a subscribe with qrscene_, a follower's a SCAN without", async () => {
    const made = await code({ action_name: "QR_STR_SCENE", action_info: { scene: { scene_str: "door-1" } } });
    const ticket = String(made["ticket"]);
    expect(made).toMatchObject({ expire_seconds: 60, url: expect.stringMatching(/^http:\/\/weixin\.qq\.com\/q\/02/) });
    const first = await emulator.world.scan(puppet.id, { code: ticket });
    expect(first.message).toContain("<Event><![CDATA[subscribe]]></Event>");
    expect(first.message).toContain("<EventKey><![CDATA[qrscene_door-1]]></EventKey>");
    const second = await emulator.world.scan(puppet.id, { code: String(made["url"]) });
    expect(second.message).toContain("<Event><![CDATA[SCAN]]></Event>");
    expect(second.message).toContain("<EventKey><![CDATA[door-1]]></EventKey>");
    expect(second.message).toContain(`<Ticket><![CDATA[${ticket}]]></Ticket>`);
  });

  test("user/info tells how somebody came, and little of somebody who left", async () => {
    const made = await code({ action_name: "QR_LIMIT_SCENE", action_info: { scene: { scene_id: 12 } } });
    expect(made).not.toHaveProperty("expire_seconds");
    await emulator.world.scan(puppet.id, { code: String(made["ticket"]) });
    const { openid } = emulator.world.chat(puppet.id);
    const query = `&openid=${openid}`;
    expect(await api("GET", "/cgi-bin/user/info", undefined, query)).toMatchObject({
      subscribe: 1,
      openid,
      nickname: "",
      subscribe_scene: "ADD_SCENE_QR_CODE",
      qr_scene: 12,
    });
    await emulator.world.unfollow(puppet.id);
    expect(await api("GET", "/cgi-bin/user/info", undefined, query)).toEqual({ subscribe: 0, openid, tagid_list: [] });
  });

  test.each([
    ["an unknown kind", { action_name: "QR" }, 40052],
    ["no scene", { action_name: "QR_SCENE" }, 40053],
    [
      "a permanent id over 100,000",
      { action_name: "QR_LIMIT_SCENE", action_info: { scene: { scene_id: 100_001 } } },
      40053,
    ],
    ["a text of 65", { action_name: "QR_STR_SCENE", action_info: { scene: { scene_str: "x".repeat(65) } } }, 40053],
    [
      "more than 30 days",
      { action_name: "QR_SCENE", expire_seconds: 2_592_001, action_info: { scene: { scene_id: 1 } } },
      40058,
    ],
  ])("%s is refused", async (_name, body, errcode) => {
    expect(await code(body)).toMatchObject({ errcode });
  });

  test("an expired code pushes nothing and has no picture", async () => {
    const made = await code({ action_name: "QR_SCENE", expire_seconds: 60, action_info: { scene: { scene_id: 1 } } });
    const path = `${emulator.url}/cgi-bin/showqrcode?ticket=${encodeURIComponent(String(made["ticket"]))}`;
    expect((await fetch(path)).headers.get("content-type")).toBe("image/jpg");
    emulator.world.setClock(60_000);
    await expect(emulator.world.scan(puppet.id, { code: String(made["ticket"]) })).rejects.toThrow("expired");
    expect((await fetch(path)).status).toBe(404);
    expect(developer.pushes).toHaveLength(0);
  });

  test("openids differ per account; unionids agree where accounts share an open platform", () => {
    const make = (): string => emulator.world.createAccount({ openPlatform: "tea" }).appid;
    const [one, two] = [make(), make()].map((appid) => emulator.world.chat(puppet.id, appid));
    expect(one?.openid).not.toBe(two?.openid);
    expect(one?.openid).toMatch(/^o[\w-]{27}$/);
    expect(one?.unionid).toBe(two?.unionid);
    expect(emulator.world.chat(puppet.id, account.appid).unionid).toBeNull();
  });
});

describe("messages of the account", () => {
  async function custom(text = "你好"): Promise<unknown> {
    const { openid } = emulator.world.chat(puppet.id);
    const body = { touser: openid, msgtype: "text", text: { content: text } };
    return (await api("POST", "/cgi-bin/message/custom/send", body))["errcode"];
  }

  test("a message of the user allows five within 48 hours", async () => {
    await emulator.world.follow(puppet.id);
    await emulator.world.say(puppet.id, { text: "在吗" });
    const answers: unknown[] = [];
    for (let count = 0; count < 6; count += 1) answers.push(await custom());
    expect(answers).toEqual([0, 0, 0, 0, 0, 45047]);
    await emulator.world.say(puppet.id, { text: "还在吗" });
    emulator.world.setClock(48 * 3600_000);
    expect(await custom()).toBe(45015);
  });

  test("following allows three within a minute", async () => {
    expect(await custom()).toBe(45015);
    await emulator.world.follow(puppet.id);
    expect([await custom(), await custom(), await custom(), await custom()]).toEqual([0, 0, 0, 45047]);
    emulator.world.setClock(60_000);
    expect(await custom()).toBe(45015);
  });

  test("typing shows on the phone for 15 seconds, or until the message, and only in a talk", async () => {
    const typing = async (command: string): Promise<unknown> => {
      const body = { touser: emulator.world.chat(puppet.id).openid, command };
      return (await api("POST", "/cgi-bin/message/custom/typing", body))["errcode"];
    };
    const isShown = (): boolean => emulator.world.chat(puppet.id).typingUntil > Date.parse(emulator.world.clock().now);
    await emulator.world.follow(puppet.id);
    expect(await typing("Typing")).toBe(45080);
    await emulator.world.say(puppet.id, { text: "在吗" });
    expect(await typing("typing")).toBe(45072);
    expect([await typing("Typing"), isShown()]).toEqual([0, true]);
    expect(await typing("Typing")).toBe(45081);
    expect([await typing("CancelTyping"), isShown()]).toEqual([0, false]);
    expect([await typing("Typing"), await custom(), isShown()]).toEqual([0, 0, false]);
    expect([await typing("Typing"), isShown()]).toEqual([0, true]);
    emulator.world.setClock(15_000);
    expect(isShown()).toBe(false);
    emulator.world.setClock(31_000);
    expect(await typing("Typing")).toBe(45080);
  });

  async function template(change: Json = {}): Promise<Json> {
    const { openid } = emulator.world.chat(puppet.id);
    const data = { order: { value: "A-17" }, shop: { value: "灯笼茶" } };
    return api("POST", "/cgi-bin/message/template/send", { touser: openid, template_id: "ready", data, ...change });
  }

  test("a template message is a card in the chat, and its end is pushed", async () => {
    await emulator.world.follow(puppet.id);
    const answer = await (
      await fetch(`${emulator.url}/cgi-bin/message/template/send?access_token=${await token()}`, {
        method: "POST",
        body: JSON.stringify({
          touser: emulator.world.chat(puppet.id).openid,
          template_id: "ready",
          data: { order: { value: "A-17", color: "#c00" }, shop: { value: "灯笼茶" } },
        }),
      })
    ).text();
    const msgid = /"msgid":(\d{19})/.exec(answer)?.[1];
    const card = emulator.world.chat(puppet.id).chat.at(-1);
    expect(card?.content).toEqual({
      kind: "template",
      title: "取茶提醒",
      lines: [
        { text: "单号：A-17", color: "#c00" },
        { text: "门店：灯笼茶", color: null },
      ],
      url: "",
    });
    await emulator.world.settle();
    expect(developer.pushes.at(-1)?.body).toContain("<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>");
    expect(developer.pushes.at(-1)?.body).toContain(`<MsgID>${msgid}</MsgID>`);
    expect(developer.pushes.at(-1)?.body).toContain("<Status><![CDATA[success]]></Status>");
  });

  test("a campaign's notices all come, a few at a time", async () => {
    let open = 0;
    let most = 0;
    developer.answer = (_request, response) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        response.end("success");
      });
    };
    await emulator.world.follow(puppet.id);
    const access = await token();
    const { openid } = emulator.world.chat(puppet.id);
    const body = JSON.stringify({ touser: openid, template_id: "ready", data: {} });
    const path = `${emulator.url}/cgi-bin/message/template/send?access_token=${access}`;
    await Promise.all(Array.from({ length: 200 }, () => fetch(path, { method: "POST", body })));
    await emulator.world.settle();
    expect(developer.pushes).toHaveLength(201);
    expect(most).toBeLessThanOrEqual(32);
  });

  test.each([
    ["user_block", "failed:user block"],
    ["system_failed", "failed: system failed"],
  ] as const)("a puppet set to %s sees nothing, and the push says so", async (templateDelivery, status) => {
    await emulator.world.follow(puppet.id);
    emulator.world.changePuppet(puppet.id, { templateDelivery });
    expect(await template()).toMatchObject({ errcode: 0 });
    await emulator.world.settle();
    expect(developer.pushes.at(-1)?.body).toContain(`<Status><![CDATA[${status}]]></Status>`);
    expect(emulator.world.chat(puppet.id).chat.some((entry) => entry.via === "template")).toBe(false);
  });

  test("refusals: no follower, no such template, no such user", async () => {
    emulator.world.chat(puppet.id);
    expect(await template()).toMatchObject({ errcode: 43004 });
    expect(await template({ template_id: "other" })).toMatchObject({ errcode: 40037 });
    expect(await template({ touser: "oNobody" })).toMatchObject({ errcode: 40003 });
  });

  test("the same client_msg_id within ten minutes is sent once", async () => {
    await emulator.world.follow(puppet.id);
    const first = await template({ client_msg_id: "order-17" });
    expect(await template({ client_msg_id: "order-17" })).toEqual(first);
    emulator.world.setClock(600_000);
    await template({ client_msg_id: "order-17" });
    expect(emulator.world.chat(puppet.id).chat.filter((entry) => entry.via === "template")).toHaveLength(2);
  });
});

describe("menus", () => {
  const click = { type: "click", name: "今日茶单", key: "TODAY" };

  test("a menu is kept, told, tapped and taken down", async () => {
    const button = [click, { name: "更多", sub_button: [{ type: "view", name: "门店", url: "https://example.com/" }] }];
    expect(await api("POST", "/cgi-bin/menu/create", { button })).toEqual({ errcode: 0, errmsg: "ok" });
    expect(await api("GET", "/cgi-bin/menu/get")).toMatchObject({ menu: { button } });
    await emulator.world.follow(puppet.id);
    const tapped = await emulator.world.tap(puppet.id, { button: "TODAY" });
    expect(tapped.message).toContain("<Event><![CDATA[CLICK]]></Event>\n<EventKey><![CDATA[TODAY]]></EventKey>");
    const viewed = await emulator.world.tap(puppet.id, { button: "门店" });
    expect(viewed.message).toContain("<EventKey><![CDATA[https://example.com/]]></EventKey>");
    expect(await api("GET", "/cgi-bin/menu/delete")).toMatchObject({ errcode: 0 });
    expect(await api("GET", "/cgi-bin/menu/get")).toMatchObject({ errcode: 46003 });
  });

  test.each([
    ["four buttons", [click, click, click, click], 40016],
    ["six under one", [{ name: "更多", sub_button: [click, click, click, click, click, click] }], 40023],
    ["a name of 17 bytes", [{ ...click, name: "x".repeat(17) }], 40018],
    ["an unknown type", [{ ...click, type: "dance" }], 40017],
    ["no key", [{ ...click, key: undefined }], 40019],
    ["no url", [{ type: "view", name: "门店" }], 40020],
  ])("%s is refused", async (_name, button, errcode) => {
    expect(await api("POST", "/cgi-bin/menu/create", { button })).toMatchObject({ errcode });
  });
});
