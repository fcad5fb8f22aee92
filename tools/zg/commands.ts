import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { Problem } from "./problem.ts";
import { inState, root, toolEnvironment } from "./paths.ts";
import { endProcess, liveRecords, removeRecord, signal, writeRecord } from "./records.ts";

export interface Outcome {
  code: number;
  /** Standard output and error as they came, interleaved. */
  output: string;
}

/** Where the processes that zg started are written down. */
export const recordFolder = inState("run");

/** What ends a program from outside: Ctrl-C, a polite kill, a closed terminal. */
export const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The record of the one command that a set-up has under way. */
export const stepRecord = "step";

/** Commands under way. Each leads a process group, so that ending it ends what it started in turn. */
const underWay = new Set<ChildProcess>();

/** How many of them write to the terminal themselves. */
let visible = 0;

/** Ends a set-up's program that outlived a killed zg. */
export async function endLeftStep(): Promise<void> {
  for (const record of await liveRecords(recordFolder)) {
    if (record.name === stepRecord) await endProcess(record, 5_000);
  }
}

/**
 * Runs a program to its end in the checkout, without input, and gathers what it prints. Throws only if it isn't there.
 */
export async function capture(
  program: string,
  words: string[],
  extra: Record<string, string> = {},
  recordName?: string,
): Promise<Outcome> {
  const env = toolEnvironment(extra);
  const child = spawn(program, words, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  underWay.add(child);
  if (recordName !== undefined && child.pid !== undefined) void writeRecord(recordFolder, recordName, child.pid);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  try {
    const code = await new Promise<number>((done, fail) => {
      child.once("error", (error) => fail(new Problem(`${program} can't be run: ${error.message}`)));
      child.once("close", (status) => done(status ?? 1));
    });
    return { code, output };
  } finally {
    underWay.delete(child);
  }
}

/**
 * Runs a program of the set-up and throws a Problem with the end of its output when it fails. It is written down in
 * .zg/run, so that the next set-up can end it if zg is killed meanwhile. Only for one set-up at a time.
 */
export async function run(program: string, words: string[], extra: Record<string, string> = {}): Promise<string> {
  const { code, output } = await capture(program, words, extra, stepRecord);
  await removeRecord(recordFolder, stepRecord);
  if (code === 0) return output;
  const end = output.trim().split("\n").slice(-25).join("\n");
  throw new Problem(`${program} ${words.join(" ")} failed (exit code ${code}).\n${end}`);
}

/**
 * Runs a program that writes to the terminal itself; resolves with its exit code. It leads a process group of its own
 * and is handed every signal that would end us; the second one kills it with all that it started.
 */
export async function runVisibly(
  program: string,
  words: string[],
  extra: Record<string, string> = {},
): Promise<number> {
  const stdio: StdioOptions = ["ignore", "inherit", "inherit"];
  const child = spawn(program, words, { cwd: root, env: toolEnvironment(extra), stdio, detached: true });
  underWay.add(child);
  visible++;
  let signals = 0;
  const handOn = (name: NodeJS.Signals) => {
    signals++;
    if (child.pid !== undefined) signal(child.pid, signals > 1 ? "SIGKILL" : name, true);
  };
  for (const name of endingSignals) process.on(name, handOn);
  try {
    return await new Promise<number>((done, fail) => {
      child.once("error", (error) => fail(new Problem(`${program} can't be run: ${error.message}`)));
      child.once("close", (status) => done(signals > 0 ? 130 : (status ?? 1)));
    });
  } finally {
    underWay.delete(child);
    visible--;
    // What it started and didn't end must not outlive it.
    if (child.pid !== undefined && signals > 0) signal(child.pid, "SIGKILL", true);
    for (const name of endingSignals) process.off(name, handOn);
  }
}

/** Makes a signal end zg together with the commands under way. Not for `start`, which has more to take down. */
export function endOnSignals(): void {
  for (const name of endingSignals) {
    process.on(name, () => {
      // A visible program is handed the signal, and zg goes on to tell how it ended.
      if (visible > 0) return;
      killCommands();
      process.exit(130);
    });
  }
}

/** Kills every command under way: for the moment zg itself is told to end. */
export function killCommands(): void {
  for (const child of underWay) {
    if (child.pid !== undefined) signal(child.pid, "SIGKILL", true);
  }
}

/** Runs `attempt` up to `times` times: for what depends on a network. Throws the last failure. */
export async function retry<R>(times: number, attempt: () => Promise<R>): Promise<R> {
  for (let left = times - 1; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 0) throw error;
    }
  }
}
