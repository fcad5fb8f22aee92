import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "./emulator.ts";
import { type DeveloperServer, startDeveloper } from "./testing/developer.ts";
import { sign } from "./wechat/crypto.ts";
import { serviceTroubleText } from "./world/model.ts";

let emulator: Emulator;
let developer: DeveloperServer;
let appid: string;
const puppet = "tea-lover";

beforeEach(async () => {
  emulator = await startEmulator({ seed: 7, pushTimeoutMs: 1500 });
  developer = await startDeveloper();
  const made = await emulator.world.seed({
    accounts: [{ appid: "wxlantern", originalId: "gh_lantern", push: { url: developer.url, token: "lantern" } }],
    puppets: [{ id: puppet, follows: ["wxlantern"] }],
  });
  appid = made.accounts[0]?.appid ?? "";
});

afterEach(async () => {
  await emulator.stop();
  await developer.stop();
});

function chatTexts(): string[] {
  return emulator.world.chat(puppet).chat.map(({ content }) => ("text" in content ? content.text : content.kind));
}

test("the url's check must be echoed, else nothing changes", async () => {
  const wrong = { url: `${developer.url}?nothing=here`, token: "lantern" };
  developer.answer = (_request, response) => void response.end("no");
  await expect(emulator.world.configurePush(appid, { url: "http://127.0.0.1:1/", token: "abc" })).rejects.toThrow(
    "refused",
  );
  expect(emulator.world.account(appid).push?.token).toBe("lantern");
  const check = await emulator.world.configurePush(appid, wrong);
  const url = new URL(check?.url ?? "");
  expect(url.searchParams.get("nothing")).toBe("here");
  const parts = ["lantern", url.searchParams.get("timestamp") ?? "", url.searchParams.get("nonce") ?? ""];
  expect(url.searchParams.get("signature")).toBe(sign(parts));
});

test("a text: its fields, its signature, and the reply in the chat", async () => {
  const { openid } = emulator.world.chat(puppet);
  developer.answer = (_request, response) =>
    void response.end(
      `<xml><ToUserName>${openid}</ToUserName><FromUserName>gh_lantern</FromUserName><CreateTime>1</CreateTime>` +
        `<MsgType>text</MsgType><Content>欢迎</Content></xml>`,
    );
  const report = await emulator.world.say(puppet, { text: "]]> & <你好>" });
  const [push] = developer.pushes;
  const query = push?.url.searchParams;
  expect(query?.get("signature")).toBe(sign(["lantern", query?.get("timestamp") ?? "", query?.get("nonce") ?? ""]));
  expect(query?.get("openid")).toBe(openid);
  expect(push?.body).toMatch(/<MsgId>\d{17}<\/MsgId>/);
  expect(push?.body).toContain("<Content><![CDATA[]]]]><![CDATA[> & <你好>]]></Content>");
  expect(report).toMatchObject({ outcome: "answered", reply: { kind: "text", text: "欢迎" } });
  expect(chatTexts()).toEqual(["]]> & <你好>", "欢迎"]);
});

test("JSON: 64-bit ids are bare numbers", async () => {
  await emulator.world.configurePush(appid, { url: developer.url, token: "lantern", format: "json" });
  await emulator.world.say(puppet, { text: '"茶"' });
  expect(developer.pushes[0]?.contentType).toBe("application/json");
  expect(developer.pushes[0]?.body).toMatch(/"Content":"\\"茶\\"","MsgId":\d{17}\}$/);
});

