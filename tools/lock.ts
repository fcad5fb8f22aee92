import { mkdirSync } from "node:fs";
import { readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startMark } from "./processes.ts";

export interface LockOptions {
  /** How long to wait for another process's turn; an Error after it. */
  waitMs: number;
  /** Called once, when there is somebody to wait for. */
  onWait?: (holder: number) => void;
}

/**
 * Runs `work` while no other process does so under the folder name `lock` (its parent must exist).
 * The lock of a process that died is taken over.
 */
export async function exclusively<R>(lock: string, options: LockOptions, work: () => Promise<R>): Promise<R> {
  const deadline = Date.now() + options.waitMs;
  let told = false;
  while (!take(lock)) {
    const holder = await readHolder(lock);
    if (holder === "dead") await rm(lock, { recursive: true, force: true });
    else if (Date.now() > deadline) throw new Error(`Process ${holder ?? "?"} has held ${lock} for too long.`);
    else if (holder !== undefined && !told) {
      told = true;
      options.onWait?.(holder);
    }
    await pause(50);
  }
  try {
    await writeFile(join(lock, "holder"), `${process.pid} ${await startMark(process.pid)}`);
    return await work();
  } finally {
    await rm(join(lock, "holder"), { force: true });
    await rmdir(lock).catch(() => undefined);
  }
}

/** The process that holds the lock; undefined when nobody alive does. */
export async function lockHolder(lock: string): Promise<number | undefined> {
  const holder = await readHolder(lock);
  return holder === "dead" ? undefined : holder;
}

/** Between making the folder and writing the name lies a moment; a killed process can leave it that way for good. */
const namelessAfterMs = 5_000;

async function readHolder(lock: string): Promise<number | "dead" | undefined> {
  const holder = await readFile(join(lock, "holder"), "utf8").catch(() => "");
  if (holder === "") {
    const madeAt = (await stat(lock).catch(() => undefined))?.mtimeMs;
    return madeAt !== undefined && Date.now() - madeAt > namelessAfterMs ? "dead" : undefined;
  }
  const [processId = "", mark = ""] = holder.split(" ");
  return mark === (await startMark(Number(processId))) ? Number(processId) : "dead";
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
