import { describe, expect, test } from "vitest";
import type { Account, PushMode } from "../world/model.ts";
import { encrypt, sign } from "./crypto.ts";
import { readReply } from "./reply.ts";
import { Rulebook } from "./rules.ts";

const encodingAesKey = "k".repeat(43);
const openid = "oPuppet";
const to = { openid, isEvent: false, rules: new Rulebook() };

function account(mode: PushMode, format: "xml" | "json" = "xml"): Account {
  return {
    appid: "wx1",
    secret: "s",
    originalId: "gh_1",
    name: "Lantern Tea",
    openPlatform: null,
    push: { url: "http://127.0.0.1/", token: "lantern", encodingAesKey, mode, format },
    templates: [],
    kind: "service",
    isVerified: true,
    ipWhitelist: null,
    oauthDomains: null,
    tickets: {},
    menu: null,
    menuId: null,
    conditionalMenus: [],
    tags: [],
    massSends: [],
    massSpeed: 0,
    publishings: [],
    cards: [],
    staff: [],
    staffSessions: [],
    staffWaiting: [],
    dailyLimits: {},
    unauthorizedPaths: [],
  };
}

function reply(inner: string, type = "text"): string {
  return (
    `<xml><ToUserName><![CDATA[${openid}]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName>` +
    `<CreateTime>1700000000</CreateTime><MsgType><![CDATA[${type}]]></MsgType>${inner}</xml>`
  );
}

function sealed(text: string, options: { appid?: string; token?: string } = {}): string {
  const encrypted = encrypt(text, { encodingAesKey, appid: options.appid ?? "wx1", random: Buffer.alloc(16, 7) });
  const signature = sign([options.token ?? "lantern", "1700000000", "9", encrypted]);
  return (
    `<xml><Encrypt><![CDATA[${encrypted}]]></Encrypt><MsgSignature><![CDATA[${signature}]]></MsgSignature>` +
    `<TimeStamp>1700000000</TimeStamp><Nonce><![CDATA[9]]></Nonce></xml>`
  );
}

const hello = reply("<Content><![CDATA[你好 & <茶>]]></Content>");
const helloContent = { kind: "text", text: "你好 & <茶>" };

test.each(["", "success", "  success\n"])("%j is no reply", (answer) => {
  expect(readReply(answer, account("plain"), to).kind).toBe("silent");
});

test("a text appears as it is", () => {
  expect(readReply(hello, account("plain"), to)).toMatchObject({ kind: "reply", content: helloContent });
});

test("news come as articles", () => {
  const item = "<item><Title>春茶</Title><Description>新到</Description><PicUrl>p</PicUrl><Url>u</Url></item>";
  const news = reply(`<ArticleCount>1</ArticleCount><Articles>${item}</Articles>`, "news");
  expect(readReply(news, account("plain"), to)).toMatchObject({
    content: { kind: "news", articles: [{ title: "春茶", description: "新到", pictureUrl: "p", url: "u" }] },
  });
});

test("of nine articles a message's answer shows one, an event's eight", () => {
  const items = "<item><Title>茶</Title></item>".repeat(9);
  const news = reply(`<ArticleCount>9</ArticleCount><Articles>${items}</Articles>`, "news");
  const shown = (isEvent: boolean): number => {
    const reading = readReply(news, account("plain"), { ...to, isEvent });
    return reading.kind === "reply" && reading.content.kind === "news" ? reading.content.articles.length : 0;
  };
  expect([shown(false), shown(true)]).toEqual([1, 8]);
});

describe("encryption", () => {
  test("safe mode takes an encrypted reply", () => {
    expect(readReply(sealed(hello), account("safe"), to)).toMatchObject({ kind: "reply", content: helloContent });
  });

  test("compatible mode takes either", () => {
    expect(readReply(sealed(hello), account("compatible"), to).kind).toBe("reply");
    expect(readReply(hello, account("compatible"), to).kind).toBe("reply");
  });

  test.each([
    ["safe mode refuses a plain reply", "safe", hello, "must be encrypted"],
    ["plain mode refuses an encrypted reply", "plain", sealed(hello), "plain mode"],
    ["a wrong MsgSignature is refused", "safe", sealed(hello, { token: "other" }), "MsgSignature"],
    ["another AppID is refused", "safe", sealed(hello, { appid: "wx2" }), "another AppID"],
  ] as const)("%s", (_name, mode, answer, problem) => {
    const reading = readReply(answer, account(mode), to);
    expect(reading).toMatchObject({ kind: "wrong", problem: expect.stringContaining(problem) });
  });
});

test.each([
  ["neither XML nor success", "ok", "neither empty"],
  ["JSON where XML is due", '{"a":1}', "neither empty"],
  ["an HTML page", "<html><body>Not Found</body></html>", "root element"],
  ["an unclosed element", "<xml><a></xml>", "well-formed"],
  ["another user", hello.replace(openid, "oOther"), "ToUserName"],
  ["another account", hello.replace("gh_1", "gh_2"), "FromUserName"],
  ["no time", hello.replace("1700000000", "now"), "CreateTime"],
  ["an unknown type", reply("", "hologram"), "hologram"],
  ["an empty text", reply("<Content></Content>"), "empty"],
  ["a text of 2,049 bytes", reply(`<Content>${"a".repeat(2049)}</Content>`), "too long"],
  [
    "a wrong ArticleCount",
    reply("<ArticleCount>2</ArticleCount><Articles><item><Title>t</Title></item></Articles>", "news"),
    "ArticleCount",
  ],
])("wrong: %s", (_name, answer, problem) => {
  const reading = readReply(answer, account("plain"), to);
  expect(reading).toMatchObject({ kind: "wrong", problem: expect.stringContaining(problem) });
});

test("an account whose format is JSON is answered in JSON", () => {
  const message = { ToUserName: openid, FromUserName: "gh_1", CreateTime: 1700000000, MsgType: "text", Content: "嗨" };
  const reading = readReply(JSON.stringify(message), account("plain", "json"), to);
  expect(reading).toMatchObject({ kind: "reply", content: { kind: "text", text: "嗨" } });
  expect(readReply(hello, account("plain", "json"), to).kind).toBe("wrong");
});
