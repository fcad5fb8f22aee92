import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { refusal } from "../../testing/refusal.ts";
import { responder } from "./responders.ts";

let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterAll(() => tea.close());

test("a bound app's secrets are sealed in the database, and no route shows them", async () => {
  const { owner, server, bound, emulator } = tea;
  const secret = emulator.world.account(bound.appid).secret;
  const rows = JSON.stringify(await server.runtime.unscopedDb().selectFrom("connect_app").selectAll().execute());
  const shown = JSON.stringify(await owner.api.connect.listApps());
  for (const text of [secret, bound.pushToken, bound.encodingAesKey]) {
    expect(rows).not.toContain(text);
    expect(shown).not.toContain(text);
  }
  await owner.api.connect.testApp({ wechatAppId: bound.wechatAppId });
  const tokens = await server.runtime.unscopedDb().selectFrom("connect_token").selectAll().execute();
  expect(tokens[0]?.valueSealed).toMatch(/^[\w-]{8}\./);
});

test("a binding is tested from both sides, and says what to do", async () => {
  const { owner, emulator, bound } = tea;
  const before = await owner.api.connect.testApp({ wechatAppId: bound.wechatAppId });
  expect(before.checks.map(({ check, ok }) => [check, ok])).toEqual([
    ["token", true],
    ["callback", true],
    ["push", false],
  ]);
  await emulator.world.follow(emulator.world.createPuppet().id);
  const after = await owner.api.connect.testApp({ wechatAppId: bound.wechatAppId });
  expect(after.checks.every(({ ok }) => ok)).toBe(true);
  const { appid: appId, secret: appSecret } = emulator.world.createAccount();
  const keys = { name: "Wrong", appId, pushToken: "token", mode: "plain" as const };
  const wrong = await owner.api.connect.bindApp({ ...keys, appSecret });
  emulator.world.account(appId).secret = "another one";
  const { checks } = await owner.api.connect.testApp({ wechatAppId: wrong.id });
  expect(checks[0]).toMatchObject({ check: "token", ok: false, en: expect.stringContaining("AppSecret") as string });
  expect(checks[1]).toMatchObject({ check: "callback", ok: false });
});

test("one account is bound once; encrypted modes need a key; a changed secret is used at once", async () => {
  const { owner, emulator } = tea;
  const account = emulator.world.createAccount();
  const app = { name: "Second", appId: account.appid, appSecret: account.secret, pushToken: "token" };
  await expect(owner.api.connect.bindApp({ ...app, mode: "safe" })).rejects.toMatchObject({
    problem: { code: "kit.invalid_input", errors: [{ field: "encodingAesKey" }] },
  });
  const bound = await owner.api.connect.bindApp({ ...app, mode: "plain" });
  await expect(owner.api.connect.bindApp({ ...app, mode: "plain" })).rejects.toMatchObject({
    code: "connect.app_taken",
    problem: { errors: [{ field: "appId" }] },
  });
  await expect(owner.api.connect.updateApp({ wechatAppId: bound.id, mode: "safe" })).rejects.toMatchObject({
    code: "connect.aes_key_missing",
  });
  const channel = { wechatAppId: bound.id, name: "Door", leaderName: "Qing", leaderMail: "qing@lantern-tea.example" };
  emulator.world.account(account.appid).secret = "a new secret";
  await expect(owner.api.connect.createChannel(channel)).rejects.toMatchObject({
    code: "connect.wechat_refused",
    problem: { status: 502, details: { errcode: 40125 } },
  });
  await owner.api.connect.updateApp({ wechatAppId: bound.id, appSecret: "a new secret" });
  expect(await owner.api.connect.createChannel(channel)).toMatchObject({ name: "Door", expiresAt: null, people: 0 });
  await expect(owner.api.connect.createChannel(channel)).rejects.toMatchObject({
    code: "connect.channel_name_taken",
    problem: { errors: [{ field: "name" }] },
  });
});

