import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import type { CheckName } from "./diagnosis.contract.ts";
import { addressIn } from "./internal/credential-checks.ts";

let tea: TeaShop;
let wechatAppId: string;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ wechatAppId } = tea.bound);
});
afterAll(() => tea.close());

const account = () => tea.emulator.world.account(tea.bound.appid);
const run = (...checks: CheckName[]) =>
  tea.owner.api.connect.diagnose({ wechatAppId, ...(checks.length === 0 ? {} : { checks }) });
const outcomes = async (...checks: CheckName[]) =>
  Object.fromEntries(
    (await run(...checks)).checks.flatMap(({ check, result }) => (result === null ? [] : [[check, result.outcome]])),
  );
const resultOf = async (check: CheckName) => {
  const { result } = (await run(check)).checks.find((each) => each.check === check)!;
  return result!;
};

test("nothing was run before somebody asks; then each check says when, and a later one changes itself alone", async () => {
  const before = await tea.owner.api.connect.getDiagnosis({ wechatAppId });
  expect(before.checks).toHaveLength(10);
  expect(before.checks.every(({ ranAt, result }) => ranAt === null && result === null)).toBe(true);
  await run("secret");
  tea.server.clock.advance(60_000);
  const { checks } = await run("callback");
  const at = (name: CheckName) => checks.find(({ check }) => check === name)!.ranAt;
  expect(new Date(at("callback")!).getTime() - new Date(at("secret")!).getTime()).toBeGreaterThanOrEqual(60_000);
  expect(at("quota")).toBeNull();
});

test("of an app that works all is well, but that nobody has written yet", async () => {
  expect(await outcomes()).toEqual({
    reach: "good",
    allow_list: "good",
    secret: "good",
    binding: "good",
    token: "good",
    callback: "good",
    pushes: "waiting",
    rights: "good",
    web: "good",
    quota: "good",
  });
  await tea.emulator.world.follow(tea.emulator.world.createPuppet().id);
  expect((await resultOf("pushes")).outcome).toBe("good");
  tea.server.clock.advance(8 * 86_400_000);
  expect(await resultOf("pushes")).toMatchObject({
    outcome: "waiting",
    found: { en: "Nothing was pushed for 8 days." },
  });
});

test("an address that isn't allowed is named, to be added at WeChat; of the secret nothing is said meanwhile", async () => {
  account().ipWhitelist = ["203.0.113.9"];
  expect(await resultOf("allow_list")).toMatchObject({
    outcome: "bad",
    errcode: 40164,
    found: { zh: "本服务器的出口 IP 127.0.0.1 不在白名单。" },
    values: [{ value: "127.0.0.1", isToCopy: true }],
    remedy: { en: expect.stringContaining("IP allow-list") as string },
  });
  expect((await resultOf("secret")).outcome).toBe("unknown");
  account().ipWhitelist = ["127.0.0.1"];
  expect(await outcomes("allow_list", "secret")).toMatchObject({ allow_list: "good", secret: "good" });
  account().ipWhitelist = null;
});

test.for([
  ["invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6a", "203.0.113.9"],
  ["invalid ip 203.0.113.9, not in whitelist", "203.0.113.9"],
  ["invalid ip 2001:db8::7 ipv6 2001:db8::7, not in whitelist", "2001:db8::7"],
  ["invalid ip: 203.0.113.9", "203.0.113.9"],
  ["not in whitelist", undefined],
] as const)("%s names the address %s", ([said, address]) => {
  expect(addressIn(said)).toBe(address);
});

test.for([
  [40125, /AppSecret is wrong/, /reset the AppSecret/],
  [40243, /is frozen/, /Unfreeze/],
  [48004, /banned/, /notices and violations/],
] as const)("WeChat's %s to the secret says what it is and what to do", async ([errcode, cause, remedy]) => {
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/stable_token", errcode });
  expect(await resultOf("secret")).toMatchObject({
    outcome: "bad",
    errcode,
    found: { en: expect.stringMatching(cause) as string, zh: expect.stringMatching(/[一-龥]/) as string },
    remedy: { en: expect.stringMatching(remedy) as string },
  });
});

test("while WeChat can't be reached only that is bad, and the rest can't be told", async () => {
  tea.emulator.world.addFault({ target: "api", drop: "before", count: 100 });
  expect(await outcomes("reach", "allow_list", "secret", "rights", "web", "quota")).toMatchObject({
    reach: "bad",
    allow_list: "unknown",
    secret: "unknown",
    rights: "unknown",
    web: "unknown",
    quota: "unknown",
  });
  tea.emulator.world.clearFaults();
  // After a failure a process asks for no other token for a second.
  tea.server.clock.advance(2000);
});

