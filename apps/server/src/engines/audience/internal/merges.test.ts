import type { PayloadOf } from "@zhanggui/kit/contract/event";
import { newId } from "@zhanggui/kit/contract/ids";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTeaHouse, type TeaHouse } from "../../../testing/tea-house.ts";
import type { messageReceived } from "../../connect/connect.events.ts";
import { SceneRunner } from "../../messaging/internal/scene-runner.ts";
import { AudienceService } from "../audience.service.ts";
import { Timeline } from "../timeline.ts";
import { Arrivals } from "./arrivals.ts";
import { Identities, type Openid } from "./identities.ts";
import { Merges } from "./merges.ts";

type Message = PayloadOf<typeof messageReceived>;

let tea: TeaHouse;
let wechatAppIds: string[];
beforeAll(async () => {
  tea = await openTeaHouse(inject("clusterUrl"));
  wechatAppIds = [tea.bound.wechatAppId, await secondApp("灯笼茶社"), await secondApp("灯笼茶铺")];
});
afterAll(() => tea.close());

async function secondApp(name: string): Promise<string> {
  const { appid, secret } = tea.emulator.world.createAccount({ name });
  const app = { name, appId: appid, appSecret: secret, pushToken: "token", mode: "plain" as const };
  return (await tea.owner.api.connect.bindApp(app)).id;
}

const ctxOfTenant = () => tea.house.runtime.ctx(tea.owner.tenantId);
/** A transaction on a connection of its own. */
const tx = <Result>(work: (ctx: TxCtx) => Promise<Result>): Promise<Result> => ctxOfTenant().tx(work);
const part = <Part>(type: new (...parameters: never[]) => Part): Part => tea.house.app.get(type);

function say(from: Openid, message: Partial<Message>): Promise<void> {
  const inboundId = newId(tea.house.clock.now());
  const sentAt = tea.house.clock.now().toISOString();
  const rest = { inboundId, kind: "text", channelId: null, text: null, replyBy: null, sentAt };
  return tx((ctx) => part(Arrivals).receive(ctx, { ...from, ...rest, ...message }));
}

const personBehind = async (openid: Openid) => (await part(Identities).personOf(ctxOfTenant(), openid))!;

/** Three followers of three accounts who are strangers yet. */
async function strangers(name: string): Promise<{ openids: Openid[]; ids: string[] }> {
  const openids = wechatAppIds.map((wechatAppId, n) => ({ wechatAppId, openid: `o-${name}-${n}` }));
  await Promise.all(openids.map((each) => say(each, {})));
  return { openids, ids: await Promise.all(openids.map(personBehind)) };
}

/**
 * Two unionids make the three one, the middle one having both. All at once with that: what each of them writes, what an
 * operator does and what messaging notes, both by the ids that they had before. Returns what must be in the story.
 */
async function meetInAStorm(name: string): Promise<{ openids: Openid[]; story: string[] }> {
  const { openids, ids } = await strangers(name);
  const operator = part(AudienceService);
  const { tags } = await operator.addTag(ctxOfTenant(), ids[0]!, `${name} for a while`);
  const { tagId } = tags.find((tag) => tag.name.endsWith("for a while"))!;
  const link = (n: number, unionid: string) => tx((ctx) => part(Merges).link(ctx, openids[n]!, `u-${name}-${unionid}`));
  const told = (n: number) => ({ deliveryId: `${name} delivery ${n}` });
  const start = { ...openids[0]!, personId: ids[0]!, channelId: tea.bound.channel.id };
  const event = { eventId: newId(tea.house.clock.now()), name: "audience.channel_entered.v1" };
  await Promise.all([
    ...openids.map((each, n) => say(each, { text: `${name} text ${n}` })),
    link(0, "x"),
    link(1, "x"),
    ...ids.map((id, n) => operator.addTag(ctxOfTenant(), id, `${name} tag ${n}`)),
    operator.removeTag(ctxOfTenant(), ids[0]!, tagId),
    link(2, "y"),
    link(1, "y"),
    ...ids.map((id, n) => tx((ctx) => part(Timeline).note(ctx, id, "delivery", told(n)))),
    tx((ctx) => part(SceneRunner).start(ctx, start, { ...event, occurredAt: tea.house.clock.now() })),
    operator.update(ctxOfTenant(), ids[2]!, { mail: `${name}@example.com` }),
    ...openids.map((each, n) => say(each, { text: `${name} more ${n}` })),
  ]);
  const story = [0, 1, 2].flatMap((n) => [`${name} text ${n}`, `${name} more ${n}`, `${name} tag ${n}`]);
  return { openids, story: [...story, ...ids.map((_, n) => told(n).deliveryId), `${name}@example.com`] };
}

/** Every row of every table that is somebody's who was merged away. */
async function rowsOfTheGone(): Promise<Record<string, number>> {
  const db = tea.house.runtime.acrossTenants();
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

test("two hundred times three people become one while all of them write: nothing is lost, nobody is left", async () => {
  const rounds = 200;
  const before = (await tea.owner.api.audience.listPeople()).total;
  const names = Array.from({ length: rounds }, (_, round) => `r${round}`);
  const waiting = [...names];
  const wrong: string[] = [];
  async function play(): Promise<void> {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { openids, story } = await meetInAStorm(name);
      const people = new Set(await Promise.all(openids.map(personBehind)));
      if (people.size !== 1) wrong.push(`${name}: ${people.size} people are left`);
      const [personId = ""] = people;
      const { items } = await part(AudienceService).timeline(ctxOfTenant(), personId, { limit: 200 });
      const told = JSON.stringify(items);
      wrong.push(...story.filter((each) => !told.includes(`"${each}"`)).map((each) => `${name}: ${each} is missing`));
    }
  }
  let over = false;
  // What the merges say is handled while the next ones are going on.
  async function work(): Promise<void> {
    while (!over) await tea.house.drain();
  }
  await Promise.all([Promise.all([play(), play(), play()]).finally(() => (over = true)), work(), work()]);
  await tea.house.drain();
  expect(wrong).toEqual([]);
  expect((await tea.owner.api.audience.listPeople()).total).toBe(before + rounds);
  expect(await rowsOfTheGone()).toEqual({
    audience_identity: 0,
    audience_person_tag: 0,
    audience_timeline: 0,
    messaging_delivery: 0,
  });
  const failed = tea.house.runtime.acrossTenants().selectFrom("kit_delivery").select("last_error").distinct();
  expect(await failed.where("attempts", ">", 1).execute()).toEqual([]);
}, 180_000);
