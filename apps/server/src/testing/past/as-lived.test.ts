import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import pg from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { bindLanternTea, welcomeTemplate } from "../lantern-tea.ts";
import { openTestServer, testPassword, type TestServer } from "../test-server.ts";
import { demoLogins } from "../../foundation/access/demo-logins.ts";
import { furnish } from "./furnish.ts";
import type { Shop } from "./ledger.ts";
import { live } from "./live.ts";
import { load } from "./load.ts";
import { introduce, type PastSide, shopOf } from "./past.ts";
import type { Guest } from "./people.ts";
import type { Act, Happening, Story } from "./story.ts";

/*
 * The rows of the past are made without the product. So a small story is lived for real, over the wire and by the turned
 * clock, and made a second time as the past is made: nothing but ids and moments tells the two databases apart.
 */
const zone = "Asia/Shanghai";
/** 43 days later: on the evening of the story WeChat doesn't have the template (`outages.ts`). */
const today = "2026-11-29";
const guest = (number: number, more: Partial<Guest> = {}): Guest => ({
  puppetId: `guest-${number}`,
  nickname: `客人${number}`,
  knownAs: undefined,
  templateDelivery: "success",
  talk: "often",
  ...more,
});
const [mei, blocks, leaves, member, breaks] = [
  guest(1),
  guest(2, { templateDelivery: "user_block" }),
  guest(3),
  guest(4),
  guest(5, { templateDelivery: "system_failed" }),
] as const;

/** Twenty minutes after the other, at half past a minute: what takes a moment stays within it. */
function storyOf(...acts: readonly (readonly [Guest, Act, account?: "club"])[]): Story {
  const from = Date.parse("2026-10-17T02:00:30.000Z");
  const happenings = acts.map(([guest, act, account], index): Happening => ({
    at: new Date(from + index * 1_200_000),
    guest,
    account: account ?? "shop",
    act,
  }));
  return { guests: [mei, blocks, leaves, member, breaks], happenings };
}

const story = storyOf(
  [mei, { kind: "follow", channel: "poster" }],
  [mei, { kind: "say", text: "菜单" }],
  [mei, { kind: "say", text: "今天营业吗？" }],
  [mei, { kind: "say", text: "桂花乌龙还有吗？" }],
  [mei, { kind: "name", name: "小满" }],
  [mei, { kind: "scan", channel: "counter" }],
  [mei, { kind: "scan", channel: "counter" }],
  [mei, { kind: "tag", name: "常客" }],
  [mei, { kind: "tag", name: "收银台" }],
  [mei, { kind: "identify", as: "phone", value: "10000000001" }],
  [blocks, { kind: "follow", channel: "market" }],
  [breaks, { kind: "follow", channel: "card" }],
  [leaves, { kind: "follow" }],
  [leaves, { kind: "tap", button: "TODAY" }],
  [leaves, { kind: "open", url: "http://127.0.0.1/stores" }],
  [leaves, { kind: "locate", label: "灯笼巷 8 号", latitude: 30.25, longitude: 120.16 }],
  [leaves, { kind: "unfollow" }],
  [leaves, { kind: "follow", channel: "counter" }],
  [member, { kind: "follow", channel: "counter" }],
  [member, { kind: "tag", name: "常客" }],
  [member, { kind: "follow" }, "club"],
  [member, { kind: "say", text: "Menu 菜单" }, "club"],
  [mei, { kind: "follow" }, "club"],
  [mei, { kind: "unfollow" }, "club"],
  [member, { kind: "scan", channel: "poster" }],
);
/** From here on the template is gone. */
const gone = story.happenings.at(-1);

interface World {
  readonly server: TestServer;
  readonly emulator: Emulator;
  readonly clock: TurnableClock;
  readonly wechat: PastSide;
  readonly shop: Shop;
}

