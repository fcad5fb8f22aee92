import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { Apps } from "@zhanggui/server/engines/connect/apps";
import { WechatClients } from "@zhanggui/server/engines/connect/clients";
import { AccessTokens } from "@zhanggui/server/engines/connect/tokens";
import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { openTestServer, type Member, type TestServer } from "@zhanggui/server/testing/test-server";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

/*
 * A token replaced by hand (E-20), while two servers on one database are in the middle of renewing the old one: WeChat's
 * answer to them is held up until the new one is in. Each server has connections, services and a memory of its own.
 */
const rounds = 200;

let emulator: Emulator;
let first: TestServer;
let second: TestServer;
let owner: Member;
let bound: Bound;

beforeAll(async () => {
  emulator = await startEmulator({ seed: 20 });
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  first = await openTestServer(inject("clusterUrl"), { env });
  owner = await first.asOwner();
  bound = await bindLanternTea(owner, emulator.world, first.url);
  second = await openTestServer(inject("clusterUrl"), { env, databaseUrl: first.databaseUrl });
});
afterAll(async () => {
  await second.close();
  await first.close();
  await emulator.stop();
});

const ctxOf = (server: TestServer): Ctx => server.runtime.ctx(owner.tenantId);
/** The token that a server would send with its next call. */
async function nextOf(server: TestServer): Promise<string> {
  const app = await server.app.get(Apps).bound(ctxOf(server), bound.wechatAppId);
  return server.app.get(WechatClients).tokensOf(app).coordinator.get();
}
const stored = () =>
  first.runtime
    .unscopedDb()
    .selectFrom("connect_token")
    .selectAll()
    .where("wechatAppId", "=", bound.wechatAppId)
    .executeTakeFirstOrThrow();
const refuse = () => first.runtime.unscopedDb().updateTable("connect_token").set({ voided: true }).execute();

test(`${rounds} times replaced by hand amid renewals by two servers: it is used at once by both, and stays`, async () => {
  await nextOf(first);
  let renewals = 0;
  let overtaken = 0;
  for (let round = 1; round <= rounds; round++) {
    const told = `round ${round}`;
    emulator.world.voidTokens(bound.appid, "stable_token");
    await refuse();
    const start = emulator.world.state.journal.list({ kind: "api" }).length;
    // Some of the replacements come before WeChat has answered, some between its answer and the writing, some after.
    const underWay = [first, second].flatMap((server) => [nextOf(server), nextOf(server)]);
    const value = emulator.world.state.tokens.issue(bound.appid).value;
    const turns = Math.floor(Math.random() * 40);
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    const by = round % 2 === 0 ? first : second;
    const app = await by.app.get(Apps).bound(ctxOf(by), bound.wechatAppId);
    const { store } = by.app.get(WechatClients).tokensOf(app);
    const expiresAt = new Date(by.clock.now().getTime() + 7_200_000);
    await ctxOf(by).tx((ctx) => store.replaceByHand(ctx, { value, expiresAt }));
    // At once, in both, however far the renewals are.
    expect([await nextOf(first), await nextOf(second)], told).toEqual([value, value]);
    const given = await Promise.all(underWay);
    overtaken += given.filter((token) => token === value).length;
    expect([await nextOf(first), await nextOf(second)], told).toEqual([value, value]);
    expect(await stored(), told).toMatchObject({ source: "hand", voided: false, leaseOwner: null });
    renewals += emulator.world.state.journal.list({ kind: "api" }).length - start;
  }
  // Both kinds of rounds came up: renewals that asked WeChat, and some that had to take the other's token instead.
  expect(renewals).toBeGreaterThan(rounds / 4);
  expect(overtaken).toBeGreaterThan(0);
}, 120_000);

test("the schedules of two servers renew a token once", async () => {
  for (let round = 1; round <= 20; round++) {
    emulator.world.voidTokens(bound.appid, "stable_token");
    await refuse();
    const asked = () =>
      emulator.world.state.journal.list({ kind: "api" }).filter(({ what }) => what === "stable_token");
    const before = asked().length;
    await Promise.all([first, second].map((server) => server.app.get(AccessTokens).refreshAhead()));
    expect(asked().length - before, `round ${round}`).toBe(1);
    expect(await stored()).toMatchObject({ source: "wechat", voided: false });
  }
});
