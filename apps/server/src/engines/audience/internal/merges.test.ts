import type { PayloadOf } from "@zhanggui/kit/contract/event";
import { newId } from "@zhanggui/kit/contract/ids";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { welcomeTemplate } from "../../../testing/lantern-tea.ts";
import { openTeaShop, type TeaShop } from "../../../testing/tea-shop.ts";
import type { messageReceived } from "../../connect/connect.events.ts";
import { Deliveries } from "../../messaging/deliveries.ts";
import { channelEntered } from "../audience.events.ts";
import { AudienceService } from "../audience.service.ts";
import { Timeline } from "../timeline.ts";
import { Arrivals } from "./arrivals.ts";
import type { Openid } from "../../connect/openid.ts";
import { Identities } from "./identities.ts";
import { Merges } from "./merges.ts";

type Message = PayloadOf<typeof messageReceived>;

let tea: TeaShop;
let wechatAppIds: string[];
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  // A scene that makes deliveries and sends none: nobody here follows.
  const data = { first: "{{ person.displayName }}" };
  await tea.owner.api.messaging.updateScene({
    sceneId: tea.bound.sceneId,
    version: 1,
    name: "新客到店",
    trigger: "audience.channel_entered.v1",
    channelId: null,
    enabled: true,
    items: [{ channel: "wechat_template", templateId: welcomeTemplate.templateId, data }],
  });
  wechatAppIds = [tea.bound.wechatAppId, await secondApp("灯笼茶社"), await secondApp("灯笼茶铺")];
});
afterAll(() => tea.close());

async function secondApp(name: string): Promise<string> {
  const { appid, secret } = tea.emulator.world.createAccount({ name });
  const app = { name, appId: appid, appSecret: secret, pushToken: "token", mode: "plain" as const };
  return (await tea.owner.api.connect.bindApp(app)).id;
}

const ctxOfTenant = () => tea.server.runtime.ctx(tea.owner.tenantId);
/** A transaction on a connection of its own. */
const tx = <Result>(work: (ctx: TxCtx) => Promise<Result>): Promise<Result> => ctxOfTenant().tx(work);
const part = <Part>(type: new (...parameters: never[]) => Part): Part => tea.server.app.get(type);

function say(from: Openid, message: Partial<Message>): Promise<void> {
  const inboundId = newId(tea.server.clock.now());
  const sentAt = tea.server.clock.now().toISOString();
  const rest = {
    inboundId,
    kind: "text",
    channelId: null,
    text: null,
    replyBy: null,
    hasMore: false,
    leavesWaiting: false,
    sentAt,
  };
  return tx((ctx) => part(Arrivals).receive(ctx, { ...from, ...rest, ...message }, { occurredAt: ctx.now() }));
}

const personBehind = async (openid: Openid) => (await part(Identities).find(ctxOfTenant(), openid))!.personId;

/** Three followers of three accounts who are strangers yet. */
async function strangers(name: string): Promise<{ openids: Openid[]; ids: string[] }> {
  const openids = wechatAppIds.map((wechatAppId, n) => ({ wechatAppId, openid: `o-${name}-${n}` }));
  await Promise.all(openids.map((each) => say(each, {})));
  return { openids, ids: await Promise.all(openids.map(personBehind)) };
}

const channels = new Map<number, Promise<string>>();
/** A channel of the second or third account. */
const channelOf = (n: number) => channels.get(n) ?? channels.set(n, newChannel(n)).get(n)!;
async function newChannel(n: number): Promise<string> {
  const leader = { leaderName: "阿青", leaderMail: "qing@lantern-tea.example" };
  const channel = { wechatAppId: wechatAppIds[n]!, name: `门店 ${n}`, ...leader };
  return (await tea.owner.api.connect.createChannel(channel)).id;
}

const merge = (one: string, other: string) => tx((ctx) => part(Merges).merge(ctx, one, other));

/**
 * Two unionids, which each of them turns out to have, make the three one. While that takes, each of them writes, an
 * operator tags them and messaging works for them, by the ids that they had before. Returns what must be in the story.
 */