describe("trouble on the developer's side", () => {
  test("no answer: three tries with the same MsgId, then the system's sentence", async () => {
    developer.answer = (_request, response) => void response.destroy();
    const report = await emulator.world.say(puppet, { text: "在吗" });
    expect(report).toMatchObject({ outcome: "failed", problem: expect.stringContaining("cut") });
    const ids = developer.pushes.map((push) => /<MsgId>(\d+)/.exec(push.body)?.[1]);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    expect(chatTexts()).toEqual(["在吗", serviceTroubleText]);
  });

  test("an answer that never comes is given up after the time limit", async () => {
    await emulator.stop();
    emulator = await startEmulator({ seed: 7, pushTimeoutMs: 30 });
    await emulator.world.seed({
      accounts: [{ appid: "wxlantern", push: { url: developer.url, token: "lantern", check: false } }],
      puppets: [{ id: puppet, follows: ["wxlantern"] }],
    });
    developer.answer = () => undefined;
    const report = await emulator.world.say(puppet, { text: "在吗" });
    expect(report.tries.map((one) => one.problem)).toEqual(Array(3).fill("no answer within 0.03 s"));
  });

  test("an error status is tried again; the second answer counts", async () => {
    developer.answer = (_request, response) => {
      response.statusCode = developer.pushes.length === 1 ? 500 : 200;
      response.end("success");
    };
    const report = await emulator.world.say(puppet, { text: "在吗" });
    expect(report).toMatchObject({ outcome: "silent", tries: [{ status: 500 }, { status: 200 }] });
  });

  test("a wrong reply isn't tried again and shows the system's sentence", async () => {
    developer.answer = (_request, response) => void response.end('{"code":0}');
    const report = await emulator.world.say(puppet, { text: "在吗" });
    expect(report).toMatchObject({ outcome: "wrong", tries: [{ status: 200 }] });
    expect(chatTexts().at(-1)).toBe(serviceTroubleText);
  });

  test("without a push configuration nothing is sent and nothing is shown", async () => {
    emulator.world.removePush(appid);
    expect(await emulator.world.say(puppet, { text: "在吗" })).toMatchObject({ outcome: "none", tries: [] });
    expect(chatTexts()).toEqual(["在吗"]);
  });
});

