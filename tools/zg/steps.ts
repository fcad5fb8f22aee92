import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fingerprint, type Inputs } from "./fingerprint.ts";

export interface Step {
  name: string;
  inputs: Inputs;
  /** Files that exist once the step is done, absolute. */
  outputs: string[];
  work: () => Promise<void>;
}

/**
 * Does the step unless its inputs are as they were when it last succeeded and its outputs still exist.
 * The stamp goes before the work and comes back after it, so a killed attempt is done again. True when it worked.
 */
export async function runStep(folder: string, base: string, step: Step): Promise<boolean> {
  const stampFile = join(folder, `${step.name.replaceAll(" ", "-")}.stamp`);
  const stamp = await fingerprint(base, step.inputs);
  const previous = await readFile(stampFile, "utf8").catch(() => "");
  if (previous === stamp && step.outputs.every((path) => existsSync(path))) return false;
  await rm(stampFile, { force: true });
  await step.work();
  await writeWhole(stampFile, stamp);
  return true;
}

/** Writes a file so that a reader sees the old content or the new, never a half. */
export async function writeWhole(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, content, { mode });
  await rename(partial, path);
}