test("a channel is renamed and given to another leader; a name that is taken is refused at its field", async () => {
  const { owner, bound } = tea;
  const leader = { leaderName: "Qing", leaderMail: "qing@lantern-tea.example" };
  const { wechatAppId } = bound;
  const created = await owner.api.connect.createChannel({ wechatAppId, name: "Stall", ...leader });
  await owner.api.connect.createChannel({ wechatAppId, name: "Counter", ...leader });
  const { id: channelId } = created;
  const changed = { ...created, name: "Market stall", leaderName: "Lan" };
  expect(await owner.api.connect.updateChannel({ channelId, name: "Market stall", leaderName: "Lan" })).toEqual(
    changed,
  );
  expect(await owner.api.connect.updateChannel({ channelId })).toEqual(changed);
  await expect(owner.api.connect.updateChannel({ channelId, name: "Counter" })).rejects.toMatchObject({
    code: "connect.channel_name_taken",
    problem: { errors: [{ field: "name" }] },
  });
});

test("a channel counts scans and people, and its code may expire", async () => {
  const { owner, emulator, bound, server } = tea;
  const channel = await owner.api.connect.createChannel({
    wechatAppId: bound.wechatAppId,
    name: "Fair",
    leaderName: "Qing",
    leaderMail: "qing@lantern-tea.example",
    validDays: 3,
  });
  expect(new Date(channel.expiresAt!).getTime() - server.clock.now().getTime()).toBeGreaterThan(2.9 * 86_400_000);
  const [a, b] = [emulator.world.createPuppet(), emulator.world.createPuppet()];
  await emulator.world.scan(a.id, { code: channel.ticket });
  server.clock.advance(1000);
  await emulator.world.scan(a.id, { code: channel.ticket });
  await emulator.world.scan(b.id, { code: channel.ticket });
  const listed = (await owner.api.connect.listChannels()).items.find(({ id }) => id === channel.id);
  expect(listed).toMatchObject({ scans: 3, people: 2 });
});

test("a responder that is late, or fails, costs nobody a message", async () => {
  const { server, owner, emulator, bound } = tea;
  let asked = 0;
  const late = responder(async () => (message) => {
    asked += 1;
    if (message.text === "fail") throw new Error("oops");
    return message.text === "late" ? new Promise(() => {}) : Promise.resolve(undefined);
  });
  server.app.get(Extensions).add("test.late", late);
  await owner.api.settings.change({ key: "connect.replyTimeoutMs", value: 100, version: 0 });
  const puppet = emulator.world.createPuppet();
  await emulator.world.follow(puppet.id, { appid: bound.appid });
  for (const text of ["late", "fail"]) {
    const report = await emulator.world.say(puppet.id, { appid: bound.appid, text });
    expect(report).toMatchObject({ outcome: "silent", tries: [{ status: 200 }] });
  }
  expect(asked).toBe(2);
  const inbound = await owner.api.connect.listInbound({ openid: emulator.world.chat(puppet.id, bound.appid).openid });
  expect(inbound.items.map(({ kind, reply }) => [kind, reply])).toEqual([
    ["text", null],
    ["text", null],
    ["event:subscribe", "欢迎来到灯笼茶！回复“菜单”看看今天有什么。"],
  ]);
});

test("sixty times two people change one app at once, and neither undoes the other", async () => {
  const { owner, emulator } = tea;
  const { appid, secret } = emulator.world.createAccount();
  const app = await owner.api.connect.bindApp({
    name: "0",
    appId: appid,
    appSecret: secret,
    pushToken: "token",
    mode: "plain",
  });
  const wechatAppId = app.id.toUpperCase();
  for (let round = 1; round <= 60; round++) {
    const enabled = round % 2 === 0;
    await Promise.all([
      owner.api.connect.updateApp({ wechatAppId, name: `${round}` }),
      owner.api.connect.updateApp({ wechatAppId, enabled, pushToken: `token${round}` }),
    ]);
    const now = (await owner.api.connect.listApps()).items.find(({ id }) => id === app.id);
    expect(now).toMatchObject({ name: `${round}`, enabled });
  }
  const url = `${tea.server.url}/api/wechat/callback/${app.id}`;
  expect(await emulator.world.configurePush(appid, { url, token: "token60", mode: "plain" })).toBeTruthy();
});