describe("faults", () => {
  test("a push repeated at once arrives as often as ordered, with one MsgId", async () => {
    emulator.world.addFault({ target: "push", what: "text", repeat: 3, parallel: true });
    const open: (() => void)[] = [];
    developer.answer = (_request, response) => {
      open.push(() => void response.end("success"));
      // Answering only when all three are here shows that they were under way together.
      if (open.length === 3) for (const answer of open) answer();
    };
    const report = await emulator.world.say(puppet, { text: "在吗" });
    expect(report.copies).toHaveLength(2);
    expect(new Set(developer.pushes.map((push) => push.body)).size).toBe(1);
  });

  test("dropped answers lead to further tries", async () => {
    emulator.world.addFault({ target: "push", dropAnswers: 2 });
    const report = await emulator.world.say(puppet, { text: "在吗" });
    expect(report.tries.map((one) => one.dropped)).toEqual([true, true, false]);
    expect(report.outcome).toBe("silent");
  });

  test("a push held back arrives after the next one", async () => {
    emulator.world.addFault({ target: "push", holdFor: 1 });
    expect(await emulator.world.say(puppet, { text: "一" })).toMatchObject({ outcome: "held" });
    await emulator.world.say(puppet, { text: "二" });
    expect((await developer.received(2)).map((push) => /Content><!\[CDATA\[(.)/.exec(push.body)?.[1])).toEqual([
      "二",
      "一",
    ]);
  });

  test("clearing the faults lets held pushes go, and so does settling", async () => {
    emulator.world.addFault({ target: "push", holdFor: 9, count: 2 });
    await emulator.world.say(puppet, { text: "一" });
    emulator.world.clearFaults();
    await developer.received(1);
    emulator.world.addFault({ target: "push", holdFor: 9 });
    await emulator.world.say(puppet, { text: "二" });
    await emulator.world.settle();
    expect(developer.pushes).toHaveLength(2);
  });

  test("wait: false answers while the push is under way", async () => {
    const answers: (() => void)[] = [];
    developer.answer = (_request, response) => void answers.push(() => response.end("success"));
    expect(await emulator.world.say(puppet, { text: "一", wait: false })).toMatchObject({ outcome: "underway" });
    await developer.received(1);
    answers[0]?.();
    await emulator.world.settle();
    expect(emulator.world.journal({ kind: "push" }).at(-1)).toMatchObject({ note: "silent", tries: 1 });
  });

  test("an API call: errcode instead of the work, errcode after the work, and a cut connection", async () => {
    const account = emulator.world.account(appid);
    const path = `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${account.secret}`;
    const get = async (query = path): Promise<Record<string, unknown>> =>
      (await (await fetch(emulator.url + query)).json()) as Record<string, unknown>;
    const access = String((await get())["access_token"]);
    emulator.world.addFault({ target: "api", path: "/cgi-bin/token", errcode: -1, count: 2 });
    expect([(await get())["errcode"], (await get())["errcode"]]).toEqual([-1, -1]);
    emulator.world.addFault({ target: "api", path: "/cgi-bin/menu/delete", errcode: -1, perform: true });
    account.menu = [{ type: "click", name: "a", key: "b" }];
    expect(await get(`/cgi-bin/menu/delete?access_token=${access}`)).toMatchObject({ errcode: -1 });
    expect(account.menu).toBeNull();
    account.menu = [{ type: "click", name: "a", key: "b" }];
    emulator.world.addFault({ target: "api", drop: "before" });
    await expect(fetch(`${emulator.url}/cgi-bin/menu/delete?access_token=${access}`)).rejects.toThrow("fetch failed");
    expect(account.menu).not.toBeNull();
    emulator.world.addFault({ target: "api", drop: "after" });
    await expect(fetch(`${emulator.url}/cgi-bin/menu/delete?access_token=${access}`)).rejects.toThrow("fetch failed");
    expect(account.menu).toBeNull();
    expect(emulator.world.faults()).toEqual([]);
  });

  test("an API call can answer an HTTP status", async () => {
    emulator.world.addFault({ target: "api", status: 502 });
    expect((await fetch(`${emulator.url}/cgi-bin/token`)).status).toBe(502);
  });
});

test("a reset also ends what was still to be pushed", async () => {
  emulator.world.addFault({ target: "push", holdFor: 9 });
  await emulator.world.say(puppet, { text: "一" });
  emulator.world.reset();
  await emulator.world.settle();
  expect(developer.pushes).toHaveLength(0);
});

test("stopping ends a push that nobody answers, and one that is held back", async () => {
  developer.answer = () => undefined;
  await emulator.world.say(puppet, { text: "一", wait: false });
  emulator.world.addFault({ target: "push", holdFor: 9 });
  await emulator.world.say(puppet, { text: "二" });
  await developer.received(1);
  await emulator.stop();
  expect(developer.pushes).toHaveLength(1);
  await expect(fetch(emulator.url)).rejects.toThrow("fetch failed");
});

test("anything can be sent raw: forged, stale, malformed", async () => {
  developer.answer = (_request, response) => void response.writeHead(401).end("no");
  const query = { timestamp: "1", nonce: "2", signature: "forged" };
  const outcome = await emulator.world.sendRaw({ query, body: "<xml", contentType: "text/xml" });
  expect(outcome).toEqual({ status: 401, body: "no", problem: null });
  expect(developer.pushes[0]?.body).toBe("<xml");
  await emulator.world.sendRaw({ sign: true, body: "" });
  const signed = developer.pushes[1]?.url.searchParams;
  expect(signed?.get("signature")).toBe(sign(["lantern", signed?.get("timestamp") ?? "", signed?.get("nonce") ?? ""]));
});

test("the same seed and the same calls give the same world", async () => {
  const other = await startEmulator({ seed: 7 });
  const [one, two] = [emulator, other].map(({ world }) => {
    world.reset();
    const account = world.createAccount();
    return { account, bond: world.chat(world.createPuppet().id, account.appid) };
  });
  expect(one).toEqual(two);
  await other.stop();
});
