import { decrypt, getSignature } from "@wecom/crypto";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openTestServer, type TestServer } from "@zhanggui/server/testing/test-server";
import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

/*
 * The server's sealed replies, read by a package that others wrote: neither our client nor the emulator has a say.
 */
let emulator: Emulator;
let server: TestServer;

beforeAll(async () => {
  const clock = new TurnableClock();
  emulator = await startEmulator({ clock, seed: 40 });
  server = await openTestServer(inject("clusterUrl"), {
    clock,
    env: { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl },
  });
});

afterAll(async () => {
  await server.close();
  await emulator.stop();
});

type Fields = Record<string, string | number>;

/** The flat fields of a reply, as plain a reading as can be. */
function fieldsOf(text: string, format: "xml" | "json"): Fields {
  if (format === "json") return JSON.parse(text) as Fields;
  const inside = /^<xml>(.*)<\/xml>$/s.exec(text)?.[1] ?? "";
  const elements = [...inside.matchAll(/<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))<\/\1>/gs)];
  return Object.fromEntries(elements.map(([, name, sealed, open]) => [name ?? "", sealed ?? open ?? ""]));
}

describe.each([
  ["safe", "xml"],
  ["safe", "json"],
  ["compatible", "xml"],
  ["compatible", "json"],
] as const)("%s mode, %s", (mode, format) => {
  let bound: Bound;

  beforeAll(async () => {
    bound = await bindLanternTea(await server.asOwner(), emulator.world, server.url, { mode, format });
  });

  /** Somebody scans the poster's code; what the server answered, as it went over the wire. */
  async function arrival(): Promise<{ openid: string; sent: URL; reply: string }> {
    const { id } = emulator.world.createPuppet();
    const report = await emulator.world.scan(id, { code: bound.channel.ticket });
    const tried = report.tries.at(-1);
    const { openid } = emulator.world.chat(id, bound.appid);
    return { openid, sent: new URL(tried?.url ?? ""), reply: tried?.reply ?? "" };
  }

  test("the independent package opens the reply", async () => {
    const { openid, reply } = await arrival();
    expect(reply).not.toContain("灯笼茶");
    const { message, id } = decrypt(bound.encodingAesKey, String(fieldsOf(reply, format)["Encrypt"]));
    expect(id).toBe(bound.appid);
    expect(fieldsOf(message, format)).toMatchObject({
      ToUserName: openid,
      FromUserName: emulator.world.account(bound.appid).originalId,
      MsgType: "text",
      Content: "欢迎来到灯笼茶，门店海报的朋友！",
    });
  });

  test("its signature is over token, time, nonce and what was sealed", async () => {
    const { sent, reply } = await arrival();
    const { Encrypt, MsgSignature, TimeStamp, Nonce } = fieldsOf(reply, format);
    expect(MsgSignature).toBe(getSignature(bound.pushToken, String(TimeStamp), String(Nonce), String(Encrypt)));
    expect(Nonce).toBe(sent.searchParams.get("nonce"));
    const ageSeconds = server.clock.now().getTime() / 1000 - Number(TimeStamp);
    expect(Math.abs(ageSeconds)).toBeLessThan(300);
  });

  test("no two replies are sealed alike", async () => {
    const sealed = [await arrival(), await arrival()].map(({ reply }) => fieldsOf(reply, format)["Encrypt"]);
    expect(sealed[0]).not.toBe(sealed[1]);
    const randoms = sealed.map((text) => decrypt(bound.encodingAesKey, String(text)).random.toString("hex"));
    expect(randoms[0]).not.toBe(randoms[1]);
  });
});

test("plain mode: the reply is the message itself", async () => {
  const bound = await bindLanternTea(await server.asOwner(), emulator.world, server.url, { mode: "plain" });
  const { id } = emulator.world.createPuppet();
  const { tries } = await emulator.world.scan(id, { code: bound.channel.ticket });
  expect(fieldsOf(tries[0]?.reply ?? "", "xml")).toMatchObject({
    MsgType: "text",
    Content: "欢迎来到灯笼茶，门店海报的朋友！",
  });
});