test("the address is checked anew after a change, and an old check proves nothing", async () => {
  const { owner, bound, emulator, server } = tea;
  const shown = async () => (await owner.api.connect.listApps()).items.find(({ id }) => id === bound.wechatAppId)!;
  expect((await shown()).verifiedAt).not.toBeNull();
  const check = emulator.world.journal({ kind: "check", appid: bound.appid })[0]!;
  await owner.api.connect.updateApp({ wechatAppId: bound.wechatAppId, pushToken: bound.pushToken });
  expect((await shown()).verifiedAt).toBeNull();
  server.clock.advance(3_600_000);
  expect((await fetch(check.url)).status).toBe(403);
  expect((await shown()).verifiedAt).toBeNull();
  const { push } = emulator.world.account(bound.appid);
  await emulator.world.configurePush(bound.appid, { ...push!, encodingAesKey: bound.encodingAesKey });
  expect((await shown()).verifiedAt).not.toBeNull();
});

test("a disabled app's pushes are refused, and taken again when it is enabled", async () => {
  const { owner, emulator, bound } = tea;
  const puppet = emulator.world.createPuppet();
  await owner.api.connect.updateApp({ wechatAppId: bound.wechatAppId, enabled: false });
  expect(await emulator.world.follow(puppet.id, { appid: bound.appid })).toMatchObject({
    outcome: "failed",
    tries: [{ status: 403 }, {}, {}],
  });
  await owner.api.connect.updateApp({ wechatAppId: bound.wechatAppId, enabled: true });
  expect(await emulator.world.say(puppet.id, { appid: bound.appid, text: "菜单" })).toMatchObject({
    outcome: "answered",
  });
});

test("a channel that is off is one that nobody knows; its figures stay, and it is taken up again", async () => {
  const { owner, emulator, bound } = tea;
  const leader = { leaderName: "Qing", leaderMail: "qing@lantern-tea.example" };
  const channel = await owner.api.connect.createChannel({ wechatAppId: bound.wechatAppId, name: "Fence", ...leader });
  const scan = async () => {
    const puppet = emulator.world.createPuppet();
    const report = await emulator.world.scan(puppet.id, { code: channel.ticket });
    return report.reply;
  };
  const { id: channelId } = channel;
  const figures = async () =>
    (await owner.api.connect.listChannels({ search: "fence" })).items.map(({ scans, people }) => [scans, people]);
  expect(await scan()).toMatchObject({ text: "欢迎来到灯笼茶，门店海报的朋友！" });
  await owner.api.connect.updateChannel({ channelId, enabled: false });
  // Whoever scans it follows, as anybody.
  expect(await scan()).toMatchObject({ text: "欢迎来到灯笼茶！回复“菜单”看看今天有什么。" });
  expect(await figures()).toEqual([[1, 1]]);
  await owner.api.connect.updateChannel({ channelId, enabled: true });
  await scan();
  expect(await figures()).toEqual([[2, 2]]);
  expect(await refusal(owner.api.connect.deleteChannel({ channelId }))).toMatchObject({
    code: "connect.channel_in_use",
    status: 409,
    details: { people: 2 },
  });
  expect(await figures()).toEqual([[2, 2]]);
});

test("a channel that nobody came in by is deleted, and its name is free", async () => {
  const { owner, bound } = tea;
  const channel = {
    wechatAppId: bound.wechatAppId,
    name: "Never hung",
    leaderName: "Qing",
    leaderMail: "qing@lantern-tea.example",
  };
  const { id: channelId } = await owner.api.connect.createChannel(channel);
  await owner.api.connect.deleteChannel({ channelId });
  expect(await refusal(owner.api.connect.deleteChannel({ channelId }))).toMatchObject({ code: "kit.not_found" });
  expect(await owner.api.connect.createChannel(channel)).toMatchObject({ name: "Never hung" });
});

