import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { recordFolder, stepRecord } from "./commands.ts";
import { inState, root, toolEnvironment } from "./paths.ts";
import { Problem } from "./problem.ts";
import { endProcess, liveRecords, type ProcessRecord, removeRecord, signal, writeRecord } from "./records.ts";

/** A long-lived program of a start: the server, the emulator. */
export interface Service {
  name: string;
  record: ProcessRecord;
  logFile: string;
  /** Resolves with a sentence when it has ended, wanted or not. */
  ended: Promise<string>;
}

export const logFolder = inState("logs");

/** How long a service may take to finish what it is doing. */
const patienceMs = 10_000;

/** How long a service may take until it answers. */
const readyWithinMs = 90_000;

/**
 * Starts `node` with `words` in a process group of its own, its output going to .zg/logs/<name>.log: a file, so that
 * losing zg doesn't break it in the middle of its work, and a record, so that the next zg can end it.
 */
export async function startService(
  name: string,
  words: string[],
  environment: Record<string, string>,
): Promise<Service> {
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, `${name}.log`);
  const log = openSync(logFile, "w");
  const env = toolEnvironment(environment);
  const child = spawn(process.execPath, words, { cwd: root, env, stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  const ended = describeEnd(name, child);
  if (child.pid === undefined) throw new Problem(await ended);
  return { name, record: await writeRecord(recordFolder, name, child.pid), logFile, ended };
}

async function describeEnd(name: string, child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    child.once("error", (error) => done(`The ${name} could not be started: ${error.message}`));
    child.once("exit", (code, killedBy) => done(`The ${name} has ended (${killedBy ?? `exit code ${code}`}).`));
  });
}

/** Waits until `url` answers (with a good status if `demandOk`). Throws a Problem with the end of the service's log. */
export async function waitUntilReady(service: Service, url: string, demandOk: boolean): Promise<void> {
  let sentence: string | undefined;
  void service.ended.then((text) => {
    sentence = text;
  });
  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline) {
    if (sentence !== undefined) throw new Problem(`${sentence} ${await endOfLog(service)}`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer && (answer.ok || !demandOk)) return;
    await pause(50);
  }
  throw new Problem(`The ${service.name} did not answer at ${url}. ${await endOfLog(service)}`);
}

/** The last lines a service wrote, and where the rest is. */
export async function endOfLog(service: Service): Promise<string> {
  const text = await readFile(service.logFile, "utf8").catch(() => "");
  const lines = text.trim().split("\n").slice(-20);
  return `Its log (${service.logFile}) ends so:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

const stopping = new WeakMap<Service, Promise<void>>();

/** Asks it to end and waits; once, however often it is called: to the server a second request means "at once". */
export function stopService(service: Service): Promise<void> {
  const stop = async () => {
    await endProcess(service.record, patienceMs);
    await removeRecord(recordFolder, service.name);
  };
  const under = stopping.get(service) ?? stop();
  stopping.set(service, under);
  return under;
}

/** Ends at once, without waiting. */
export function killService(service: Service): void {
  signal(service.record.processId, "SIGKILL", true);
}

/** Ends services that outlived a killed zg; their names. */
export async function endLeftServices(): Promise<string[]> {
  const left = (await liveRecords(recordFolder)).filter((record) => record.name !== stepRecord);
  await Promise.all(left.map((record) => endProcess(record, patienceMs)));
  await Promise.all(left.map((record) => removeRecord(recordFolder, record.name)));
  return left.map((record) => record.name);
}
