import { encryptMessage } from "@zhanggui/wechat/cipher";
import { sign } from "@zhanggui/wechat/signature";
import { z } from "zod";
import { Problem } from "../zg/problem.ts";
import type { LoadOptions } from "./options.ts";
import type { Scenario } from "./scenarios.ts";

/** What the stand-in tells of itself. */
const World = z.object({
  accounts: z.array(
    z.object({
      appid: z.string(),
      originalId: z.string(),
      push: z
        .object({ url: z.string(), token: z.string(), encodingAesKey: z.string().nullish(), mode: z.string() })
        .nullable(),
    }),
  ),
  bonds: z.array(z.object({ appid: z.string(), openid: z.string() })).default([]),
});

/**
 * Messages as WeChat pushes them, of an account at the stand-in that is bound to the server: they are written to the
 * server itself, each with an id of its own, from people of that account.
 */
export async function openPushes({ url, emulator }: LoadOptions): Promise<Scenario> {
  const standIn = emulator ?? new URL(`http://127.0.0.1:${Number(url.port) + 1}`);
  const answer = await fetch(new URL("/emulator/world?limit=1000", standIn)).catch(() => undefined);
  if (answer?.ok !== true)
    throw new Problem(`No stand-in of WeChat's answers at ${standIn.origin}: --emulator <its address>.`);
  const { accounts, bonds } = World.parse(await answer.json());
  const account = accounts.find(({ push }) => push !== null && new URL(push.url).origin === url.origin);
  if (account === undefined || account.push === null)
    throw new Problem(`The stand-in has no account that is bound to ${url.origin}: bind one under Connect first.`);
  const { appid, originalId, push } = account;
  const openids = bonds.filter((bond) => bond.appid === appid).map(({ openid }) => openid);
  // Of nobody that the server knows: they will be people from then on.
  if (openids.length === 0) openids.push("oLoad0000000000000000000test");
  let sent = 0;
  const firstId = Date.now() * 1000;
  return {
    once: async (signal) => {
      sent += 1;
      const openid = openids[sent % openids.length] ?? "";
      const timestamp = String(Math.floor(Date.now() / 1000));
      const nonce = String(sent);
      const plain =
        `<xml><ToUserName><![CDATA[${originalId}]]></ToUserName><FromUserName><![CDATA[${openid}]]></FromUserName>` +
        `<CreateTime>${timestamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>` +
        `<Content><![CDATA[压测 ${sent}]]></Content><MsgId>${firstId + sent}</MsgId></xml>`;
      const query: Record<string, string> = { signature: sign(push.token, timestamp, nonce), timestamp, nonce, openid };
      let body = plain;
      if (push.mode !== "plain" && push.encodingAesKey) {
        const encrypted = encryptMessage(plain, { appId: appid, encodingAesKey: push.encodingAesKey });
        const msgSignature = sign(push.token, timestamp, nonce, encrypted);
        Object.assign(query, { encrypt_type: "aes", msg_signature: msgSignature });
        const to = `<ToUserName><![CDATA[${originalId}]]></ToUserName>`;
        body = `<xml>${to}<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`;
      }
      const address = `${push.url}?${new URLSearchParams(query).toString()}`;
      const headers = { "content-type": "text/xml" };
      // Another place is nobody's to put under load.
      const response = await fetch(address, { method: "POST", body, headers, redirect: "manual", signal });
      await response.text();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
    },
  };
}
