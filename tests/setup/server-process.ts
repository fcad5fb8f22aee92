import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import { inRoot } from "../../tools/zg/paths.ts";
import { createProgress } from "../../tools/zg/progress.ts";
import { build } from "../../tools/zg/setup.ts";

const usual = {
  LOG_LEVEL: "info",
  NODE_ENV: "test",
  UNREADY_SECONDS: "0",
  FILES_DIR: join(tmpdir(), `zg-files-${process.pid}`),
};
let building: Promise<void> | undefined;

export interface ServerProcess {
  readonly process: ChildProcess;
  /** Ends it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end, and waits. */
  stop(): Promise<void>;
  /** What it wrote so far, for the message of a failing test. */
  output(): string;
}

/**
 * Starts the real server as a process of its own and waits until it says that it is ready: the build, for it starts in
 * half the time that the sources take.
 */
export async function startServer(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  await (building ??= build(createProgress(process.stdout)));
  // Without its source maps, whose reading is a sixth of a start: the bundle is readable as it is.
  const child = spawn(process.execPath, [inRoot("apps/server/dist/main.js")], {
    env: { ...process.env, ...usual, ...testSecrets, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ready = Promise.withResolvers<void>();
  const listen = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-20_000);
    if (output.includes('"message":"ready"')) ready.resolve();
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  child.once("exit", (code) =>
    ready.reject(new Error(`the server ended with ${code} before it was ready:\n${output}`)),
  );
  const end = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  try {
    await ready.promise;
  } catch (error) {
    await end("SIGKILL");
    throw error;
  }
  return { process: child, kill: () => end("SIGKILL"), stop: () => end("SIGTERM"), output: () => output };
}
