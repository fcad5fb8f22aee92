import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { startEmulator } from "@zhanggui/emulator/emulator";
import pg from "pg";
import { measured, onShutdown } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, quantile, shown } from "./support/figures.ts";
import { type Account, keyword, openShop, post, pushOf } from "./support/pushes.ts";
import { startBuiltServer, startPlainServer } from "./support/servers.ts";

/*
 * 10,000 messages, a tenth of them repeated, reordered or late, into one process that answers by a rule, keeps
 * conversations and works all of it off meanwhile; beside the bare route, which is sent the same. Half of them a rule
 * answers, and half wait for somebody. At the end each must have been kept, told and handled once.
 */
const count = Number(process.env["PUSHES"] ?? 10_000);
const atOnce = 32;
const warmUp = 1_000;
/** As many places later as WeChat's first repeat is at 500 a second: five seconds. */
const late = 2_500;
const near = 20;

/** In which order messages come, some twice. Of ten, one is repeated at once, comes after others, or again late. */
function orderOf(from: number): number[] {
  const placed = Array.from({ length: count }, (_, at) => {
    const message = from + at;
    const kind = at % 30;
    if (kind === 0)
      return [
        { message, at },
        { message, at: at + 1.5 },
      ];
    if (kind === 10) return [{ message, at: at + near + 0.5 }];
    return kind === 20
      ? [
          { message, at },
          { message, at: at + late + 0.5 },
        ]
      : [{ message, at }];
  });
  return placed
    .flat()
    .toSorted((a, b) => a.at - b.at)
    .map(({ message }) => message);
}

const textOf = (message: number): string => (message % 2 === 0 ? `看看${keyword}` : "请问几点打烊");

async function pushAll(url: string, account: Account, order: readonly number[]) {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const spentMs: number[] = [];
  const waiting = order.values();
  const from = performance.now();
  const loop = async (): Promise<void> => {
    for (const message of waiting) {
      const { query, body } = pushOf(account, message, textOf(message));
      const sentAt = performance.now();
      await post(agent, `${url}?${query}`, body);
      spentMs.push(performance.now() - sentAt);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, loop));
  } finally {
    agent.destroy();
  }
  const seconds = (performance.now() - from) / 1000;
  return { perSecond: order.length / seconds, p50Ms: quantile(spentMs, 0.5), p99Ms: quantile(spentMs, 0.99) };
}

const one = async (client: pg.Client, text: string): Promise<number> =>
  (await client.query<{ n: number }>(text)).rows[0]?.n ?? 0;
const left = (client: pg.Client) =>
  one(client, "SELECT count(*)::int AS n FROM kit_task WHERE queue <> 'kit.schedules'");

/** What is to be there, and what is; throws where they differ. */
async function prove(client: pg.Client, messages: number): Promise<void> {
  const found = {
    kept: await one(client, "SELECT count(*)::int AS n FROM connect_inbound WHERE kind = 'text'"),
    told: await one(
      client,
      "SELECT count(*)::int AS n FROM kit_event WHERE name = 'connect.message_received.v1' AND payload->>'kind' = 'text'",
    ),
    written: await one(client, "SELECT count(*)::int AS n FROM audience_timeline WHERE kind = 'wrote'"),
    answered:
      2 *
      (await one(
        client,
        "SELECT count(*)::int AS n FROM connect_inbound WHERE reply_by IS NOT NULL AND kind = 'text'",
      )),
  };
  const dead = await one(client, "SELECT count(*)::int AS n FROM kit_dead");
  const wrong = Object.entries(found).filter(([, n]) => n !== messages);
  if (wrong.length > 0 || dead > 0)
    throw new Error(`not once each of ${messages}: ${JSON.stringify(found)}, ${dead} given up`);
}

await measured(async () => {
  const clusterUrl = await openCluster();
  const client = new pg.Client({ connectionString: clusterUrl });
  await client.connect();
  onShutdown(() => client.end());
  const emulator = await startEmulator({ seed: 1 });
  onShutdown(() => emulator.stop());
  const { url, smtpUrl: SMTP_URL } = emulator;
  const env = { DATABASE_URL: clusterUrl, WECHAT_API_URL: url, WECHAT_MP_URL: url, SMTP_URL };
  const server = await startBuiltServer(env);
  const { path, account } = await openShop(server, emulator);
  const { appId, pushToken: token, encodingAesKey } = account;
  const PUSH_KEYS = JSON.stringify({ appId, token, encodingAesKey, mode: "safe" });
  const plain = await startPlainServer({ DATABASE_URL: clusterUrl, PUSH_KEYS });
  const [floorUrl, ownUrl] = [`${plain.url}/push`, server.url + path];
  const warm = Array.from({ length: warmUp }, (_, at) => at);
  await pushAll(floorUrl, account, warm);
  await pushAll(ownUrl, account, warm);
  const order = orderOf(warmUp);
  const floor = await pushAll(floorUrl, account, order);
  const own = await pushAll(ownUrl, account, order);
  const waited = await left(client);
  const from = performance.now();
  while ((await left(client)) > 0) await pause(50);
  const lateMs = performance.now() - from;
  await prove(client, warmUp + count);
  printMachine();
  const line = (name: string, { perSecond, p50Ms, p99Ms }: typeof own) => [
    name,
    ...[perSecond, p50Ms, p99Ms].map(shown),
  ];
  printTable(
    [`${order.length} pushes of ${count} messages, ${atOnce} at once`, "pushes/s", "p50 ms", "p99 ms"],
    [line("floor: Fastify, decrypt, one insert", floor), line("the server, which answers and handles", own)],
  );
  console.log(
    `${waited} tasks waited at the end, for ${shown(lateMs)} ms; each message was kept, told and handled once`,
  );
  console.log(`the server takes ${shown(own.perSecond / floor.perSecond)} of the floor's pushes while it handles them`);
});