async function open(): Promise<World> {
  const clock = new TurnableClock(Date.parse("2026-10-17T01:00:30.000Z") - Date.now());
  const emulator = await startEmulator({ clock, seed: 5 });
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  const server = await openTestServer(inject("clusterUrl"), { clock, env });
  onTestFinished(async () => {
    await server.close();
    await emulator.stop();
  });
  const { world } = emulator;
  const wechat: PastSide = {
    createAccount: ({ name }) => world.createAccount({ name, openPlatform: "lantern-tea" }),
    addTemplate: (appid, template) => world.addTemplate(appid, template),
    configurePush: (appid, push) => world.configurePush(appid, push),
    account: (appid) => world.account(appid),
    remember: (appid, past) => world.remember(appid, past),
  };
  const owner = await server.asOwner();
  const { items: roles } = await owner.api.access.listRoles();
  for (const { role, login } of demoLogins) {
    const roleIds = roles.filter(({ builtIn }) => builtIn === role).map(({ id }) => id);
    await owner.api.access.createAccount({ login, displayName: role, password: testPassword, roleIds });
  }
  const bound = await bindLanternTea(owner, wechat, server.url);
  const furnished = await furnish(owner.api, wechat, server.url, bound);
  const shop = await shopOf(owner.api, server.databaseUrl, furnished);
  world.account(shop.accounts.shop.appId).menu = [
    { type: "click", name: "今日茶单", key: "TODAY" },
    { type: "view", name: "门店地址", url: "http://127.0.0.1/stores" },
  ];
  const opened = { server, emulator, clock, wechat, shop };
  // What the binding of its apps brings with it is no part of either past.
  await settle(opened);
  return opened;
}

async function settle({ server, emulator }: World): Promise<void> {
  for (let pass = 0; pass < 2; pass++) {
    await server.runUntilIdle();
    await emulator.world.settle();
  }
  await server.runUntilIdle();
}

/** Does it for real. */
async function act(world: World, happening: Happening): Promise<void> {
  const { emulator, shop } = world;
  const { guest, account, act } = happening;
  const { world: wechat } = emulator;
  const { puppetId: id } = guest;
  const { appId: appid } = shop.accounts[account];
  switch (act.kind) {
    case "follow":
      await (act.channel === undefined
        ? wechat.follow(id, { appid })
        : wechat.scan(id, { code: shop.channels[act.channel].ticket }));
      return;
    case "scan":
      await wechat.scan(id, { code: shop.channels[act.channel].ticket });
      return;
    case "unfollow":
      await wechat.unfollow(id, { appid });
      return;
    case "say":
      await wechat.say(id, { appid, text: act.text });
      return;
    case "tap":
      await wechat.tap(id, { appid, button: act.button });
      return;
    case "open":
      await wechat.tap(id, { appid, button: act.url });
      return;
    case "locate": {
      const { label, latitude, longitude } = act;
      await wechat.sendLocation(id, { appid, label, latitude, longitude });
      return;
    }
    case "speak":
      throw new Error("the stand-in's people don't speak");
    case "name":
    case "tag":
    case "identify":
      await actAsOperator(world, act, wechat.chat(id, appid).openid);
  }
}

async function actAsOperator({ server }: World, act: Act, openid: string): Promise<void> {
  const login = { login: "operator@lantern-tea.example", password: testPassword };
  const { accessToken } = await server.anonymous().access.login(login);
  const { audience } = server.anonymous({ authorization: `Bearer ${accessToken}` });
  const [person] = (await audience.listPeople({ search: openid })).items;
  const personId = person!.id;
  if (act.kind === "name") await audience.updatePerson({ personId, displayName: act.name });
  if (act.kind === "tag") await audience.addTag({ personId, name: act.name });
  if (act.kind === "identify") await audience.updatePerson({ personId, [act.as]: act.value });
}

