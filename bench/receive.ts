import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type Emulator, startEmulator } from "@zhanggui/emulator/emulator";
import { createClient } from "@zhanggui/kit/contract/client";
import { access } from "@zhanggui/server/foundation/access/access.contract";
import { connect } from "@zhanggui/server/engines/connect/connect.contract";
import { messaging } from "@zhanggui/server/engines/messaging/messaging.contract";
import { encryptMessage } from "@zhanggui/wechat/cipher";
import { sign } from "@zhanggui/wechat/signature";
import pg from "pg";
import { onShutdown, measured } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, quantile, shown } from "./support/figures.ts";
import { type RunningServer, setupToken, startBuiltServer, startPlainServer } from "./support/servers.ts";

/*
 * How many of WeChat's pushes one server process takes: safe mode, XML, each with its own MsgId, each answered by an
 * auto-reply rule while the same process works the events off; beside a bare Fastify route that decrypts the push and
 * inserts one row.
 */
const atOnce = 32;
const forMs = 10_000;
const warmUpMs = 2_000;
const people = 50;
const keyword = "菜单";

interface Account {
  readonly appId: string;
  readonly originalId: string;
  readonly pushToken: string;
  readonly encodingAesKey: string;
  readonly openids: readonly string[];
}

interface Shop {
  /** The callback's path. */
  readonly path: string;
  readonly account: Account;
}

/** Binds an official account with fans to the server, and makes a rule that answers the keyword. */
async function openShop(server: RunningServer, emulator: Emulator): Promise<Shop> {
  const baseUrl = server.url;
  const owner = { login: "owner@lantern-tea.example", displayName: "Owner", password: randomBytes(16).toString("hex") };
  const visitor = createClient({ access }, { baseUrl });
  const { accessToken } = await visitor.access.setup({ setupToken, tenantName: "Lantern Tea", ...owner });
  const headers = () => ({ authorization: `Bearer ${accessToken}` });
  const api = createClient({ connect, messaging }, { baseUrl, headers });

  const wechat = emulator.world.createAccount({ name: "灯笼茶" });
  const secrets = {
    pushToken: randomBytes(8).toString("hex"),
    encodingAesKey: randomBytes(32).toString("hex").slice(0, 43),
  };
  const app = await api.connect.bindApp({
    name: "灯笼茶",
    appId: wechat.appid,
    appSecret: wechat.secret,
    mode: "safe",
    ...secrets,
  });
  const rule = {
    name: "菜单",
    on: "keyword",
    keywords: [keyword],
    match: "contains",
    replies: [{ type: "text", text: "今日：桂花乌龙、陈皮白茶。" }],
  } satisfies Parameters<typeof api.messaging.createRule>[0];
  await api.messaging.createRule(rule);
  const path = `/api/wechat/callback/${app.id}`;
  const url = server.url + path;
  const { pushToken: token, encodingAesKey } = secrets;
  await emulator.world.configurePush(wechat.appid, { url, token, encodingAesKey, mode: "safe", format: "xml" });
  for (let index = 0; index < people; index++) await emulator.world.follow(emulator.world.createPuppet().id);
  const openids = emulator.world.bonds().map(({ openid }) => openid);
  return { path, account: { appId: wechat.appid, originalId: wechat.originalId, openids, ...secrets } };
}

let messages = 0;

/** A push as WeChat sends it: the query and the body. */
function nextPush({ appId, originalId, pushToken, encodingAesKey, openids }: Account): { query: string; body: string } {
  messages += 1;
  const openid = openids[messages % openids.length] ?? "";
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = String(messages);
  const message =
    `<xml><ToUserName><![CDATA[${originalId}]]></ToUserName><FromUserName><![CDATA[${openid}]]></FromUserName>` +
    `<CreateTime>${timestamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>` +
    `<Content><![CDATA[看看${keyword}]]></Content><MsgId>${24_000_000_000 + messages}</MsgId></xml>`;
  const encrypted = encryptMessage(message, { appId, encodingAesKey });
  const query = new URLSearchParams({
    signature: sign(pushToken, timestamp, nonce),
    timestamp,
    nonce,
    openid,
    encrypt_type: "aes",
    msg_signature: sign(pushToken, timestamp, nonce, encrypted),
  });
  const toUser = `<ToUserName><![CDATA[${originalId}]]></ToUserName>`;
  return { query: query.toString(), body: `<xml>${toUser}<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>` };
}

/** Sends a push, resolves with the answer's body. Rejects unless it is 200. */
function post(agent: Agent, url: string, body: string): Promise<string> {
  const headers = { "content-type": "text/xml", "content-length": Buffer.byteLength(body) };
  return new Promise((done, fail) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.once("end", () =>
        response.statusCode === 200 ? done(text) : fail(new Error(`${response.statusCode}: ${text}`)),
      );
    });
    sent.once("error", fail);
    sent.end(body);
  });
}

