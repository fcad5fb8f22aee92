import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../emulator.ts";
import { restoreWorld, saveWorld } from "../memory/world.ts";
import { State } from "./state.ts";
import type { PastInput } from "./inputs.ts";

let emulator: Emulator;
let appid: string;
let secret: string;

beforeAll(async () => {
  emulator = await startEmulator({ seed: 3 });
});
beforeEach(() => {
  emulator.world.reset();
  ({ appid, secret } = emulator.world.createAccount({ name: "灯笼茶", openPlatform: "tea" }));
  emulator.world.addTemplate(appid, { templateId: "T", title: "入会提醒", content: "{{first.DATA}}" });
});
afterAll(() => emulator.stop());

type Told = PastInput["bonds"][number];
const hourMs = 3_600_000;
const said = (hoursAgo: number, text: string, from: "puppet" | "account" = "puppet") => {
  const via = from === "account" ? ("passive" as const) : null;
  return { at: Date.now() - hoursAgo * hourMs, from, via, content: { kind: "text" as const, text } };
};
const follower = (id: string, more: Partial<Told> = {}): Told => ({
  puppet: { id, name: id },
  following: true,
  followedAt: Date.now() - 50 * hourMs,
  ...more,
});

async function call(path: string, body: object): Promise<Record<string, unknown>> {
  const token = await fetch(`${emulator.url}/cgi-bin/stable_token`, {
    method: "POST",
    body: JSON.stringify({ grant_type: "client_credential", appid, secret }),
  });
  const { access_token } = (await token.json()) as { access_token: string };
  const answer = await fetch(`${emulator.url}${path}?access_token=${access_token}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, unknown>;
}
const template = (touser: string) =>
  call("/cgi-bin/message/template/send", { touser, template_id: "T", data: { first: { value: "你好" } } });
const custom = (touser: string) =>
  call("/cgi-bin/message/custom/send", { touser, msgtype: "text", text: { content: "在" } });

async function tell(bonds: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${emulator.url}/emulator/accounts/${appid}/past`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ bonds }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test("who followed before can be written to, and who left can't; nothing was pushed for it", async () => {
  const [stays, left] = emulator.world.remember(appid, {
    bonds: [follower("stays", { scene: "poster" }), follower("left", { following: false })],
  });
  expect(emulator.world.journal()).toEqual([]);
  expect(await template(stays!.openid)).toMatchObject({ errcode: 0 });
  expect(await template(left!.openid)).toMatchObject({ errcode: 43004 });
  expect(emulator.world.chat("stays", appid)).toMatchObject({
    subscribeScene: "ADD_SCENE_QR_CODE",
    qrSceneText: "poster",
    unionid: stays!.unionid,
    chat: [{ content: { kind: "template", lines: [{ text: "你好" }] } }],
  });
});

test("what was said decides whether an answer may still be sent", async () => {
  const [lately, long, never] = emulator.world.remember(appid, {
    bonds: [
      follower("lately", { chat: [said(47, "还有吗"), said(40, "没有", "account")] }),
      follower("long", { chat: [said(49, "还有吗")] }),
      follower("never"),
    ],
  });
  expect(await custom(lately!.openid)).toMatchObject({ errcode: 0 });
  for (const { openid } of [long!, never!]) expect(await custom(openid)).toMatchObject({ errcode: 45015 });
});

test("told again, with more, the same people have the same openids and what was told last", () => {
  const first = emulator.world.remember(appid, { bonds: [follower("tea")] });
  const again = emulator.world.remember(appid, { bonds: [follower("tea", { chat: [said(3, "一"), said(2, "二")] })] });
  expect(again).toEqual(first);
  expect(emulator.world.puppets()).toHaveLength(1);
  const { chat } = emulator.world.chat("tea", appid);
  expect(chat.map(({ content }) => content)).toMatchObject([{ text: "一" }, { text: "二" }]);
  expect(new Set(chat.map(({ id }) => id)).size).toBe(2);
});

test("they are still there after a restart, and life goes on", () => {
  emulator.world.remember(appid, { bonds: [follower("tea", { chat: [said(3, "一")] })] });
  const { state } = emulator.world;
  const options = { clock: state.clock, seed: state.seed, pushTimeoutMs: 100, url: state.url, smtpUrl: state.smtpUrl };
  const restarted = new State(options);
  restoreWorld(restarted, saveWorld(state));
  expect(Array.from(restarted.bonds.values(), (bond) => bond.toJSON())).toEqual(emulator.world.bonds());
});

test("thousands of them in one call, and one that isn't right refuses all", async () => {
  const many = Array.from({ length: 3000 }, (_, n) => follower(`guest-${n}`, { chat: [said(1, "菜单")] }));
  const { status, body } = await tell(many);
  expect([status, (body["bonds"] as object[]).length]).toEqual([200, 3000]);
  for (const wrong of [
    { ...follower("x"), puppet: { name: "nobody" } },
    { ...follower("x"), chat: [{ ...said(1, "x"), from: "nobody" }] },
    { ...follower("x"), followedAt: -1 },
    { ...follower("x"), openid: "oMine" },
  ]) {
    expect(await tell([follower("y"), wrong])).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_request" } },
    });
  }
  expect(emulator.world.puppets()).toHaveLength(3000);
});