const tables = [
  "connect_inbound",
  "connect_channel_visitor",
  "kit_event",
  "kit_handled",
  "kit_dead",
  "audience_tag",
  "audience_person",
  "audience_identity",
  "audience_person_tag",
  "audience_timeline",
  "messaging_delivery",
  "messaging_step",
  "messaging_receipt",
  "messaging_rule",
];

/** What stands in a table, with names for ids and minutes for moments; what is made up anew each time says only its kind. */
async function written({ server, shop }: World): Promise<Record<string, string[]>> {
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  const names = new Map<string, string>([[shop.operator.id, "operator"]]);
  for (const [key, { id }] of Object.entries(shop.accounts)) names.set(id, `account ${key}`);
  for (const [key, { id, ticket }] of Object.entries(shop.channels)) names.set(id, key).set(ticket, `ticket ${key}`);
  for (const { id, name } of [...shop.rules, ...shop.scenes]) names.set(id, name);
  const { rows: people } = await client.query<{ id: string; name: string }>(
    "SELECT p.id, coalesce((SELECT min(value) FROM audience_identity i WHERE i.person_id = p.id), display_name) AS name FROM audience_person p",
  );
  for (const { id, name } of people) names.set(id, `person ${name}`);
  const { rows: tags } = await client.query<{ id: string; name: string }>("SELECT id, name FROM audience_tag");
  for (const { id, name } of tags) names.set(id, `tag ${name}`);
  const found: Record<string, string[]> = {};
  for (const table of tables) {
    const { rows } = await client.query<{ row: object }>(
      `SELECT to_jsonb(t) - 'id' - 'seq' - 'display_name_grams' AS row FROM ${table} t WHERE tenant_id = $1`,
      [shop.tenantId],
    );
    found[table] = rows.map(({ row }) => anonymous(JSON.stringify(row), names)).toSorted();
  }
  const { rows: counts } = await client.query<{ text: string }>(
    `SELECT channel_id || ' ' || sum(scans) || ' ' || sum(people) AS text FROM connect_channel_count GROUP BY channel_id`,
  );
  found["connect_channel_count"] = counts.map(({ text }) => anonymous(text, names)).toSorted();
  await client.end();
  return found;
}

function anonymous(text: string, names: ReadonlyMap<string, string>): string {
  return text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => names.get(id) ?? "id")
    .replaceAll(/gQ[\w+/=%]{20,}/g, (ticket) => names.get(ticket) ?? "ticket")
    .replaceAll(/"[0-9a-f]{32}"/g, '"trace"')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}\b/g, "rid")
    .replaceAll(/\d{17,19}/g, "n")
    .replaceAll(/\b1[67]\d{8}\b/g, (seconds) => `minute ${Math.floor(Number(seconds) / 60)}`)
    .replaceAll(/(\d{4}-\d\d-\d\dT\d\d:\d\d):[\d.]+(\+00:00|Z)/g, "$1");
}

test("the past is what the product would have written", async () => {
  const lived = await open();
  for (const { puppetId: id, nickname: name, templateDelivery } of story.guests) {
    lived.emulator.world.createPuppet({ id, name, templateDelivery });
  }
  for (const happening of story.happenings) {
    lived.clock.offsetMs = happening.at.getTime() - Date.now();
    if (happening === gone) {
      lived.emulator.world.removeTemplate(lived.shop.accounts.shop.appId, welcomeTemplate.templateId);
    }
    await act(lived, happening);
    await settle(lived);
  }

  const told = await open();
  const { shop, wechat, server } = told;
  const openids = await introduce(wechat, shop, story);
  const rows = await live({ story, shop, openids, today, zone });
  await load(server.databaseUrl, shop, rows, new Date("2026-10-17T01:00:30.000Z"));

  const [real, made] = [await written(lived), await written(told)];
  for (const table of Object.keys(real)) {
    expect(real[table]!.length, table).toBeGreaterThan(table === "kit_dead" ? -1 : 0);
    expect(made[table], table).toEqual(real[table]);
  }
});