async function meetInAStorm(name: string): Promise<{ openids: Openid[]; story: string[] }> {
  const { openids, ids } = await strangers(name);
  const operator = part(AudienceService);
  const { tags } = await operator.addTag(ctxOfTenant(), { personId: ids[0]!, name: `${name} for a while` });
  const { tagId } = tags.find((tag) => tag.name.endsWith("for a while"))!;
  const link = (n: number, unionid: string) => tx((ctx) => part(Merges).link(ctx, openids[n]!, `${name} ${unionid}`));
  // The last two want the same two people from either side.
  const links = [
    [0, "x"],
    [1, "x"],
    [2, "y"],
    [1, "y"],
    [0, "y"],
    [2, "x"],
  ] as const;
  let met = false;
  const story: string[] = [];
  async function untilTheyMet(what: string, act: (text: string) => Promise<unknown>): Promise<void> {
    // Not for ever: whoever always has the row in hand makes the merge wait long.
    for (let n = 0; n === 0 || (!met && n < 6); n++) {
      await act(`${name} ${what} ${n}`);
      story.push(`${name} ${what} ${n}`);
    }
  }
  const channelId = tea.bound.channel.id;
  await Promise.all([
    Promise.all(links.map(([n, unionid]) => link(n, unionid))).finally(() => (met = true)),
    ...openids.map((each, n) => untilTheyMet(`text of ${n}`, (text) => say(each, { text }))),
    untilTheyMet("tag", (tag) => operator.addTag(ctxOfTenant(), { personId: ids[2]!, name: tag })),
    untilTheyMet("note", (told) => tx((ctx) => part(Timeline).note(ctx, ids[1]!, "delivery", { told }))),
    tx((ctx) => ctx.emit(channelEntered, { ...openids[1]!, personId: ids[1]!, channelId, newlyFollowed: false })),
    operator.removeTag(ctxOfTenant(), { personId: ids[0]!, tagId }),
    operator.update(ctxOfTenant(), { personId: ids[2]!, mail: `${name}@example.com` }),
  ]);
  return { openids, story: [...story, `${name}@example.com`] };
}

async function storyOf(personId: string): Promise<string> {
  const entries = ctxOfTenant().db.selectFrom("audience_timeline").select("details").where("personId", "=", personId);
  return JSON.stringify(await entries.execute());
}

/** Every row of every table that is somebody's who was merged away. */
async function rowsOfTheGone(): Promise<Record<string, number>> {
  const db = tea.server.runtime.unscopedDb();
  const { rows: tables } = await sql<{ name: string }>`
    SELECT table_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'person_id' ORDER BY 1`.execute(db);
  const counts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql<{ count: number }>`
        SELECT count(*) FROM ${sql.table(name)}
        WHERE person_id IN (SELECT id FROM audience_person WHERE merged_into IS NOT NULL)`.execute(db);
      return [name, rows[0]!.count] as const;
    }),
  );
  return Object.fromEntries(counts);
}

describe("the deliveries of somebody who was merged away", () => {
  /** One delivery each, made by a scene. */
  async function withDeliveries(name: string): Promise<string[]> {
    const { openids, ids } = await strangers(name);
    for (const [n, openid] of openids.entries()) {
      await say(openid, { kind: "event:SCAN", channelId: n === 0 ? tea.bound.channel.id : await channelOf(n) });
    }
    await tea.server.runUntilIdle();
    return ids;
  }
  const peopleOfDeliveries = async (personId: string) =>
    (await tea.owner.api.messaging.listDeliveries({ personId })).items.map((each) => each.personId);

  test("are the survivor's, by their id and by an old link", async () => {
    const [a = "", b = ""] = await withDeliveries("two");
    const all = [...(await peopleOfDeliveries(a)), ...(await peopleOfDeliveries(b))];
    expect(new Set(all)).toEqual(new Set([a, b]));
    const kept = await merge(a, b);
    await tea.server.runUntilIdle();
    for (const id of [a, b]) expect(await peopleOfDeliveries(id)).toEqual(all.map(() => kept));
    expect(await peopleOfDeliveries(newId(tea.server.clock.now()))).toEqual([]);
  });

  test("reach the last survivor, also if the later of two merges is handled first", async () => {
    const ids = await withDeliveries("three");
    // The earlier seen goes on, and of two seen in the same millisecond the one with the smaller id.
    const people = await Promise.all(ids.map((id) => part(AudienceService).get(ctxOfTenant(), { personId: id })));
    const seen = ({ firstSeenAt, id }: { firstSeenAt: Date | string; id: string }) =>
      `${new Date(firstSeenAt).toISOString()} ${id}`;
    const [a, b, c] = people.toSorted((one, other) => (seen(one) < seen(other) ? -1 : 1)).map(({ id }) => id) as [
      string,
      string,
      string,
    ];
    const all = (await Promise.all(ids.map(peopleOfDeliveries))).flat();
    expect([await merge(b, c), await merge(c, a)]).toEqual([b, a]);
    await tx((ctx) => part(Deliveries).move(ctx, { survivorId: a, mergedId: b }));
    await tx((ctx) => part(Deliveries).move(ctx, { survivorId: b, mergedId: c }));
    expect(await rowsOfTheGone()).toMatchObject({ messaging_delivery: 0 });
    expect(await peopleOfDeliveries(c)).toEqual(all.map(() => a));
  });
});

