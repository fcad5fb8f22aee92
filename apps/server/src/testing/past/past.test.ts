import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { businessDay } from "@zhanggui/kit/contract/business-day";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { demoLogins } from "../../foundation/access/demo-logins.ts";
import { bindLanternTea, type Bound } from "../lantern-tea.ts";
import { openTestServer, testPassword, type Member, type TestServer } from "../test-server.ts";
import { calendar } from "./calendar.ts";
import { givePast, type PastSide } from "./past.ts";
import { tellStory } from "./story.ts";

let server: TestServer;
let emulator: Emulator;
let owner: Member;
let bound: Bound;
let guests = 0;

/** Accounts of one open platform, so that somebody who follows both is known to be one. */
const wechat: PastSide = {
  createAccount: ({ name }) => emulator.world.createAccount({ name, openPlatform: "lantern-tea" }),
  addTemplate: (appid, template) => emulator.world.addTemplate(appid, template),
  configurePush: (appid, push) => emulator.world.configurePush(appid, push),
  account: (appid) => emulator.world.account(appid),
  remember: (appid, past) => emulator.world.remember(appid, past),
};

beforeAll(async () => {
  const clock = new TurnableClock();
  emulator = await startEmulator({ clock, seed: 5 });
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  server = await openTestServer(inject("clusterUrl"), { clock, env });
  owner = await server.asOwner();
  const roles = (await owner.api.access.listRoles()).items;
  for (const { role, login } of demoLogins) {
    const roleIds = roles.filter(({ builtIn }) => builtIn === role).map(({ id }) => id);
    await owner.api.access.createAccount({ login, displayName: role, password: testPassword, roleIds });
  }
  bound = await bindLanternTea(owner, wechat, server.url);
  guests = await give(owner, bound);
});
afterAll(async () => {
  await server.close();
  await emulator.stop();
});

function give({ api }: Member, bound: Bound): Promise<number> {
  const { url: serverUrl, databaseUrl } = server;
  return givePast({ api, wechat, serverUrl, databaseUrl, bound, now: server.clock.now() });
}

/** The answer to a question about the whole database. */
async function ask<Row extends object>(text: string): Promise<Row[]> {
  const { rows } = await sql<Row>`${sql.raw(text)}`.execute(server.runtime.unscopedDb());
  return rows;
}

const today = () => businessDay(server.clock.now());

test("ninety days until yesterday: every day somebody came, most on weekends and at the feast, few while it rained", async () => {
  const found = await ask<{ day: string; count: number }>(
    `SELECT to_char(first_seen_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS day, count(*)::int AS count
     FROM audience_person WHERE first_seen_at < '${today()}T00:00:00+08:00' GROUP BY 1 ORDER BY 1`,
  );
  const days = calendar(today());
  expect(found.map(({ day }) => day)).toEqual(days.map(({ day }) => day));
  const counts = new Map(found.map(({ day, count }) => [day, count]));
  const mean = (which: (each: (typeof days)[number]) => boolean) => {
    const chosen = days.filter(which).map(({ day }) => counts.get(day)!);
    return chosen.reduce((sum, count) => sum + count, 0) / chosen.length;
  };
  const weekdays = mean(({ weekday }) => weekday >= 1 && weekday <= 4);
  expect(mean(({ weekday }) => weekday === 0 || weekday === 6)).toBeGreaterThan(1.8 * weekdays);
  expect(mean(({ daysAgo }) => daysAgo >= 50 && daysAgo <= 56)).toBeLessThan(0.7 * mean(() => true));
  const feast = days.filter(({ crowd }) => crowd > 4);
  expect(feast.map(({ weekday }) => weekday)).toEqual(expect.arrayContaining([6, 0]));
  expect(mean((day) => feast.includes(day))).toBeGreaterThan(2.5 * mean(() => true));
  expect(guests).toBeGreaterThan(600);
  expect(guests).toBeLessThan(1500);
});

test("it is the same past on the same day, and moves on with the days", () => {
  const telling = { zone: "Asia/Shanghai", storesUrl: "http://127.0.0.1/stores" };
  const told = (today: string) => JSON.stringify(tellStory({ ...telling, today }));
  expect(told("2026-08-08")).toBe(told("2026-08-08"));
  for (const day of ["2026-08-08", "2026-08-09", "2027-01-01", "2028-02-29"]) {
    const { happenings } = tellStory({ ...telling, today: day });
    expect(businessDay(happenings.at(-1)!.at) < day, day).toBe(true);
    expect(calendar(day).filter(({ crowd }) => crowd > 2.5 && crowd < 9)).not.toEqual([]);
  }
});

