import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newId } from "@zhanggui/kit/contract/ids";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { createPlainTable } from "@zhanggui/kit/testing/queue";
import { kitMigrations } from "@zhanggui/kit/testing/runtime";
import pg from "pg";
import { rolldown } from "rolldown";
import { expect, inject, onTestFinished, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { effectColumns, keyedSip, openWorker, plainSip } from "../setup/queue-worker.ts";

const kills = 50;
const events = 20_000;
const workers = 3;
const perRound = events / kills / 2;
const pots = 40;
const source = fileURLToPath(new URL("../setup/queue-worker.ts", import.meta.url));

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e9));

/** Reproducible: the test prints its seed when it fails. */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** The worker as one file; its path. Read as hundreds of files, each of the fifty starts took three times as long. */
async function bundleWorker(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "zg-killed-queue-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "worker.mjs");
  const bundle = await rolldown({ input: source, platform: "node", external: ["pg-native"], logLevel: "silent" });
  await bundle.write({ file, format: "esm", codeSplitting: false });
  return file;
}

async function startWorker(script: string, databaseUrl: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, DATABASE_URL: databaseUrl, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

test(
  `kill -9 of workers, ${kills} times over ${events} events: each effect once, in order, none lost (SEED=${seed})`,
  async () => {
    const random = randomNumbers(seed);
    const database = await cloneOfTemplate(inject("clusterUrl"), kitMigrations);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const count = async (text: string) =>
      (await client.query<{ n: number }>(`SELECT count(*)::int AS n ${text}`)).rows[0]?.n ?? 0;
    const emitter = openWorker(database.url);
    await createPlainTable(emitter.unscopedDb(), "tea_effect", effectColumns);
    await emitter.start({ work: false });
    const tenants = [newId(new Date()), newId(new Date())];
    const script = await bundleWorker();
    const start = () => startWorker(script, database.url);
    const running = await Promise.all(Array.from({ length: workers }, start));
    let inFlight = 0;
    try {
      for (let round = 0; round < kills; round++) {
        const base = round * perRound;
        const ctx = emitter.ctx(tenants[round % tenants.length]!);
        const sips = Array.from({ length: perRound }, (_, n) => ({ n: base + n, pot: `pot ${(base + n) % pots}` }));
        const before = await count("FROM tea_effect");
        await ctx.tx(async (ctx) => {
          await ctx.emitAll(plainSip, sips);
          await ctx.emitAll(keyedSip, sips);
        });
        // Somewhere in the middle of it.
        const enough = before + Math.floor(random() * perRound);
        await expect
          .poll(() => count("FROM tea_effect"), { timeout: patient(30_000), interval: 1 })
          .toBeGreaterThanOrEqual(enough);
        const victim = Math.floor(random() * workers);
        await kill(running[victim]!);
        inFlight += await count("FROM kit_task WHERE lease IS NOT NULL");
        running[victim] = await start();
      }
      await expect
        .poll(() => count("FROM kit_task WHERE queue LIKE 'tea.%'"), { timeout: patient(60_000), interval: 50 })
        .toBe(0);
      console.info(`killed-queue: ${kills} kills, ${inFlight} tasks were claimed at those moments`);
      expect(inFlight).toBeGreaterThan(kills);
      expect(await count("FROM kit_dead")).toBe(0);
      expect(await count("FROM tea_effect")).toBe(events);
      expect(await count("FROM (SELECT DISTINCT event_id FROM tea_effect) once")).toBe(events);
      const disorder = `FROM (SELECT e.tenant_id, n, lag(n) OVER (PARTITION BY e.tenant_id, pot ORDER BY at) AS before
      FROM tea_effect JOIN kit_event e ON e.id = event_id WHERE keyed) step WHERE before > n`;
      expect(await count(disorder)).toBe(0);
    } finally {
      await Promise.all(running.map(kill));
      await emitter.stop();
      await client.end();
      await database.drop();
    }
  },
  patient(240_000),
);
