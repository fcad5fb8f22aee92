import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "@zhanggui/kit/contract/client";
import { contracts } from "../contracts.ts";
import { demoLogins, demoPassword } from "../foundation/access/demo-logins.ts";
import { EmulatorControl } from "./emulator-control.ts";
import { bindLanternTea, saying } from "./lantern-tea.ts";
import { givePast } from "./past/past.ts";
import { openTasting } from "./tasting-form.ts";
import { openTexts } from "./texts.ts";

export interface DemoOptions {
  readonly serverUrl: string;
  readonly emulatorUrl: string;
  readonly setupToken: string;
  /** The server's database, where the past is put. */
  readonly databaseUrl: string;
  readonly log: (line: string) => void;
}

interface Story {
  readonly name: string;
  /** Which channel's code they scan first; none: they find the account by themselves. */
  readonly scans?: "poster" | "live";
  readonly says?: readonly string[];
  readonly leaves?: boolean;
}

const stories: readonly Story[] = [
  { name: "小满", scans: "poster", says: ["菜单", "桂花乌龙还有吗？"] },
  { name: "阿岚", scans: "poster", says: ["你好"] },
  { name: "陈果", scans: "live", says: ["今天的菜单是什么"] },
  { name: "木木", scans: "live" },
  { name: "白露", says: ["菜单"] },
  { name: "老周", scans: "poster", leaves: true },
  { name: "Coral", scans: "live", says: ["hello", "menu 菜单"] },
  { name: "十一", says: ["几点关门？"] },
  { name: "米粒", scans: "poster", says: ["谢谢，茶很好喝"] },
];

/**
 * Opens Lantern Tea in an empty installation: accounts, bound official accounts, channel codes, replies, a scene; the
 * ninety days before today; and people who come, write and go now. What is done now goes through the public API and
 * through the emulator, so that the demo is itself a test.
 */
export async function seedDemo({ serverUrl, emulatorUrl, setupToken, databaseUrl, log }: DemoOptions) {
  const api = await openTenant(serverUrl, setupToken);
  log("tenant and accounts");
  const wechat = new EmulatorControl(emulatorUrl);
  const bound = await bindLanternTea({ api }, wechat, serverUrl);
  log("official account bound");
  const past = { api, wechat, serverUrl, databaseUrl, bound, now: new Date() };
  log(`ninety days went by, ${await givePast(past)} people came`);
  const live = await api.connect.createChannel({
    wechatAppId: bound.wechatAppId,
    name: "周五直播间",
    leaderName: "小禾",
    leaderMail: "he@lantern-tea.example",
    validDays: 30,
  });
  await api.messaging.createRule({
    name: "直播间欢迎语",
    on: "scan",
    channelId: live.id,
    replies: saying("欢迎来到灯笼茶直播间，回复“菜单”领取今日茶单。"),
  });
  await wechat.menu(bound.appid);
  await openTasting(api);
  await openTexts(api, wechat);
  const codes = { poster: bound.channel.ticket, live: live.ticket };
  const openids = new Map<string, string>();
  for (const story of stories) openids.set(story.name, await play(wechat, bound.appid, story, codes));
  log(`${stories.length} more came by today`);
  await wechat.settled();
  // WeChat tells no names; an operator who knows somebody writes the name down.
  for (const [name, openid] of openids) await nameThem(api, openid, name);
  return { logins: demoLogins.map((each) => ({ ...each, password: demoPassword })) };
}

/** Plays a story and returns the openid of whoever it is about. */
async function play(
  wechat: EmulatorControl,
  appid: string,
  { name, scans, says = [], leaves }: Story,
  codes: { poster: string; live: string },
): Promise<string> {
  const puppet = await wechat.puppet(name);
  await (scans === undefined
    ? wechat.act(puppet, "follow", { appid })
    : wechat.act(puppet, "scan", { code: codes[scans] }));
  for (const text of says) await wechat.act(puppet, "say", { appid, text });
  if (leaves) await wechat.act(puppet, "unfollow", { appid });
  return wechat.openid(puppet, appid);
}

/** Waits for the worker: a person is known a moment after their first message. */
async function nameThem(
  api: Awaited<ReturnType<typeof openTenant>>,
  openid: string,
  displayName: string,
): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const [person] = (await api.audience.listPeople({ search: openid })).items;
    if (person !== undefined) {
      await api.audience.updatePerson({ personId: person.id, displayName });
      return;
    }
    await pause(50);
  }
  throw new Error(`${displayName} wrote, but the server has not made a person of them`);
}

async function openTenant(serverUrl: string, setupToken: string) {
  let accessToken = "";
  const api = createClient(contracts, {
    baseUrl: serverUrl,
    headers: () => (accessToken === "" ? {} : { authorization: `Bearer ${accessToken}` }),
  });
  const names = {
    owner: "掌柜",
    operator: "运营 小禾",
    finance: "财务 阿算",
    reviewer: "审批 老徐",
    developer: "开发 阿码",
  };
  const owner = demoLogins.find(({ role }) => role === "owner");
  if (owner === undefined) throw new Error("the demo has no owner");
  const session = await api.access.setup({
    setupToken,
    tenantName: "灯笼茶 Lantern Tea",
    login: owner.login,
    displayName: names.owner,
    password: demoPassword,
  });
  accessToken = session.accessToken;
  const roles = await api.access.listRoles();
  for (const { role, login } of demoLogins.filter((each) => each !== owner)) {
    const roleIds = roles.items.filter(({ builtIn }) => builtIn === role).map(({ id }) => id);
    await api.access.createAccount({ login, displayName: names[role], password: demoPassword, roleIds });
  }
  return api;
}
