import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isRunning, startMark } from "../processes.ts";
import { writeWhole } from "./steps.ts";

/** A process that zg started, written down so that a later zg can end it. */
export interface ProcessRecord {
  name: string;
  processId: number;
  /** What tells it from a later process with the same id: see startMark. */
  mark: string;
}

export async function writeRecord(folder: string, name: string, processId: number): Promise<ProcessRecord> {
  const record = { name, processId, mark: (await startMark(processId)) ?? "" };
  await writeWhole(join(folder, `${name}.json`), `${JSON.stringify(record)}\n`);
  return record;
}

export async function removeRecord(folder: string, name: string): Promise<void> {
  await rm(join(folder, `${name}.json`), { force: true });
}

/** Every record whose process is still the one that was started; the others are removed. */
export async function liveRecords(folder: string): Promise<ProcessRecord[]> {
  const live: ProcessRecord[] = [];
  for (const file of await readdir(folder).catch(() => [])) {
    if (!file.endsWith(".json")) continue;
    const record = parseRecord(await readFile(join(folder, file), "utf8").catch(() => ""));
    if (record && (await isSame(record))) live.push(record);
    else await rm(join(folder, file), { force: true });
  }
  return live;
}

/** True while the record's process runs, and isn't another one that got its number. */
export async function isSame(record: ProcessRecord): Promise<boolean> {
  return record.mark !== "" && record.mark === (await startMark(record.processId));
}

/**
 * Ends the process and its group: asks, waits up to `patienceMs`, then kills. Returns when it is gone.
 * `group` is false for one that leads no process group of its own.
 */
export async function endProcess(record: ProcessRecord, patienceMs: number, group = true): Promise<void> {
  if (!(await isSame(record))) return;
  signal(record.processId, "SIGTERM", group);
  if (await isGoneWithin(record.processId, patienceMs)) return;
  signal(record.processId, "SIGKILL", group);
  await isGoneWithin(record.processId, 5_000);
}

/** Sends a signal to a process, or to the group it leads; one that has ended meanwhile is no error. */
export function signal(processId: number, name: NodeJS.Signals, group: boolean): void {
  try {
    process.kill(group ? -processId : processId, name);
  } catch {
    // Gone meanwhile: that was the wish.
  }
}

async function isGoneWithin(processId: number, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (await isRunning(processId)) {
    if (Date.now() > deadline) return false;
    await pause(25);
  }
  return true;
}

function parseRecord(text: string): ProcessRecord | undefined {
  try {
    const { name, processId, mark } = JSON.parse(text) as Partial<ProcessRecord>;
    return name !== undefined && processId !== undefined && mark !== undefined ? { name, processId, mark } : undefined;
  } catch {
    return undefined;
  }
}