test("the channel scanned first brought them both, whoever goes on", async () => {
  const start = tea.server.clock.now().getTime();
  const after = (seconds: number) => new Date(start + seconds * 1000).toISOString();
  const [seenFirst, scannedFirst] = wechatAppIds.map((wechatAppId) => ({ wechatAppId, openid: "o-first" }));
  await say(seenFirst!, { sentAt: after(0) });
  await say(seenFirst!, { kind: "event:SCAN", channelId: tea.bound.channel.id, sentAt: after(60) });
  await say(scannedFirst!, { kind: "event:subscribe", channelId: await channelOf(1), sentAt: after(30) });
  const [one, other] = [await personBehind(seenFirst!), await personBehind(scannedFirst!)];
  expect(await merge(other, one)).toBe(one);
  expect(await part(AudienceService).get(ctxOfTenant(), { personId: other })).toMatchObject({
    id: one,
    channelName: "门店 1",
    lastSeenAt: new Date(after(60)),
  });
});

test("a merge of people who are one already changes nothing, and says nothing", async () => {
  const { ids } = await strangers("again");
  const [a = "", b = ""] = ids;
  const kept = await merge(a, b);
  const story = () => part(AudienceService).timelineOf(ctxOfTenant(), { personId: kept, limit: 200 });
  const before = await story();
  expect(before.items.filter(({ kind }) => kind === "merged")).toHaveLength(1);
  expect(await merge(b, a)).toBe(kept);
  expect(await story()).toEqual(before);
});

/** Whether a connection to this test's database waits for another's lock. */
async function somebodyWaits(): Promise<boolean> {
  const { rows } = await sql`
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(
    tea.server.runtime.unscopedDb(),
  );
  return rows.length > 0;
}

test.each<[string, (ctx: TxCtx, personId: string) => Promise<unknown>]>([
  ["whoever writes to a person", (ctx, personId) => part(AudienceService).contact(ctx, personId)],
  ["an entry in a story", (ctx, personId) => part(Timeline).note(ctx, personId, "delivery", {})],
  [
    "deliveries that are moved to a person",
    (ctx, survivorId) => part(Deliveries).move(ctx, { survivorId, mergedId: newId(ctx.now()) }),
  ],
])("a merge waits for %s", async (name, write) => {
  const [a = "", b = ""] = (await strangers(name)).ids;
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const writing = tx(async (ctx) => {
    await write(ctx, b);
    begun.resolve();
    await end.promise;
  });
  await Promise.race([begun.promise, writing]);
  let merged = false;
  const merging = merge(a, b).then(() => (merged = true));
  while (!merged && !(await somebodyWaits()));
  const tooEarly = merged;
  end.resolve();
  await Promise.all([writing, merging]);
  expect(tooEarly).toBe(false);
});

test("two hundred times three people become one while all of them write: nothing is lost, nobody is left", async () => {
  const rounds = 200;
  const before = (await tea.owner.api.audience.listPeople()).total ?? 0;
  const names = Array.from({ length: rounds }, (_, round) => `r${round}`);
  const waiting = [...names];
  const wrong: string[] = [];
  async function play(): Promise<void> {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { openids, story } = await meetInAStorm(name);
      const people = new Set(await Promise.all(openids.map(personBehind)));
      if (people.size !== 1) wrong.push(`${name}: ${people.size} people are left`);
      const [personId = ""] = people;
      const told = await storyOf(personId);
      wrong.push(...story.filter((each) => !told.includes(`"${each}"`)).map((each) => `${name}: ${each} is missing`));
    }
  }
  let over = false;
  // What the merges say is handled while the next ones are going on.
  async function work(): Promise<void> {
    while (!over) await tea.server.runUntilIdle();
  }
  await Promise.all([Promise.all([play(), play(), play()]).finally(() => (over = true)), work(), work()]);
  await tea.server.runUntilIdle();
  expect(wrong).toEqual([]);
  expect((await tea.owner.api.audience.listPeople()).total).toBe(before + rounds);
  expect(await rowsOfTheGone()).toEqual({
    audience_identity: 0,
    audience_person_tag: 0,
    audience_timeline: 0,
    customers_block: 0,
    customers_notice: 0,
    customers_session: 0,
    messaging_delivery: 0,
  });
  const failed = tea.server.runtime.unscopedDb().selectFrom("kit_handled").select("handler").distinct();
  expect(await failed.where("attempts", ">", 1).execute()).toEqual([]);
});
