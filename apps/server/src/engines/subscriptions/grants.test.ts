import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { type Answer, type GrantKey, Grants } from "./grants.ts";
import { SubscriptionsService } from "./subscriptions.service.ts";

/* The ledger by itself: what comes twice, late or in another order, and many who want the same right. */
let server: TestServer;
let owner: Member;
let grants: Grants;
let ctx: Ctx;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
  grants = server.app.get(Grants, { strict: false });
  ctx = server.runtime.ctx(owner.tenantId);
});
afterAll(() => server.close());

let made = 0;
const somebody = (): GrantKey => ({
  wechatAppId: "00000000-0000-7000-8000-000000000001",
  openid: `oGuest${(made += 1)}`,
  templateId: "TEMPLATE",
});
const second = (at: number) => new Date(Date.UTC(2026, 10, 1, 8, 0, at));
let keys = 0;
type Said = Partial<Omit<Answer, "at">> & { readonly at: number };
const say = (who: GrantKey, { at, ...said }: Said) =>
  ctx.tx((ctx) =>
    grants.answer(ctx, who, { answer: "accept", source: "dialogue", key: `k${(keys += 1)}`, ...said, at: second(at) }),
  );
const reserve = (who: GrantKey, purpose = `p${(keys += 1)}`) => ctx.tx((ctx) => grants.reserve(ctx, who, purpose));
async function rowOf({ openid }: GrantKey) {
  const row = await ctx.db
    .selectFrom("subscriptions_grant")
    .selectAll()
    .where("openid", "=", openid)
    .executeTakeFirstOrThrow();
  const entries = await ctx.db.selectFrom("subscriptions_entry").selectAll().where("grantId", "=", row.id).execute();
  // The law of the ledger, wherever a test looks.
  expect(row.carried + entries.reduce((sum, { amount }) => sum + amount, 0)).toBe(row.remaining);
  const settled = new Set(entries.map(({ ofId }) => ofId));
  expect(entries.filter(({ id, kind }) => kind === "reserved" && !settled.has(id))).toHaveLength(row.held);
  return row;
}

interface Told {
  readonly key: string;
  readonly at: number;
  readonly answer: "accept" | "reject";
  readonly source: "dialogue" | "settings";
}
/** Accepted thrice, refused in the settings between the second and the third; a dialogue was refused, too. */
const story: readonly Told[] = [
  { key: "a1", at: 10, answer: "accept", source: "dialogue" },
  { key: "r1", at: 15, answer: "reject", source: "dialogue" },
  { key: "a2", at: 20, answer: "accept", source: "dialogue" },
  { key: "s1", at: 30, answer: "reject", source: "settings" },
  { key: "a3", at: 40, answer: "accept", source: "dialogue" },
];
function* orders<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length === 0) yield [];
  for (const [at, item] of items.entries()) for (const rest of orders(items.toSpliced(at, 1))) yield [item, ...rest];
}

test("in whatever order it comes, and however often, the same is left: 120 orders", async () => {
  for (const order of orders(story)) {
    const who = somebody();
    for (const told of order) {
      expect(await say(who, told)).toBe(true);
      expect(await say(who, told)).toBe(false);
    }
    const { remaining, state } = await rowOf(who);
    expect({ remaining, state, order: order.map(({ key }) => key) }).toMatchObject({ remaining: 1, state: "open" });
  }
});

test("a refusal that is told late takes only what was there then, not what was used of later consents", async () => {
  const who = somebody();
  await say(who, { at: 10 });
  await say(who, { at: 40 });
  // Of two, one is used; by now only the later one stood at WeChat.
  const { reservationId } = await reserve(who);
  await ctx.tx((ctx) => grants.settle(ctx, reservationId!, { outcome: "used", msgId: "1" }));
  await say(who, { at: 20, answer: "reject", source: "settings" });
  expect(await rowOf(who)).toMatchObject({ remaining: 0, used: 1, state: "spent" });
});

test("what comes back after they refused is void; before, it is theirs again", async () => {
  const [refused, stays] = [somebody(), somebody()];
  for (const who of [refused, stays]) await say(who, { at: 10 });
  const [one, other] = [await reserve(refused), await reserve(stays)];
  const now = ctx.now().getTime() / 1000 - second(0).getTime() / 1000;
  await say(refused, { at: now + 60, answer: "reject", source: "settings" });
  for (const { reservationId } of [one, other])
    await ctx.tx((ctx) => grants.settle(ctx, reservationId!, { outcome: "returned", code: "47003" }));
  expect(await rowOf(refused)).toMatchObject({ remaining: 0, held: 0, state: "refused" });
  expect(await rowOf(stays)).toMatchObject({ remaining: 1, held: 0, state: "open" });
  expect(await reserve(refused)).toEqual({ reservationId: null, because: "refused" });
  await say(refused, { at: now + 120 });
  expect(await rowOf(refused)).toMatchObject({ remaining: 1, state: "open" });
});

test("of 400 who want a right at once, on connections of their own, as many get one as there are", async () => {
  for (let round = 0; round < 5; round += 1) {
    const who = somebody();
    const there = 7 + round;
    for (let n = 0; n < there; n += 1) await say(who, { at: n });
    const got = await Promise.all(Array.from({ length: 400 }, () => reserve(who)));
    const ids = got.flatMap(({ reservationId }) => (reservationId === null ? [] : [reservationId]));
    expect(new Set(ids).size).toBe(there);
    expect(await rowOf(who)).toMatchObject({ remaining: 0, held: there });
    // Each is settled by several at once; the first word counts.
    await Promise.all(
      ids.flatMap((id, at) =>
        [1, 2, 3].map(() =>
          ctx.tx((ctx) =>
            grants.settle(ctx, id, at === 0 ? { outcome: "returned", code: "x" } : { outcome: "used", msgId: id }),
          ),
        ),
      ),
    );
    expect(await rowOf(who)).toMatchObject({ remaining: 1, held: 0, used: there - 1 });
  }
});

