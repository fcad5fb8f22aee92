import { randomBytes } from "node:crypto";
import { type Agent, request } from "node:http";
import type { Emulator } from "@zhanggui/emulator/emulator";
import { createClient } from "@zhanggui/kit/contract/client";
import { access } from "@zhanggui/server/foundation/access/access.contract";
import { connect } from "@zhanggui/server/engines/connect/connect.contract";
import { messaging } from "@zhanggui/server/engines/messaging/messaging.contract";
import { encryptMessage } from "@zhanggui/wechat/cipher";
import { sign } from "@zhanggui/wechat/signature";
import { type RunningServer, setupToken } from "./servers.ts";

/* An official account, bound to a server, and its pushes as WeChat sends them: safe mode, XML. */
const people = 50;
export const keyword = "菜单";

export interface Account {
  readonly appId: string;
  readonly originalId: string;
  readonly pushToken: string;
  readonly encodingAesKey: string;
  readonly openids: readonly string[];
}

export interface Shop {
  /** The callback's path. */
  readonly path: string;
  readonly account: Account;
}

/** Binds an official account with fans to the server, and makes a rule that answers the keyword. */
export async function openShop(server: RunningServer, emulator: Emulator): Promise<Shop> {
  const baseUrl = server.url;
  const owner = { login: "owner@lantern-tea.example", displayName: "Owner", password: randomBytes(16).toString("hex") };
  const visitor = createClient({ access }, { baseUrl });
  const { accessToken } = await visitor.access.setup({ setupToken, tenantName: "Lantern Tea", ...owner });
  const headers = () => ({ authorization: `Bearer ${accessToken}` });
  const api = createClient({ connect, messaging }, { baseUrl, headers });

  const wechat = emulator.world.createAccount({ name: "灯笼茶" });
  const secrets = {
    pushToken: randomBytes(8).toString("hex"),
    encodingAesKey: randomBytes(32).toString("hex").slice(0, 43),
  };
  const app = await api.connect.bindApp({
    name: "灯笼茶",
    appId: wechat.appid,
    appSecret: wechat.secret,
    mode: "safe",
    ...secrets,
  });
  const rule = {
    name: "菜单",
    on: "keyword",
    keywords: [keyword],
    match: "contains",
    replies: [{ type: "text", text: "今日：桂花乌龙、陈皮白茶。" }],
  } satisfies Parameters<typeof api.messaging.createRule>[0];
  await api.messaging.createRule(rule);
  const path = `/api/wechat/callback/${app.id}`;
  const url = server.url + path;
  const { pushToken: token, encodingAesKey } = secrets;
  await emulator.world.configurePush(wechat.appid, { url, token, encodingAesKey, mode: "safe", format: "xml" });
  for (let index = 0; index < people; index++) await emulator.world.follow(emulator.world.createPuppet().id);
  const openids = emulator.world.bonds().map(({ openid }) => openid);
  return { path, account: { appId: wechat.appid, originalId: wechat.originalId, openids, ...secrets } };
}

let pushes = 0;

/** A push as WeChat sends it: the query and the body. The same `message` is the same message, sealed anew. */
export function pushOf(account: Account, message: number, text: string): { query: string; body: string } {
  pushes += 1;
  const { appId, originalId, pushToken, encodingAesKey, openids } = account;
  const openid = openids[message % openids.length] ?? "";
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = String(pushes);
  const xml =
    `<xml><ToUserName><![CDATA[${originalId}]]></ToUserName><FromUserName><![CDATA[${openid}]]></FromUserName>` +
    `<CreateTime>${timestamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>` +
    `<Content><![CDATA[${text}]]></Content><MsgId>${24_000_000_000 + message}</MsgId></xml>`;
  const encrypted = encryptMessage(xml, { appId, encodingAesKey });
  const query = new URLSearchParams({
    signature: sign(pushToken, timestamp, nonce),
    timestamp,
    nonce,
    openid,
    encrypt_type: "aes",
    msg_signature: sign(pushToken, timestamp, nonce, encrypted),
  });
  const toUser = `<ToUserName><![CDATA[${originalId}]]></ToUserName>`;
  return { query: query.toString(), body: `<xml>${toUser}<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>` };
}

/** Sends a push, resolves with the answer's body. Rejects unless it is 200. */
export function post(agent: Agent, url: string, body: string): Promise<string> {
  const headers = { "content-type": "text/xml", "content-length": Buffer.byteLength(body) };
  return new Promise((done, fail) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.once("end", () =>
        response.statusCode === 200 ? done(text) : fail(new Error(`${response.statusCode}: ${text}`)),
      );
    });
    sent.once("error", fail);
    sent.end(body);
  });
}
