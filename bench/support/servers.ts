import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../tools/postgres.ts";
import { onShutdown } from "./clean-up.ts";

const plainServer = fileURLToPath(new URL("plain-server.ts", import.meta.url));
const builtServer = fileURLToPath(new URL("../../apps/server/dist/main.js", import.meta.url));
const patienceMs = 60_000;
/** Between two looks whether a server answers: finer than what is measured. */
const lookMs = 5;

export const setupToken = randomBytes(16).toString("hex");
const secrets = {
  SECRET_KEY: randomBytes(32).toString("base64"),
  JWT_SECRET: randomBytes(32).toString("hex"),
  SETUP_TOKEN: setupToken,
  FILES_DIR: join(tmpdir(), `zg-bench-files-${process.pid}`),
};

export interface RunningServer {
  readonly url: string;
  /** From the start of the process to the first answer of /health. */
  readonly bootMs: number;
  stop(): Promise<void>;
}

/** The floor: Fastify with /health and, where `env` says with which keys, /push. */
export function startPlainServer(env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  return startUntilHealthy([plainServer], env);
}

/** The compiled server, as `./zg start` and the image run it. `env` holds at least DATABASE_URL. */
export function startBuiltServer(env: Readonly<Record<string, string>>): Promise<RunningServer> {
  if (!existsSync(builtServer)) throw new Error("apps/server/dist is missing: run this by ./zg bench, which builds it");
  return startUntilHealthy(["--enable-source-maps", builtServer], { LOG_LEVEL: "warn", ...secrets, ...env });
}

async function startUntilHealthy(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const from = performance.now();
  const child = spawn(process.execPath, words, {
    env: { ...process.env, PORT: String(port), PUBLIC_URL: url, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const stop = () => end(child);
  onShutdown(stop);
  while (!(await isHealthy(`${url}/health`))) {
    if (child.exitCode !== null) throw new Error(`${words.join(" ")} ended with ${child.exitCode}`);
    if (performance.now() - from > patienceMs) throw new Error(`${words.join(" ")} is not healthy after 60 s`);
    await pause(lookMs);
  }
  return { url, bootMs: performance.now() - from, stop };
}

function isHealthy(url: string): Promise<boolean> {
  return new Promise((done) => {
    get(url, (response) => {
      response.resume();
      done(response.statusCode === 200);
    }).once("error", () => done(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}
