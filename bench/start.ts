import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../tools/postgres.ts";
import type * as database from "../tools/zg/database.ts";
import { inRoot, inState, type databaseFolder } from "../tools/zg/paths.ts";
import { onShutdown, cleanUp, measured } from "./support/clean-up.ts";
import { openCluster } from "./support/cluster.ts";
import { median, printMachine, printTable, shown } from "./support/figures.ts";
import { type RunningServer, startBuiltServer, startPlainServer } from "./support/servers.ts";

/*
 * How long one waits: from a fresh clone to a console that can be opened (the runtime and the packages are on the
 * machine already, nothing is downloaded), again in the same clone, and for the compiled server's boot alone, beside
 * the boot of a bare Fastify.
 */
const rounds = 3;
const patienceMs = 180_000;
const ready = "Zhanggui runs.";
const run = promisify(execFile);

/** What the clone itself knows of its places. */
interface CloneTools {
  readonly databaseFolder: typeof databaseFolder;
  readonly dropEmbedded: typeof database.dropEmbedded;
}

async function toolsOf(clone: string): Promise<CloneTools> {
  const load = (path: string): Promise<unknown> => import(pathToFileURL(join(clone, path)).href);
  const [paths, embedded] = await Promise.all([load("tools/zg/paths.ts"), load("tools/zg/database.ts")]);
  return { ...(paths as CloneTools), ...(embedded as CloneTools) };
}

/** A clone of what is committed here, with the runtime but without dependencies; at the end nothing is left of it. */
async function cloneCheckout(): Promise<string> {
  const clone = await mkdtemp(join(tmpdir(), "zhanggui-start-"));
  onShutdown(() => rm(clone, { recursive: true, force: true, maxRetries: 5 }));
  await run("git", ["clone", "--quiet", "--depth", "1", pathToFileURL(inRoot()).href, clone]);
  await cp(inState("runtime"), join(clone, ".zg", "runtime"), { recursive: true, verbatimSymlinks: true });
  onShutdown(async () => {
    const { databaseFolder, dropEmbedded } = await toolsOf(clone);
    await dropEmbedded();
    await rm(dirname(databaseFolder()), { recursive: true, force: true });
  });
  return clone;
}

/** The first of three ports in a row that were free a moment ago: server, emulator, mail. */
async function threePorts(): Promise<number> {
  for (;;) {
    const first = await freePort();
    if (first < 65_533 && (await isFree(first + 1)) && (await isFree(first + 2))) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => done(true)));
  });
}

/** Starts the clone, waits for the line that says it runs, and ends it. The seconds until then. */
async function start(clone: string): Promise<number> {
  const port = await threePorts();
  // Both names, as pnpm changed the prefix: whatever would have to be downloaded is an error.
  const offline = { pnpm_config_offline: "true", npm_config_offline: "true" };
  const from = performance.now();
  const child = spawn("./zg", ["start", "--port", String(port)], {
    cwd: clone,
    env: { ...process.env, ...offline, DATABASE_URL: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => end(child);
  onShutdown(stop);
  await untilReady(child);
  const seconds = (performance.now() - from) / 1000;
  await stop();
  return seconds;
}

async function untilReady(child: ChildProcess): Promise<void> {
  let output = "";
  const outcome = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => outcome.reject(new Error(`not ready after ${patienceMs / 1000} s:\n${output}`)),
    patienceMs,
  );
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(ready)) outcome.resolve();
    });
  }
  child.once("exit", (code) => outcome.reject(new Error(`./zg start ended with ${code}:\n${output}`)));
  try {
    await outcome.promise;
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGINT");
  await gone;
}

/** The median boot of `rounds` processes, in seconds. */
async function boot(launch: () => Promise<RunningServer>): Promise<number> {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const server = await launch();
    seconds.push(server.bootMs / 1000);
    await server.stop();
  }
  return median(seconds);
}

await measured(async () => {
  const cold: number[] = [];
  const second: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const clone = await cloneCheckout();
    cold.push(await start(clone));
    second.push(await start(clone));
    await cleanUp();
  }
  const env = { DATABASE_URL: await openCluster() };
  // The first boot brings the database up to date; it isn't what is measured.
  await (await startBuiltServer(env)).stop();
  const ours = await boot(() => startBuiltServer(env));
  const floor = await boot(startPlainServer);
  printMachine();
  const each = (figures: readonly number[]): string => figures.map(shown).join(", ");
  printTable(
    [`seconds, median of ${rounds}`, "seen", "target", "each"],
    [
      ["./zg start, fresh clone, nothing downloaded", shown(median(cold)), "180", each(cold)],
      ["./zg start again", shown(median(second)), "8", each(second)],
      ["the compiled server until /health answers", shown(ours), "3", ""],
      ["bare Fastify until /health answers", shown(floor), "", ""],
    ],
  );
  console.log(`the server boots in ${shown(ours / floor)} times what a bare Fastify takes`);
});
