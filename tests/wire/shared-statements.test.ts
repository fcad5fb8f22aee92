import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { createLog } from "@zhanggui/kit/server/log";
import { bindLanternTea, type Bound, saying } from "@zhanggui/server/testing/lantern-tea";
import { openTestServer, type Member, type TestServer } from "@zhanggui/server/testing/test-server";
import { sign } from "@zhanggui/wechat/signature";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";

/*
 * Pushes that come at the same time are stored by one statement and one commit: of several tenants, in the order of
 * their coming, each answered by what became of itself.
 */
interface Shop {
  readonly owner: Member;
  readonly bound: Bound;
  readonly reply: string;
}
interface Push {
  readonly shop: Shop;
  readonly msgId: string;
  readonly openid?: string;
}
interface Answer extends Push {
  readonly status: number;
  readonly body: string;
}

let emulator: Emulator;
let server: TestServer;
let database: pg.Client;
let shops: readonly [Shop, Shop];
let sent = 0;

beforeAll(async () => {
  const clock = new TurnableClock();
  emulator = await startEmulator({ clock, seed: 23 });
  // Nobody works the tasks off: what they are and in which order can be looked at.
  server = await openTestServer(inject("clusterUrl"), {
    clock,
    log: createLog("silent"),
    env: { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl },
  });
  database = new pg.Client({ connectionString: server.databaseUrl });
  await database.connect();
  shops = [await openShop("桂花乌龙"), await openShop("陈皮白茶")];
});
afterAll(async () => {
  await database.end();
  await server.close();
  await emulator.stop();
});
beforeEach(async () => {
  await server.runUntilIdle();
  await database.query("DELETE FROM connect_inbound");
  await database.query("DELETE FROM kit_event");
});

async function openShop(reply: string): Promise<Shop> {
  const owner = await server.asOwner();
  const bound = await bindLanternTea(owner, emulator.world, server.url, { mode: "plain" });
  const replies = saying(reply);
  await owner.api.messaging.createRule({ name: reply, on: "keyword", keywords: ["点单"], match: "exact", replies });
  return { owner, bound, reply };
}

function newPush(shop: Shop): Push {
  sent += 1;
  return { shop, msgId: `${8_000_000_000 + sent}` };
}

/** Status 0 stands for a connection that broke. */
async function send(push: Push): Promise<Answer> {
  const { bound } = push.shop;
  const timestamp = String(Math.floor(server.clock.now().getTime() / 1000));
  const signature = sign(bound.pushToken, timestamp, push.msgId);
  const query = new URLSearchParams({ timestamp, nonce: push.msgId, signature });
  const fields = {
    ToUserName: emulator.world.account(bound.appid).originalId,
    FromUserName: push.openid ?? "oGuest",
    CreateTime: timestamp,
    MsgType: "text",
    Content: "点单",
    MsgId: push.msgId,
  };
  const body = `<xml>${Object.entries(fields)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
    .join("")}</xml>`;
  const url = `${server.url}/api/wechat/callback/${bound.wechatAppId}?${query.toString()}`;
  const response = await fetch(url, { method: "POST", body, headers: { "content-type": "text/xml" } });
  return { ...push, status: response.status, body: await response.text() };
}

const sendAll = (pushes: readonly Push[]): Promise<Answer[]> => Promise.all(pushes.map(send));

interface Kept {
  readonly tenant_id: string;
  readonly dedupe_key: string;
  readonly openid: string;
  readonly trace_id: string;
  /** Of its event. */
  readonly told_in: string;
  readonly told_openid: string;
  readonly told_trace: string;
  /** The transaction that stored it. */
  readonly stored_by: string;
  readonly seq: number;
}

/** What is kept, with the event and the first handler's task of each, in the order of the tasks. */
async function kept(): Promise<Kept[]> {
  const { rows } = await database.query<Kept>(`
    SELECT i.tenant_id, i.dedupe_key, i.openid, i.trace_id, i.xmin::text AS stored_by, e.tenant_id AS told_in,
      e.payload->>'openid' AS told_openid, e.trace_id AS told_trace, t.seq
    FROM connect_inbound i
    LEFT JOIN kit_event e ON e.payload->>'inboundId' = i.id::text
    LEFT JOIN kit_task t ON t.ref = e.id AND t.queue = 'audience.link_person'
    ORDER BY t.seq`);
  return rows;
}

/** Whoever was told that a push is kept was told the truth: it lies there once, and was told of once. */
async function expectKept(answers: readonly Answer[]): Promise<void> {
  const rows = await kept();
  const keptOf = ({ shop, msgId }: Push) =>
    rows.filter((row) => row.tenant_id === shop.owner.tenantId && row.dedupe_key.includes(msgId));
  for (const answer of answers) {
    if (answer.status !== 200) continue;
    expect(answer.body).toContain(answer.shop.reply);
    expect(keptOf(answer)).toEqual([expect.objectContaining({ told_in: answer.shop.owner.tenantId })]);
  }
}

