import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../../../tools/postgres.ts";

/** Whether this machine has a Redis: tests that need one are left out elsewhere. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

export interface TestRedis {
  readonly url: string;
  /** One of Redis' commands, as it is typed. @returns its answer, as it comes */
  say(command: string): Promise<string>;
  /** As if it hung: it takes connections and questions, and answers none. */
  pause(): void;
  resume(): void;
  /** As a power cut would; what it had is gone. */
  kill(): Promise<void>;
  /** Again at the same place, empty. */
  start(): Promise<void>;
}

/** A Redis of the test's own, on a free port of this machine, that keeps nothing on disk. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  let process: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const flags = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    process = spawn("redis-server", flags, { stdio: "ignore" });
    while (!(await say(port, "PING").catch(() => "")).startsWith("+PONG")) await pause(10);
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    say: (command) => say(port, command),
    pause: () => void process?.kill("SIGSTOP"),
    resume: () => void process?.kill("SIGCONT"),
    kill: async () => {
      if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
      const gone = once(process, "exit");
      process.kill("SIGKILL");
      await gone;
    },
    start,
  };
}

/** Asks once, on a connection of its own. */
function say(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