test("what is counted apart from its rows is what they add up to", async () => {
  const wrong = await ask(
    `SELECT 'channel' AS what, c.name FROM connect_channel c
       WHERE (SELECT coalesce(sum(scans), 0) FROM connect_channel_count f WHERE f.channel_id = c.id)
          <> (SELECT count(*) FROM connect_inbound i WHERE i.channel_id = c.id)
       OR (SELECT coalesce(sum(people), 0) FROM connect_channel_count f WHERE f.channel_id = c.id)
          <> (SELECT count(DISTINCT openid) FROM connect_inbound i WHERE i.channel_id = c.id)
     UNION ALL SELECT 'rule', r.name FROM messaging_rule r
       WHERE answered <> (SELECT count(*) FROM connect_inbound WHERE reply_by = 'messaging.rule:' || r.id)`,
  );
  expect(wrong).toEqual([]);
});

/** Each finds rows that the product would not have left so. */
test.each([
  [
    "an inbound message without its event",
    `SELECT id FROM connect_inbound i WHERE NOT EXISTS (SELECT FROM kit_event e WHERE e.trace_id = i.trace_id)`,
  ],
  [
    "an event that a handler never saw",
    `SELECT e.id FROM kit_event e WHERE name <> 'connect.app_bound.v1' AND cardinality(handlers) <> (SELECT count(*) FROM kit_handled h WHERE h.event_id = e.id)`,
  ],
  [
    // The accounts are bound for real, and no worker runs here.
    "work that is still to be done",
    `SELECT ref FROM kit_task WHERE queue <> 'kit.schedules' AND NOT EXISTS (SELECT FROM kit_event e WHERE e.id = ref AND e.name = 'connect.app_bound.v1')`,
  ],
  ["a delivery on its way for ever", `SELECT id FROM messaging_delivery WHERE state IN ('ready', 'submitting')`],
  [
    "a delivery whose last step says something else",
    `SELECT d.id FROM messaging_delivery d JOIN LATERAL (SELECT * FROM messaging_step s WHERE s.delivery_id = d.id ORDER BY id DESC LIMIT 1) s ON true WHERE s.zh <> d.zh OR s.at <> d.updated_at`,
  ],
  [
    "a delivered one without its receipt",
    `SELECT d.id FROM messaging_delivery d WHERE state = 'delivered' AND NOT EXISTS (SELECT FROM messaging_step s WHERE s.delivery_id = d.id AND kind = 'receipt') OR state = 'delivered' AND NOT EXISTS (SELECT FROM messaging_receipt r WHERE r.provider_id = d.provider_id AND status = 'success')`,
  ],
  [
    "steps out of order",
    `SELECT id FROM (SELECT id, at, lag(at) OVER (PARTITION BY delivery_id ORDER BY id) AS before FROM messaging_step) s WHERE before > at`,
  ],
  [
    "a delivery to somebody who is gone",
    `SELECT d.id FROM messaging_delivery d LEFT JOIN audience_person p ON p.id = d.person_id AND merged_into IS NULL WHERE p.id IS NULL`,
  ],
  ["somebody who was last seen before they came", `SELECT id FROM audience_person WHERE last_seen_at < first_seen_at`],
  [
    "a merged one who kept something",
    `SELECT p.id FROM audience_person p WHERE merged_into IS NOT NULL AND (EXISTS (SELECT FROM audience_identity i WHERE i.person_id = p.id) OR EXISTS (SELECT FROM audience_timeline t WHERE t.person_id = p.id))`,
  ],
  [
    "a follower whose last word was farewell",
    `SELECT i.id FROM audience_identity i WHERE kind = 'openid' AND following <> (SELECT kind = 'event:subscribe' FROM connect_inbound m WHERE m.openid = i.value AND kind IN ('event:subscribe', 'event:unsubscribe') ORDER BY id DESC LIMIT 1)`,
  ],
  ["something that is yet to come", `SELECT id FROM connect_inbound WHERE received_at > now()`],
  [
    "an id that tells of another time",
    `SELECT id FROM connect_inbound WHERE abs(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint - extract(epoch FROM received_at) * 1000) > 1`,
  ],
  [
    "a phone number that could be somebody's",
    `SELECT value FROM audience_identity WHERE kind = 'phone' AND value !~ '^100' OR kind = 'mail' AND value !~ '\\.example$'`,
  ],
])("there is no such thing as %s", async (_, query) => {
  expect(await ask(query)).toEqual([]);
});

test("there is something of everything, in each of the states that it can be left in", async () => {
  const states = await ask<{ state: string; count: number }>(
    "SELECT state, count(*)::int AS count FROM messaging_delivery GROUP BY 1",
  );
  expect(Object.keys(Object.fromEntries(states.map(({ state, count }) => [state, count])))).toEqual(
    expect.arrayContaining(["delivered", "accepted", "failed", "unknown"]),
  );
  const kinds = (await ask<{ kind: string }>("SELECT DISTINCT kind FROM connect_inbound")).map(({ kind }) => kind);
  expect(kinds.toSorted()).toEqual([
    "event:CLICK",
    "event:SCAN",
    "event:TEMPLATESENDJOBFINISH",
    "event:VIEW",
    "event:subscribe",
    "event:unsubscribe",
    "location",
    "text",
    "voice",
  ]);
  const [some] = await ask<Record<string, number>>(
    `SELECT (SELECT count(*)::int FROM audience_person WHERE merged_into IS NOT NULL) AS merged,
       (SELECT count(*)::int FROM kit_dead) AS dead,
       (SELECT count(*)::int FROM connect_inbound WHERE kind = 'text' AND reply IS NULL) AS unanswered,
       (SELECT count(*)::int FROM audience_person_tag WHERE source = 'manual') AS tagged,
       (SELECT count(*)::int FROM connect_inbound WHERE kind = 'text' AND extract(hour FROM sent_at AT TIME ZONE 'Asia/Shanghai') NOT BETWEEN 7 AND 21) AS at_night`,
  );
  for (const [what, count] of Object.entries(some!)) expect(count, what).toBeGreaterThan(0);
});

