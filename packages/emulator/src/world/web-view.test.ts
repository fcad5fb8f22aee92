import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../emulator.ts";

let emulator: Emulator;
const url = "https://lantern-tea.example/menu?table=7";
// The example of the appendix of the JS-SDK page.
const official = {
  appId: "wxofficial",
  nonceStr: "Wm3WZYTPz0wzccnW",
  timestamp: 1_414_587_457,
  url: "http://mp.weixin.qq.com?params=value",
  signature: "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
};
const officialTicket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";

beforeAll(async () => {
  emulator = await startEmulator({ seed: 3 });
  await emulator.world.seed({ accounts: [{ appid: "wxlantern", secret: "lantern" }, { appid: "wxofficial" }] });
});
afterAll(() => emulator.stop());

async function ticket(): Promise<string> {
  const ask = async (path: string) => (await (await fetch(emulator.url + path)).json()) as Record<string, string>;
  const query = "grant_type=client_credential&appid=wxlantern&secret=lantern";
  const { access_token: token } = await ask(`/cgi-bin/token?${query}`);
  return (await ask(`/cgi-bin/ticket/getticket?type=jsapi&access_token=${token}`))["ticket"] ?? "";
}

const sign = (jsapi: string, address: string) =>
  createHash("sha1").update(`jsapi_ticket=${jsapi}&noncestr=n&timestamp=1&url=${address}`).digest("hex");
const config = (changes: object) => ({
  appId: "wxlantern",
  nonceStr: "n",
  timestamp: 1,
  url,
  jsApiList: ["getLocation", "startRecord"],
  ...changes,
});
const check = async (given: object) => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${emulator.url}/emulator/web-view/config`, {
    method: "POST",
    headers,
    body: JSON.stringify(given),
  });
  return (await answer.json()) as object;
};

test("the official example's signature is right", async () => {
  const account = emulator.world.account("wxofficial");
  account.tickets.jsapi = { ticket: officialTicket, expiresAt: emulator.world.state.now() + 60_000 };
  expect(await check(official)).toEqual({ errMsg: "config:ok", allowed: [] });
});

test("a page that signs its address with the current ticket may ask for what it named", async () => {
  const signature = sign(await ticket(), url);
  expect(await check(config({ signature }))).toEqual({ errMsg: "config:ok", allowed: ["getLocation"] });
});

test("another address, a fragment, another ticket, an old ticket and a stranger's appid are refused", async () => {
  const current = await ticket();
  const signature = sign(current, url);
  const invalid = { errMsg: "config:invalid signature", allowed: [] };
  expect(await check(config({ signature, url: `${url}&more=1` }))).toEqual(invalid);
  expect(await check(config({ signature: sign(current, `${url}#top`), url: `${url}#top` }))).toEqual(invalid);
  expect(await check(config({ signature: sign("made-up", url) }))).toEqual(invalid);
  expect(await check(config({ signature, appId: "wxnobody" }))).toEqual({
    errMsg: "config:invalid appid",
    allowed: [],
  });
  emulator.world.setClock(7_200_000);
  expect(await check(config({ signature }))).toEqual(invalid);
  emulator.world.setClock(0);
});

test("the script stands under WeChat's names, and only that page may frame somebody else's", async () => {
  const script = await fetch(`${emulator.url}/open/js/jweixin-1.6.0.js`);
  expect(script.headers.get("content-type")).toContain("javascript");
  expect(await script.text()).toContain("miniProgram");
  const policyOf = async (path: string) => (await fetch(emulator.url + path)).headers.get("content-security-policy");
  expect(await policyOf("/web-view?url=x")).toContain("frame-src http: https:");
  expect(await policyOf("/")).not.toContain("frame-src");
});