test("accepting and sending at once never gives more than was accepted", async () => {
  const who = somebody();
  const work = Array.from({ length: 150 }, (_, n) => [say(who, { at: n, key: `race${n % 100}` }), reserve(who)]).flat();
  const done = await Promise.all(work);
  const sent = done.filter((each) => typeof each === "object" && each.reservationId !== null).length;
  const row = await rowOf(who);
  expect(sent + row.remaining).toBe(100);
});

test("the same purpose is the same reservation, also of two at once", async () => {
  const who = somebody();
  await say(who, { at: 1 });
  await say(who, { at: 2 });
  const got = await Promise.all(Array.from({ length: 20 }, () => reserve(who, "scene 1")));
  expect(new Set(got.map(({ reservationId }) => reservationId)).size).toBe(1);
  expect(await rowOf(who)).toMatchObject({ remaining: 1, held: 1 });
});

test("what a process that died had reserved counts as used after an hour, and no sooner", async () => {
  const who = somebody();
  await say(who, { at: 1 });
  const { reservationId } = await reserve(who);
  const lost = () => server.app.get(SubscriptionsService, { strict: false }).settleLost();
  await lost();
  expect(await rowOf(who)).toMatchObject({ held: 1 });
  server.clock.advance(3_700_000);
  await lost();
  expect(await rowOf(who)).toMatchObject({ held: 0, used: 1, remaining: 0 });
  // Whoever comes late is told nothing, and changes nothing.
  await ctx.tx((ctx) => grants.settle(ctx, reservationId!, { outcome: "returned", code: "late" }));
  expect(await rowOf(who)).toMatchObject({ held: 0, used: 1, remaining: 0 });
});

test("WeChat's word on a message comes before ours, after it, or twice: it is noted once", async () => {
  const who = somebody();
  await say(who, { at: 1 });
  const outcome = (errorCode: string, msgId = "77") =>
    ctx.tx((ctx) => grants.outcome(ctx, who, { msgId, errorCode, at: second(50) }));
  const { reservationId } = await reserve(who);
  await outcome("0");
  await ctx.tx((ctx) => grants.settle(ctx, reservationId!, { outcome: "used", msgId: "77" }));
  await outcome("0");
  expect(await rowOf(who)).toMatchObject({ remaining: 0, used: 1 });
  await say(who, { at: 40 });
  await outcome("10001", "78");
  expect(await rowOf(who)).toMatchObject({ remaining: 1 });
  await outcome("43101", "79");
  expect(await rowOf(who)).toMatchObject({ remaining: 0, state: "spent" });
});

test("old consents end where the business says so, in batches; what they came to stays true without their entries", async () => {
  const tenant = await server.asOwner();
  const own = server.runtime.ctx(tenant.tenantId);
  const day = 86_400_000;
  const now = own.now().getTime();
  const accept = (who: GrantKey, key: string, at: Date) =>
    own.tx((ctx) => grants.answer(ctx, who, { answer: "accept", source: "dialogue", key, at }));
  const who = somebody();
  await accept(who, "old1", new Date(now - 40 * day));
  await accept(who, "old2", new Date(now - 35 * day));
  await accept(who, "new", new Date(now - day));
  const { reservationId } = await own.tx((ctx) => grants.reserve(ctx, who, "x"));
  await own.tx((ctx) => grants.settle(ctx, reservationId!, { outcome: "used", msgId: "1" }));
  await own.sql`
    INSERT INTO subscriptions_grant (wechat_app_id, openid, template_id, remaining, oldest_at)
    SELECT ${who.wechatAppId}::uuid, 'many' || n, 'T', 1, ${new Date(now - 40 * day)}
    FROM generate_series(1, 12000) n`;
  await own.sql`
    INSERT INTO subscriptions_entry (grant_id, key, kind, amount, source, at, trace_id)
    SELECT id, 'k', 'granted', 1, 'dialogue', ${new Date(now - 40 * day)}, 't' FROM subscriptions_grant
    WHERE openid LIKE 'many%'`;
  await tenant.api.settings.change({ key: "subscriptions.keepGrantsDays", value: 30, version: 0 });
  await server.runtime.runSchedule("settings.prune");
  const left = async () =>
    (
      await own.sql<{ remaining: number; grants: number }>`
      SELECT sum(remaining)::int AS remaining, count(*)::int AS grants FROM subscriptions_grant`
    )[0]!;
  expect(await left()).toEqual({ remaining: 1, grants: 12_001 });
  server.clock.advance(3 * 365 * day);
  await tenant.api.settings.change({ key: "subscriptions.keepGrantsDays", value: 0, version: 1 });
  await server.runtime.runSchedule("settings.prune");
  // Entries and empty grants are gone; whoever can still be reached is there, and their sum is right.
  expect(await left()).toEqual({ remaining: 1, grants: 1 });
  expect((await own.sql<{ carried: number }>`SELECT carried FROM subscriptions_grant`)[0]).toEqual({ carried: 1 });
  expect(await own.sql`SELECT id FROM subscriptions_entry`).toEqual([]);
});