test("every list reads its first and its last page; people, traces, deliveries and events open", async () => {
  const { api } = owner;
  const people = await api.audience.listPeople({ limit: 50 });
  expect(people.items).toHaveLength(50);
  for (const { id } of [
    ...people.items.slice(0, 5),
    ...(await api.audience.listPeople({ sort: "firstSeenAt", limit: 5 })).items,
  ]) {
    const person = await api.audience.getPerson({ personId: id });
    expect(person.identities.length).toBeGreaterThan(0);
    const { items } = await api.audience.timeline({ personId: id });
    expect(items.length).toBeGreaterThan(0);
  }
  for (const state of ["delivered", "accepted", "failed", "unknown"] as const) {
    for (const { id, reason } of (await api.messaging.listDeliveries({ state: [state], limit: 3 })).items) {
      const { steps, ...delivery } = await api.messaging.getDelivery({ deliveryId: id });
      expect(steps.at(-1)).toMatchObject({ zh: reason.zh });
      expect(steps.map(({ kind }) => kind).slice(0, 2)).toEqual(["asked", "decided"]);
      const { traceId } = delivery;
      expect((await api.connect.listInbound({ traceId })).items).toHaveLength(1);
      expect((await api.events.list({ traceId })).items.length).toBeGreaterThan(1);
    }
  }
  const [dead] = (await api.events.deadLetters()).items;
  expect(dead).toMatchObject({
    kind: "job",
    name: "audience.fetch_profile",
    attempts: 9,
    lastError: expect.stringContaining("api.weixin.qq.com") as string,
  });
});

test("what was there survives the night", async () => {
  const count = () =>
    ask(
      "SELECT (SELECT count(*) FROM connect_inbound) AS i, (SELECT count(*) FROM messaging_step) AS s, (SELECT count(*) FROM kit_event) AS e, (SELECT count(*) FROM audience_timeline) AS t, (SELECT count(*) FROM kit_dead) AS d",
    );
  const before = await count();
  server.clock.advance(86_400_000);
  for (const schedule of ["settings.prune", "kit.tend_event_log"]) await server.runtime.runSchedule(schedule);
  expect(await count()).toEqual(before);
});

test("life goes on: somebody of the past writes, comes by a code again, and gets what is sent", async () => {
  const old = emulator.world
    .bonds()
    .find(
      ({ following, appid, puppetId }) =>
        following &&
        appid === bound.appid &&
        emulator.world.puppets().find(({ id }) => id === puppetId)!.templateDelivery === "success",
    )!;
  expect(old.chat.length).toBeGreaterThan(0);
  const [person] = (await owner.api.audience.listPeople({ search: old.openid })).items;
  await emulator.world.scan(old.puppetId, { code: bound.channel.ticket });
  for (let pass = 0; pass < 2; pass++) {
    await server.runUntilIdle();
    await emulator.world.settle();
  }
  const [newest] = (await owner.api.messaging.listDeliveries({ personId: person!.id, channel: ["wechat_template"] }))
    .items;
  expect(newest).toMatchObject({ state: "delivered" });
  expect((await owner.api.audience.timeline({ personId: person!.id })).items.map(({ kind }) => kind)).toContain(
    "came_back",
  );
});

test("a dead letter of the past can be sent again, and this time WeChat answers", async () => {
  const { items } = await owner.api.events.deadLetters();
  expect(await owner.api.events.replay({})).toEqual({ replayed: items.length });
  await server.runUntilIdle();
  expect((await owner.api.events.deadLetters()).items).toEqual([]);
});

test("a second past is refused, and so is one for a business that isn't the demonstration; nothing is left of either", async () => {
  const stranger = await server.asOwner();
  const count = () =>
    ask("SELECT (SELECT count(*) FROM audience_person) AS people, (SELECT count(*) FROM connect_inbound) AS messages");
  const before = await count();
  const theirs = await bindLanternTea(stranger, wechat, server.url);
  await expect(give(stranger, theirs)).rejects.toThrow("Only the demonstration can be given a past.");
  await expect(give(owner, bound)).rejects.toThrow("Somebody has been here already");
  expect(await count()).toEqual(before);
});
