import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { startEmulator } from "@zhanggui/emulator/emulator";
import pg from "pg";
import { onShutdown, measured } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, quantile, shown } from "./support/figures.ts";
import { type Account, keyword, openShop, post, pushOf } from "./support/pushes.ts";
import { startBuiltServer, startPlainServer } from "./support/servers.ts";

/*
 * How many of WeChat's pushes one server process takes: safe mode, XML, each with its own MsgId, each answered by an
 * auto-reply rule while the same process works the events off; beside a bare Fastify route that decrypts the push and
 * inserts one row.
 */
const atOnce = 32;
const forMs = 10_000;
const warmUpMs = 2_000;

let messages = 0;
const nextPush = (account: Account) => pushOf(account, (messages += 1), `看看${keyword}`);

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