test("an app that is unbound forgets its secrets and keeps its people; bound again, it goes on where it stood", async () => {
  const { owner, emulator, server } = tea;
  const { appid, secret } = emulator.world.createAccount();
  const keys = { name: "Pop-up", appId: appid, appSecret: secret, pushToken: "token", mode: "plain" } as const;
  const { id: wechatAppId } = await owner.api.connect.bindApp(keys);
  const url = `${server.url}/api/wechat/callback/${wechatAppId}`;
  await emulator.world.configurePush(appid, { url, token: "token", mode: "plain" });
  const puppet = emulator.world.createPuppet();
  await emulator.world.follow(puppet.id, { appid });
  await tea.settle();
  const { openid } = emulator.world.chat(puppet.id, appid);
  const person = async () => (await owner.api.audience.listPeople({ search: openid })).items[0]!.id;
  const personId = await person();
  await owner.api.connect.unbindApp({ wechatAppId });
  const row = server.runtime.unscopedDb().selectFrom("connect_app").selectAll().where("id", "=", wechatAppId);
  const [kept] = await row.execute();
  const { secrets } = server.runtime;
  expect(secrets.open(kept!.secretSealed, `connect_app:${wechatAppId}:secret`)).toBe("");
  expect(await emulator.world.say(puppet.id, { appid, text: "还在吗" })).toMatchObject({ outcome: "failed" });
  const gone = [
    () => owner.api.connect.unbindApp({ wechatAppId }),
    () => owner.api.connect.updateApp({ wechatAppId, enabled: true }),
    () => owner.api.connect.testApp({ wechatAppId }),
    () =>
      owner.api.connect.createChannel({ wechatAppId, name: "x", leaderName: "x", leaderMail: "x@lantern-tea.example" }),
  ];
  for (const call of gone) expect(await refusal(call())).toMatchObject({ code: "kit.not_found" });
  expect((await owner.api.connect.listApps({ search: appid })).items).toEqual([]);
  expect((await owner.api.audience.getPerson({ personId })).identities).toMatchObject([{ wechatAppName: "Pop-up" }]);

  expect(await owner.api.connect.bindApp({ ...keys, name: "Pop-up again" })).toMatchObject({ id: wechatAppId });
  await emulator.world.configurePush(appid, { url, token: "token", mode: "plain" });
  await emulator.world.say(puppet.id, { appid, text: "回来了" });
  await tea.settle();
  expect(await person()).toBe(personId);
});

test("an app that is off sends nothing and makes no codes", async () => {
  const { owner, bound } = tea;
  const { wechatAppId } = bound;
  const channel = { wechatAppId, name: "Off", leaderName: "Qing", leaderMail: "qing@lantern-tea.example" };
  await owner.api.connect.updateApp({ wechatAppId, enabled: false });
  expect(await refusal(owner.api.connect.createChannel(channel))).toMatchObject({
    code: "connect.app_off",
    errors: [{ field: "wechatAppId" }],
  });
  // Its secret can be tested all the same: before it is switched on.
  expect((await owner.api.connect.testApp({ wechatAppId })).checks[0]).toMatchObject({ ok: true });
  await owner.api.connect.updateApp({ wechatAppId, enabled: true });
});

test("WeChat out of reach is a fault that says so", async () => {
  const { owner, emulator, bound } = tea;
  emulator.world.addFault({ target: "api", path: "/cgi-bin/qrcode/create", drop: "before" });
  const channel = {
    wechatAppId: bound.wechatAppId,
    name: "Gone",
    leaderName: "Qing",
    leaderMail: "qing@lantern-tea.example",
  };
  await expect(owner.api.connect.createChannel(channel)).rejects.toMatchObject({ code: "connect.wechat_unreachable" });
  expect((await owner.api.connect.listChannels()).items.some(({ name }) => name === "Gone")).toBe(false);
});
