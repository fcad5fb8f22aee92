import { setTimeout as pause } from "node:timers/promises";
import { event } from "@zhanggui/kit/contract/event";
import { newId } from "@zhanggui/kit/contract/ids";
import { z } from "zod";
import { openBoss, workBoss } from "./support/boss.ts";
import { measured } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { printMachine, printTable, quantile, shown } from "./support/figures.ts";
import { sharedClockMs, startQueueProcess } from "./support/queue-process.ts";
import { bestRates } from "./support/rates.ts";
import { statementsSent } from "./support/statements.ts";
import {
  emitBacklog,
  keyedSip,
  leaveEffect,
  measureProgress,
  newTenants,
  openTea,
  plainSip,
  type SipEvent,
} from "./support/tea.ts";

/*
 * What the queue costs: events worked off by one process, each handler writing a row through its ctx, beside pg-boss
 * with batches and the same row; statements for that; emitting, with the tasks of one handler, beside a plain insert;
 * the way to a handler in another process; a process that has nothing to do; a long event log; a slow tenant.
 *
 * `node bench/queue.ts emit latency` measures those only. BENCH_DATABASE_URL takes another PostgreSQL.
 */
const backlog = 12_000;
const rounds = 3;
const tenantCount = 10;

type Tea = Awaited<ReturnType<typeof openTea>>;
type Figure = (clusterUrl: string) => Promise<void>;
interface Speed {
  readonly perSecond: number;
  readonly statementsEach: number;
}

const best = (speeds: readonly Speed[]): Speed =>
  speeds.reduce((best, each) => (each.perSecond > best.perSecond ? each : best));

/** Runs each in turn, several rounds, so that a busy moment hits all alike; the best round of each. */
async function bestSpeeds(works: readonly (() => Promise<Speed>)[]): Promise<Speed[]> {
  const seen: Speed[][] = works.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, work] of works.entries()) seen[at]?.push(await work());
  }
  return seen.map(best);
}

/** Fills the queue of a handler that another runtime then works off. */
async function workOff(tea: Tea, sip: SipEvent, count = backlog): Promise<Speed> {
  const [emitter, worker] = [await tea.second(), await tea.second()];
  const handler = `tea.drink_${sip.name.split(".")[1]}`;
  const { one, worked } = measureProgress(count, statementsSent);
  for (const runtime of [emitter, worker]) {
    runtime.on(sip, handler, async (ctx, { n }, { eventId }) => {
      await leaveEffect(ctx, eventId, n);
      one();
    });
  }
  await emitter.start({ work: false });
  await emitBacklog(emitter, sip, newTenants(tenantCount), count);
  await emitter.stop();
  await worker.start({ work: true });
  const speed = await worked;
  await worker.stop();
  return speed;
}

async function workOffBoss(tea: Tea, atOnce: number): Promise<Speed> {
  const opened = await openBoss(tea.runtime.env.DATABASE_URL);
  const tenants = newTenants(tenantCount);
  const jobs = Array.from({ length: backlog }, (_, n) => ({
    data: { n, pot: `pot ${n % 200}`, tenantId: tenants[n % tenantCount] },
  }));
  await opened.boss.insert(opened.queue, jobs);
  await tea.pool.query("ANALYZE");
  const { one, worked } = measureProgress(backlog, statementsSent);
  await workBoss(opened, atOnce, one);
  const speed = await worked;
  await opened.boss.stop({ graceful: true, timeout: 5000 });
  return speed;
}

async function handled(clusterUrl: string): Promise<void> {
  statementsSent();
  const tea = await openTea(clusterUrl);
  try {
    const [plain, keyed, boss, bosses] = await bestSpeeds([
      () => workOff(tea, plainSip),
      () => workOff(tea, keyedSip),
      () => workOffBoss(tea, 1),
      () => workOffBoss(tea, 8),
    ]);
    if (!plain || !keyed || !boss || !bosses) return;
    const row = (name: string, { perSecond, statementsEach }: Speed): string[] => [
      name,
      shown(perSecond),
      shown(perSecond / boss.perSecond),
      shown(statementsEach),
    ];
    printTable(
      [`${backlog.toLocaleString("en")} waiting, one process`, "handled/s", "of pg-boss", "statements each"],
      [
        row("events", plain),
        row("events with keys", keyed),
        row("pg-boss, batches", boss),
        row("pg-boss, eight batches at once", bosses),
      ],
    );
  } finally {
    await tea.close();
  }
}

async function emit(clusterUrl: string): Promise<void> {
  const tea = await openTea(clusterUrl);
  const { boss, queue } = await openBoss(tea.runtime.env.DATABASE_URL);
  try {
    tea.runtime.on(plainSip, "tea.drink", async () => {});
    await tea.runtime.start({ work: false });
    await tea.pool.query("CREATE TABLE floor (id uuid PRIMARY KEY, note text NOT NULL)");
    const plainInsert = async (): Promise<void> => {
      const client = await tea.pool.connect();
      await client.query("BEGIN");
      await client.query("INSERT INTO floor (id, note) VALUES ($1, $2)", [newId(new Date()), "oolong"]);
      await client.query("COMMIT");
      client.release();
    };
    const ctx = tea.runtime.ctx(newId(new Date()));
    const emitOne = () => ctx.tx((ctx) => ctx.emit(plainSip, { n: 1, pot: "oolong" }));
    const send = () => boss.send(queue, { n: 1, pot: "oolong" });
    const table: string[][] = [];
    for (const atOnce of [1, 16]) {
      const [floor = 0, ours = 0, sent = 0] = await bestRates([plainInsert, emitOne, send], atOnce);
      table.push([`${atOnce} at once`, ...[floor, ours, sent, ours / floor, sent / floor].map(shown)]);
    }
    printTable(["per second", "plain insert", "emit", "pg-boss send", "emit of insert", "send of insert"], table);
  } finally {
    await boss.stop({ graceful: false });
    await tea.close();
  }
}

