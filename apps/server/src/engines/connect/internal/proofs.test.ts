import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../../testing/tea-shop.ts";
import type { Member } from "../../../testing/test-server.ts";

let tea: TeaShop;
let stranger: Member;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  stranger = await tea.server.asOwner();
});
afterAll(() => tea.close());

const bind = (who: Member, appId: string, appSecret: string) =>
  who.api.connect.bindApp({ name: "Tea", appId, appSecret, pushToken: "token", mode: "plain" });
const shown = async (who: Member, id: string) =>
  (await who.api.connect.listApps({})).items.find((app) => app.id === id);
const account = () => tea.emulator.world.createAccount();
/** WeChat can't be asked just now: what is typed is kept, and proves nothing. */
const bindUnasked = (who: Member, appId: string, appSecret: string) => {
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/stable_token", drop: "before" });
  return bind(who, appId, appSecret);
};

test("a secret that WeChat doesn't accept is refused at its field, and nothing is kept of it", async () => {
  const { owner } = tea;
  const { appid, secret } = account();
  const wrong = { code: "connect.secret_refused", status: 422, details: { errcode: 40125 } };
  expect(await refusal(bind(owner, appid, "mistyped"))).toMatchObject({ ...wrong, errors: [{ field: "appSecret" }] });
  expect((await owner.api.connect.listApps({})).items.some(({ appId }) => appId === appid)).toBe(false);
  const { id: wechatAppId } = await bind(owner, appid, secret);
  const change = owner.api.connect.updateApp({ wechatAppId, appSecret: "mistyped" });
  expect(await refusal(change)).toMatchObject({ ...wrong, errors: [{ field: "appSecret" }] });
  expect(await shown(owner, wechatAppId)).toMatchObject({ provenAt: expect.any(String) as string });
  expect((await owner.api.connect.testApp({ wechatAppId })).checks[0]).toMatchObject({ check: "token", ok: true });
});

test("who writes down somebody else's AppID can't tell whether it is bound, and takes nothing from its owner", async () => {
  const { owner, bound, emulator } = tea;
  const [taken, free] = [bound.appid, account().appid];
  const answers = [];
  for (const appId of [taken, free]) {
    const {
      traceId: _,

      ...refused
    } = await refusal(bind(stranger, appId, "a guess"));
    const { id, callbackUrl, createdAt, appId: given, ...rest } = await bindUnasked(stranger, appId, "a guess");
    expect([given, callbackUrl.endsWith(id), createdAt]).toEqual([appId, true, expect.any(String)]);
    answers.push(rest);
    const { checks } = await stranger.api.connect.testApp({ wechatAppId: id });
    answers.push(checks, refused);
  }
  expect(answers.slice(3)).toEqual(answers.slice(0, 3));
  expect(answers[0]).toMatchObject({ provenAt: null });
  expect((await owner.api.connect.testApp({ wechatAppId: bound.wechatAppId })).checks[0]).toMatchObject({ ok: true });
  const puppet = emulator.world.createPuppet();
  expect(await emulator.world.follow(puppet.id, { appid: taken })).toMatchObject({ outcome: "answered" });
});

test("an AppID that a stranger wrote down before is its owner's as soon as they prove it", async () => {
  const { owner } = tea;
  const { appid, secret } = account();
  const squatter = await bindUnasked(stranger, appid, "a guess");
  // The callback's check, too, is easily passed by whoever has made up its token.
  const timestamp = String(Math.floor(tea.server.clock.now().getTime() / 1000));
  const signature = createHash("sha1").update(["token", timestamp, "1"].toSorted().join("")).digest("hex");
  const query = new URLSearchParams({ signature, timestamp, nonce: "1", echostr: "1" });
  expect((await fetch(`${tea.server.url}/api/wechat/callback/${squatter.id}?${query}`)).status).toBe(200);
  expect(await shown(stranger, squatter.id)).toMatchObject({ verifiedAt: expect.any(String) as string });
  expect(await bind(owner, appid, secret)).toMatchObject({ provenAt: expect.any(String) as string });
  expect(await shown(stranger, squatter.id)).toMatchObject({ provenAt: null });
});

test("a proven AppID isn't proven a second time, however the secret comes there, until it is another", async () => {
  const { owner, emulator } = tea;
  const { appid, secret } = account();
  const first = await bind(owner, appid, secret);
  expect(await refusal(bind(stranger, appid, secret))).toMatchObject({ code: "connect.bound_elsewhere", status: 409 });
  expect((await stranger.api.connect.listApps({})).items.some(({ appId }) => appId === appid)).toBe(false);
  const { id: wechatAppId } = await bindUnasked(stranger, appid, "a guess");
  const change = (appSecret: string) => stranger.api.connect.updateApp({ wechatAppId, appSecret });
  expect(await refusal(change(secret))).toMatchObject({ code: "connect.bound_elsewhere" });

  // Its administrator changes the secret at WeChat: what was proven with the old one proves nothing any more.
  emulator.world.account(appid).secret = "a new secret";
  expect(await change("a new secret")).toMatchObject({ provenAt: expect.any(String) as string });
  expect(await shown(owner, first.id)).toMatchObject({ provenAt: null });
  const back = owner.api.connect.updateApp({ wechatAppId: first.id, appSecret: "a new secret" });
  expect(await refusal(back)).toMatchObject({ code: "connect.bound_elsewhere" });
});

test("a secret that WeChat couldn't be asked about is proven by the first token, or that is refused", async () => {
  const { owner } = tea;
  const { appid, secret } = account();
  const theirs = await bindUnasked(owner, appid, secret);
  const second = await bindUnasked(stranger, appid, secret);
  expect([theirs.provenAt, second.provenAt]).toEqual([null, null]);
  const test = async (who: Member, wechatAppId: string) =>
    (await who.api.connect.testApp({ wechatAppId })).checks.find(({ check }) => check === "token");
  expect(await test(owner, theirs.id)).toMatchObject({ ok: true });
  expect(await shown(owner, theirs.id)).toMatchObject({ provenAt: expect.any(String) as string });
  expect(await test(stranger, second.id)).toMatchObject({
    ok: false,
    en: expect.stringContaining("another business") as string,
  });
  const channel = { wechatAppId: second.id, name: "Door", leaderName: "Qing", leaderMail: "qing@lantern-tea.example" };
  expect(await refusal(stranger.api.connect.createChannel(channel))).toMatchObject({ code: "connect.bound_elsewhere" });
});

test("thirty times two tenants prove one AppID at once, and one of them has it", async () => {
  for (let round = 0; round < 30; round++) {
    const { appid, secret } = account();
    const results = await Promise.allSettled([tea.owner, stranger].map((who) => bind(who, appid, secret)));
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  }
});
