import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { startDeveloper, type DeveloperServer } from "@zhanggui/emulator/testing/developer";
import { WechatClient } from "@zhanggui/wechat/client";
import { createMenu, menusOf } from "@zhanggui/wechat/calls/menus";
import { createTemporaryQrCode } from "@zhanggui/wechat/calls/qr-codes";
import { sendTemplateMessage } from "@zhanggui/wechat/calls/template-messages";
import { getStableToken } from "@zhanggui/wechat/calls/tokens";
import { userInfo } from "@zhanggui/wechat/calls/users";
import { openPush, sealReply, type OpenedPush, type PushKeys } from "@zhanggui/wechat/push";
import { MemoryTokenStore, TokenCoordinator } from "@zhanggui/wechat/tokens";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/*
 * Our own client against the emulator: two readings of the same protocol, written apart, that share no code.
 */
let emulator: Emulator;
let developer: DeveloperServer;
const appId = "wx0123456789abcdef";
const secret = "lantern-secret";
const encodingAesKey = "lanternTEAlanternTEAlanternTEAlanternTEA123";
const puppet = "tea-lover";
const now = (): Date => emulator.world.state.clock.now();

beforeEach(async () => {
  emulator = await startEmulator({ seed: 11 });
  developer = await startDeveloper();
  await emulator.world.seed({
    accounts: [
      { appid: appId, secret, templates: [{ templateId: "ready", title: "取茶", content: "{{order.DATA}}" }] },
    ],
    puppets: [{ id: puppet, follows: [appId] }],
  });
});

afterEach(async () => {
  await emulator.stop();
  await developer.stop();
});

describe("push", () => {
  test.each([
    ["plain", "xml"],
    ["plain", "json"],
    ["compatible", "xml"],
    ["compatible", "json"],
    ["safe", "xml"],
    ["safe", "json"],
  ] as const)("%s mode, %s: the message is opened and the reply accepted", async (mode, format) => {
    const keys: PushKeys = { appId, token: "lantern", encodingAesKey, mode };
    const opened: OpenedPush[] = [];
    developer.answer = ({ url, body, contentType }, response) => {
      const query = Object.fromEntries(url.searchParams);
      const push = openPush({ query, body: Buffer.from(body), contentType, keys, now: now(), toleranceSeconds: 300 });
      opened.push(push);
      response.end(sealReply({ push, reply: { type: "text", content: "春茶 & <新茶>" }, keys, now: now() }).body);
    };
    const push = { url: developer.url, token: "lantern", encodingAesKey, mode, format };
    await emulator.world.configurePush(appId, push);
    const report = await emulator.world.say(puppet, { text: "有什么 ]]> 茶？" });
    expect(report).toMatchObject({ outcome: "answered", reply: { kind: "text", text: "春茶 & <新茶>" } });
    const msgId = /MsgId\W+(\d+)/.exec(report.message)?.[1];
    expect(opened[0]?.message).toMatchObject({ type: "text", content: "有什么 ]]> 茶？", msgId });
  });
});

describe("calls", () => {
  function client(): WechatClient {
    const fetchToken = ({ force }: { force: boolean }) =>
      getStableToken({ apiUrl: emulator.url, appId, secret, force, now });
    const tokens = new TokenCoordinator({ store: new MemoryTokenStore(now), fetchToken, now });
    return new WechatClient({ apiUrl: emulator.url, tokens });
  }

  test("a token that WeChat voids is replaced once for all callers", async () => {
    const wechat = client();
    const { openid } = emulator.world.chat(puppet);
    await wechat.call(userInfo, { openid });
    emulator.world.voidTokens(appId);
    const users = await Promise.all(Array.from({ length: 20 }, () => wechat.call(userInfo, { openid })));
    expect(users.every((user) => user.openid === openid)).toBe(true);
    const refreshes = emulator.world.journal({ kind: "api" }).filter((entry) => entry.what === "stable_token");
    expect(refreshes.length).toBeLessThanOrEqual(3);
  });

  test("a template's id agrees with the notice of its end", async () => {
    await emulator.world.configurePush(appId, { url: developer.url, token: "lantern" });
    const { openid } = emulator.world.chat(puppet);
    const { msgId } = await client().call(sendTemplateMessage, {
      openid,
      templateId: "ready",
      data: { order: "A-17" },
    });
    await emulator.world.settle();
    expect(msgId).toMatch(/^\d{19}$/);
    expect(developer.pushes[0]?.body).toContain(`<MsgID>${msgId}</MsgID>`);
  });

  test("codes and menus", async () => {
    const wechat = client();
    const code = await wechat.call(createTemporaryQrCode, { scene: "南门", expireSeconds: 60 });
    expect(emulator.world.qrCodes()[0]).toMatchObject({ ticket: code.ticket, scene: "南门" });
    expect(await menusOf(wechat)).toBeNull();
    await wechat.call(createMenu, { buttons: [{ type: "click", name: "茶单", key: "TODAY" }] });
    expect((await menusOf(wechat))?.buttons).toMatchObject([{ type: "click", name: "茶单", key: "TODAY" }]);
  });
});