/** From a commit here to the handler in another process, at a steady hundred a second; then silence. */
async function latency(clusterUrl: string): Promise<void> {
  const [everyMs, warmUp, count, idleMs] = [10, 200, 1500, 10_000];
  const tea = await openTea(clusterUrl);
  const committed = new Map<string, number>();
  const began = new Map<string, number>();
  tea.runtime.on(plainSip, "tea.drink", async () => {});
  await tea.runtime.start({ work: false });
  const worker = await startQueueProcess(tea.runtime.env.DATABASE_URL, (id, atMs) => began.set(id, atMs));
  try {
    const ctx = tea.runtime.ctx(newId(new Date()));
    const fromMs = performance.now();
    const emits: Promise<void>[] = [];
    for (let n = 0; n < warmUp + count; n++) {
      await pause(Math.max(0, fromMs + n * everyMs - performance.now()));
      emits.push(
        ctx
          .tx((ctx) => ctx.emit(plainSip, { n, pot: "oolong" }))
          .then((id) => void (n >= warmUp && committed.set(id, sharedClockMs()))),
      );
    }
    await Promise.all(emits);
    while (began.size < warmUp + count) await pause(50);
    const waited = [...committed].map(([id, atMs]) => (began.get(id) ?? Infinity) - atMs);
    await pause(2000);
    const before = await worker.statements();
    await pause(idleMs);
    const idle = ((await worker.statements()) - before) / (idleMs / 1000);
    printTable(
      ["another process", "p50 ms", "p99 ms", "most ms", "statements/s when idle"],
      [
        [
          "100 events a second",
          ...[quantile(waited, 0.5), quantile(waited, 0.99), quantile(waited, 1), idle].map(shown),
        ],
      ],
    );
  } finally {
    await worker.end();
    await tea.close();
  }
}

/** The same backlog behind a short event log and behind a long one. */
async function log(clusterUrl: string): Promise<void> {
  const sizes = [1_000, 1_000_000];
  const teas: Tea[] = [];
  try {
    for (const size of sizes) {
      const tea = await openTea(clusterUrl);
      teas.push(tea);
      await tea.pool.query(
        `INSERT INTO kit_event (tenant_id, id, name, payload, actor_kind, actor_id, trace_id, occurred_at)
         SELECT ($1::uuid[])[1 + n % ${tenantCount}], zg_id(), '${plainSip.name}', '{"n":1,"pot":"oolong"}', 'system',
           'bench', '0', now() FROM generate_series(1, ${size}) n`,
        [newTenants(tenantCount)],
      );
      await tea.pool.query("VACUUM ANALYZE");
    }
    await teas[0]?.pool.query("CHECKPOINT");
    const [short, long] = await bestSpeeds(teas.map((tea) => () => workOff(tea, plainSip)));
    if (!short || !long) return;
    printTable(
      ["events in the log before", ...sizes.map((size) => size.toLocaleString("en")), "ratio"],
      [["handled/s", shown(short.perSecond), shown(long.perSecond), shown(long.perSecond / short.perSecond)]],
    );
  } finally {
    for (const tea of teas) await tea.close();
  }
}

const slowMs = 100;
const poured = event("tea.poured.v1", z.object({ slow: z.boolean() }));

/** How fast the quick ones are worked off while a tenant that has much to do takes its time. */
async function workBesideSlow(tea: Tea, slowBacklog: number): Promise<Speed> {
  const [emitter, worker] = [await tea.second(), await tea.second()];
  const { one, worked } = measureProgress(backlog, statementsSent);
  for (const runtime of [emitter, worker]) {
    runtime.on(poured, "tea.see", async (ctx, { slow }, { eventId }) => {
      await leaveEffect(ctx, eventId, 1);
      if (slow) await pause(slowMs);
      else one();
    });
  }
  await emitter.start({ work: false });
  const emitMany = (tenantId: string, count: number, slow: boolean) =>
    emitter.ctx(tenantId).tx((ctx) =>
      ctx.emitAll(
        poured,
        Array.from({ length: count }, () => ({ slow })),
      ),
    );
  for (const tenantId of newTenants(1)) await emitMany(tenantId, slowBacklog, true);
  for (const tenantId of newTenants(tenantCount)) await emitMany(tenantId, backlog / tenantCount, false);
  await emitter.stop();
  await worker.start({ work: true });
  const speed = await worked;
  await tea.pool.query("DELETE FROM kit_task WHERE lease IS NULL");
  await worker.stop();
  await tea.pool.query("DELETE FROM kit_task");
  return speed;
}

async function slow(clusterUrl: string): Promise<void> {
  const tea = await openTea(clusterUrl);
  try {
    const [without, beside] = await bestSpeeds([() => workBesideSlow(tea, 0), () => workBesideSlow(tea, 2_000)]);
    if (!without || !beside) return;
    printTable(
      ["the others' handled/s", "alone", `beside one with ${slowMs} ms each`, "ratio"],
      [
        [
          `${tenantCount} tenants`,
          shown(without.perSecond),
          shown(beside.perSecond),
          shown(beside.perSecond / without.perSecond),
        ],
      ],
    );
  } finally {
    await tea.close();
  }
}

const figures: Readonly<Record<string, Figure>> = { handled, emit, latency, log, slow };
const wanted = process.argv.slice(2);

await measured(async () => {
  const clusterUrl = await openCluster();
  printMachine();
  for (const [name, figure] of Object.entries(figures)) {
    if (wanted.length === 0 || wanted.includes(name)) await figure(clusterUrl);
  }
});
