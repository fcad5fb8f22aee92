import { newId } from "@zhanggui/kit/contract/ids";
import { Routes } from "@zhanggui/kit/server/http/routes";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Rights } from "../../foundation/access/rights.ts";
import { openTestServer, type TestServer } from "../../testing/test-server.ts";
import { Arrivals } from "./internal/arrivals.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
afterAll(() => server.close());

const rounds = 100;

test("people who write while they are tagged in steps, a hundred times: neither waits in a circle", async () => {
  const owner = await server.asOwner();
  const { tenantId } = owner;
  const ctx = server.runtime.ctx(tenantId);
  const wechatAppId = newId(server.clock.now());
  await ctx.sql`INSERT INTO audience_person (display_name, first_seen_at, last_seen_at)
    SELECT 'Guest ' || n, ${ctx.now()}, ${ctx.now()} FROM generate_series(1, 60) n`;
  await ctx.sql`INSERT INTO audience_identity (person_id, kind, scope, value, following)
    SELECT id, 'openid', ${wechatAppId}, id::text, true FROM audience_person`;
  const people = await ctx.sql<{ openid: string }>`SELECT value AS openid FROM audience_identity`;
  const tapped = people.map(({ openid }) => {
    const message = { inboundId: newId(ctx.now()), wechatAppId, openid, kind: "event:CLICK", channelId: null };
    const payload = {
      ...message,
      text: null,
      replyBy: null,
      hasMore: false,
      leavesWaiting: false,
      sentAt: ctx.now().toISOString(),
    };
    return { payload, traceId: ctx.traceId, occurredAt: ctx.now() };
  });
  const [routes, arrivals] = [server.app.get(Routes), server.app.get(Arrivals)];
  const actor = await server.app.get(Rights).actor(ctx, owner.accountId);
  const as = server.runtime.ctx(tenantId, actor === undefined ? {} : { actor });
  // Who is given up for another isn't tried again here: it would be seen by nobody but who waits.
  const once = { retries: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const asked = { params: {}, query: {}, body: { all: true, name: `tag ${round}` } };
    let isThrough = false;
    const step = as.tx((ctx) => routes.bulkStep(ctx, "audience.tagPeople", asked, {}), once);
    const tap = async (): Promise<void> => {
      while (!isThrough) await ctx.tx((ctx) => arrivals.receivePlain(ctx, tapped), once);
    };
    const [{ done, failed }] = await Promise.all([step.finally(() => (isThrough = true)), tap()]);
    expect({ done, failed }).toEqual({ done: 60, failed: [] });
  }
});