test("a token that WeChat refuses is noticed, and renewed by whoever needs one next", async () => {
  tea.emulator.world.voidTokens(tea.bound.appid);
  expect(await resultOf("token")).toMatchObject({ outcome: "bad", errcode: 40001 });
  expect(await tea.owner.api.connect.getToken({ wechatAppId })).toMatchObject({ state: "refused" });
  await tea.owner.api.connect.testApp({ wechatAppId });
  expect((await resultOf("token")).outcome).toBe("good");
});

test("what an account may not do is named with what it needs", async () => {
  Object.assign(account(), { kind: "subscription", isVerified: false });
  const rights = await resultOf("rights");
  expect(rights).toMatchObject({
    outcome: "bad",
    errcode: 48001,
    remedy: { zh: expect.stringContaining("用户管理权限") as string },
  });
  expect(rights.values.map(({ isGood }) => isGood)).toEqual([false, false, false, false]);
  expect(await resultOf("web")).toMatchObject({
    outcome: "bad",
    remedy: { zh: expect.stringContaining("网页服务权限") as string },
  });
  Object.assign(account(), { kind: "service", isVerified: true });
  expect(await resultOf("web")).toMatchObject({ outcome: "good", values: [{ isToCopy: true }, { isToCopy: true }] });
});

test("calls that are used up are named, with how many resets are left", async () => {
  account().dailyLimits["/cgi-bin/user/info"] = 0;
  expect(await resultOf("quota")).toMatchObject({
    outcome: "bad",
    found: { en: "Today's calls are used up: Profiles of followers." },
    remedy: { en: expect.stringContaining("10 resets are left") as string },
  });
  delete account().dailyLimits["/cgi-bin/user/info"];
});

test("a push that was refused says which of token, key and mode is wrong, until WeChat checks the address again", async () => {
  const { owner, emulator, server, bound } = tea;
  const puppet = emulator.world.createPuppet();
  await emulator.world.follow(puppet.id);
  const push = { url: `${server.url}/api/wechat/callback/${wechatAppId}`, format: "xml", mode: "safe" } as const;
  const { pushToken: token, encodingAesKey } = bound;
  const wrong = [
    [{ ...push, token: "anotherToken", encodingAesKey }, /tokens of both sides differ/],
    [{ ...push, token, encodingAesKey: "a".repeat(42) + "A" }, /EncodingAESKeys of both sides differ/],
    [{ ...push, token, encodingAesKey, mode: "plain" as const }, /different modes/],
  ] as const;
  for (const [settings, cause] of wrong) {
    server.clock.advance(20_000);
    // WeChat's own page would refuse an address that fails its check; one that was changed here since stands there.
    account().push = { ...account().push!, ...settings };
    await emulator.world.say(puppet.id, { appid: bound.appid, text: "茶" });
    expect(await resultOf("pushes")).toMatchObject({
      outcome: "bad",
      found: { en: expect.stringMatching(cause) as string },
    });
  }
  server.clock.advance(20_000);
  await emulator.world.configurePush(bound.appid, { ...push, token, encodingAesKey });
  expect((await resultOf("callback")).outcome).toBe("good");
  expect((await resultOf("pushes")).outcome).not.toBe("bad");
  await owner.api.connect.updateApp({ wechatAppId, enabled: false });
  expect(await resultOf("callback")).toMatchObject({
    outcome: "bad",
    found: { en: expect.stringContaining("switched off") as string },
  });
  await owner.api.connect.updateApp({ wechatAppId, enabled: true });
});

test("an AppID that another business has proven is told as such; until it is proven here it blocks nobody", async () => {
  const { owner, server, emulator } = tea;
  const { appid: appId, secret: appSecret } = emulator.world.createAccount();
  const bind = { name: "Stall", appId, appSecret, pushToken: "token", mode: "plain" as const };
  // Written down while WeChat couldn't be asked.
  emulator.world.addFault({ target: "api", path: "/cgi-bin/stable_token", drop: "before" });
  const ours = await owner.api.connect.bindApp(bind);
  const stranger = await server.asOwner();
  const theirs = await stranger.api.connect.bindApp(bind);
  expect(theirs.state).not.toBe("unproven");
  const { checks } = await owner.api.connect.diagnose({ wechatAppId: ours.id, checks: ["binding"] });
  expect(checks.find(({ check }) => check === "binding")?.result).toMatchObject({
    outcome: "bad",
    found: { en: expect.stringContaining("another business") as string },
  });
  expect(await refusal(stranger.api.connect.diagnose({ wechatAppId: ours.id }))).toMatchObject({
    code: "kit.not_found",
  });
});

test("who only sees apps sees what checks found, and runs none", async () => {
  const { api } = await tea.server.as("developer", tea.owner);
  expect((await api.connect.getDiagnosis({ wechatAppId })).checks).toHaveLength(10);
  expect(await refusal(api.connect.diagnose({ wechatAppId }))).toMatchObject({ code: "kit.forbidden" });
});