/** Backends that store pushes. */
async function storing(): Promise<number[]> {
  const { rows } = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND state = 'active' AND query LIKE '%INSERT INTO connect_inbound%'`,
  );
  return rows.map(({ pid }) => pid);
}

test("two tenants' pushes with the same ids share statements, and nothing else", async () => {
  const pushes = Array.from({ length: 100 }, (_, n) => ({ msgId: `${7_000_000_000 + n}`, openid: `oGuest${n % 7}` }));
  const answers = await sendAll(pushes.flatMap((push) => shops.map((shop) => ({ shop, ...push }))));
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  await expectKept(answers);
  const rows = await kept();
  expect(rows).toHaveLength(200);
  for (const row of rows) {
    expect(row).toMatchObject({ told_in: row.tenant_id, told_openid: row.openid, told_trace: row.trace_id });
  }
  const together = Map.groupBy(rows, (row) => row.stored_by);
  const tenantsOf = [...together.values()].map((those) => new Set(those.map((row) => row.tenant_id)).size);
  expect(Math.max(...tenantsOf)).toBe(2);
  const { rows: strays } = await database.query(
    "SELECT FROM kit_task t JOIN kit_event e ON e.id = t.ref WHERE t.tenant_id <> e.tenant_id",
  );
  expect(strays).toEqual([]);
});

test("what one statement stores is told in the order in which it came", async () => {
  const answers = await sendAll(Array.from({ length: 120 }, (_, n) => newPush(shops[n % 2]!)));
  await expectKept(answers);
  const { rows } = await database.query<{ stored_by: string; ids: string[] }>(
    `SELECT e.xmin::text AS stored_by, array_agg(e.payload->>'inboundId' ORDER BY t.seq) AS ids
     FROM kit_task t JOIN kit_event e ON e.id = t.ref WHERE t.queue = 'audience.link_person' GROUP BY e.xmin::text`,
  );
  expect(rows.some(({ ids }) => ids.length > 2)).toBe(true);
  for (const { ids } of rows) expect(ids).toEqual(ids.toSorted());
});

test("one that can't be stored fails alone, two hundred times", async () => {
  await database.query("ALTER TABLE connect_inbound ADD CONSTRAINT no_sugar CHECK (openid <> 'oSugar')");
  try {
    for (let round = 0; round < 200; round++) {
      const bad = { ...newPush(shops[round % 2]!), openid: "oSugar" };
      const good = Array.from({ length: 11 }, (_, n) => newPush(shops[n % 2]!));
      const answers = await sendAll(good.toSpliced(randomInt(12), 0, bad));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([expect.objectContaining({ msgId: bad.msgId })]);
      if (round % 20 === 19) await expectKept(answers);
    }
    const rows = await kept();
    expect(rows).toHaveLength(200 * 11);
    expect(rows.filter((row) => row.openid === "oSugar" || row.seq === null)).toEqual([]);
  } finally {
    await database.query("ALTER TABLE connect_inbound DROP CONSTRAINT no_sugar");
  }
});

test("connections that are killed while they store answer nobody falsely; what comes again is kept once", async () => {
  let refused = 0;
  // Another connection: within a transaction one sees the others as they were at its first look.
  const holder = new pg.Client({ connectionString: server.databaseUrl });
  await holder.connect();
  for (let round = 0; round < 60; round++) {
    const pushes = Array.from({ length: 24 }, (_, n) => newPush(shops[n % 2]!));
    // In every second round they wait for a lock and die before they have stored anything; else at any moment.
    const holds = round % 2 === 0;
    if (holds) await holder.query("BEGIN; LOCK TABLE connect_inbound IN SHARE MODE");
    const answering = sendAll(pushes);
    if (holds) await expect.poll(async () => (await storing()).length).toBeGreaterThan(0);
    else await pause(randomInt(12));
    for (const pid of await storing()) await database.query("SELECT pg_terminate_backend($1)", [pid]);
    if (holds) await holder.query("COMMIT");
    const answers = await answering;
    await expectKept(answers);
    const again = answers.filter(({ status }) => status !== 200);
    refused += again.length;
    const repeated = await sendAll(again);
    expect(repeated.filter(({ status }) => status !== 200)).toEqual([]);
    await expectKept(repeated);
    expect(await kept()).toHaveLength(24 * (round + 1));
  }
  expect(refused).toBeGreaterThan(0);
  await holder.end();
});