interface Seen {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Keeps `atOnce` pushes in flight. Each answer must hold `expected`. */
async function push(url: string, account: Account, expected: string): Promise<Seen> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const spentMs: number[] = [];
  const loop = async (untilMs: number): Promise<void> => {
    while (performance.now() < untilMs) {
      const { query, body } = nextPush(account);
      const from = performance.now();
      const answer = await post(agent, `${url}?${query}`, body);
      spentMs.push(performance.now() - from);
      if (!answer.includes(expected)) throw new Error(`not answered with ${expected}: ${answer}`);
    }
  };
  const run = async (lastMs: number) => {
    const untilMs = performance.now() + lastMs;
    await Promise.all(Array.from({ length: atOnce }, () => loop(untilMs)));
  };
  try {
    await run(warmUpMs);
    spentMs.length = 0;
    const from = performance.now();
    await run(forMs);
    const seconds = (performance.now() - from) / 1000;
    return { perSecond: spentMs.length / seconds, p50Ms: quantile(spentMs, 0.5), p99Ms: quantile(spentMs, 0.99) };
  } finally {
    agent.destroy();
  }
}

/** How many tasks still wait for a handler. */
async function waiting(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM kit_task WHERE queue <> 'kit.schedules'",
  );
  return rows[0]?.count ?? 0;
}

/** A million messages of the past, as if they had come in over a year. */
async function fillInbound(client: pg.Client): Promise<void> {
  await client.query(`INSERT INTO connect_inbound (tenant_id, id, wechat_app_id, dedupe_key, openid, kind, content,
      trace_id, sent_at, received_at)
    SELECT tenant_id, zg_id(), id, 'past ' || n, 'openid ' || n % 50000, 'text', '{"Content":"hello"}', 'past',
      now() - n * interval '30 seconds', now() - n * interval '30 seconds'
    FROM connect_app, generate_series(1, 1000000) n`);
  await client.query("VACUUM ANALYZE connect_inbound");
}

await measured(async () => {
  const clusterUrl = await openCluster();
  const client = new pg.Client({ connectionString: clusterUrl });
  await client.connect();
  onShutdown(() => client.end());
  const emulator = await startEmulator({ seed: 1 });
  onShutdown(() => emulator.stop());
  const env = {
    DATABASE_URL: clusterUrl,
    WECHAT_API_URL: emulator.url,
    WECHAT_MP_URL: emulator.url,
    SMTP_URL: emulator.smtpUrl,
  };
  const all = await startBuiltServer(env);
  const { path, account } = await openShop(all, emulator);
  const { appId, pushToken: token, encodingAesKey } = account;
  const PUSH_KEYS = JSON.stringify({ appId, token, encodingAesKey, mode: "safe" });
  const plain = await startPlainServer({ DATABASE_URL: clusterUrl, PUSH_KEYS });
  const floor = await push(`${plain.url}/push`, account, "success");
  const together = await push(all.url + path, account, "<Encrypt>");
  const leftTogether = await waiting(client);
  // What the first run left is no burden of the second; how fast it goes is a figure of its own.
  const from = performance.now();
  while ((await waiting(client)) > 0) await pause(100);
  const workedOff = leftTogether / ((performance.now() - from) / 1000);
  await all.stop();
  const api = await startBuiltServer({ ...env, ROLE: "api" });
  const alone = await push(api.url + path, account, "<Encrypt>");
  await client.query("TRUNCATE kit_task, kit_lane");
  await fillInbound(client);
  const full = await push(api.url + path, account, "<Encrypt>");
  await client.query("TRUNCATE kit_task, kit_lane");
  await startBuiltServer({ ...env, ROLE: "worker" });
  const apart = await push(api.url + path, account, "<Encrypt>");
  const leftApart = await waiting(client);
  printMachine();
  const line = (name: string, { perSecond, p50Ms, p99Ms }: Seen, left: string) => [
    name,
    ...[perSecond, p50Ms, p99Ms].map(shown),
    left,
  ];
  printTable(
    [`${atOnce} at once, ${forMs / 1000} s`, "pushes/s", "p50 ms", "p99 ms", "tasks left"],
    [
      line("floor: Fastify, decrypt, one insert", floor, ""),
      line("the server, nobody handles", alone, ""),
      line("  the same, a million messages before", full, ""),
      line("the server, one process for all", together, leftTogether.toLocaleString("en")),
      line("the server, beside a worker", apart, leftApart.toLocaleString("en")),
    ],
  );
  console.log(`tasks worked off while no pushes come in: ${shown(workedOff)} per second`);
  const ratio = (seen: Seen, of: Seen): string => shown(seen.perSecond / of.perSecond);
  console.log(
    `the server takes ${ratio(alone, floor)} of the floor's pushes, ${ratio(together, floor)} while it handles what ` +
      `comes, ${ratio(apart, floor)} beside a worker; with a million messages ${ratio(full, alone)} of that without`,
  );
});
