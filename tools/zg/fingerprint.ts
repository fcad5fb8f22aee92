import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";

const skippedFolders = new Set(["node_modules", "dist", ".zg", ".git", "coverage"]);

export interface Inputs {
  /** Files and folders, absolute; absent ones count as absent. */
  paths: string[];
  /** Which files of the folders count; all when absent. The path is relative to the folder. */
  accepts?: (path: string) => boolean;
  /** Anything else the outcome depends on: versions, settings. */
  also?: string[];
}

/** A hash over names and contents: equal if and only if the inputs are. */
export async function fingerprint(base: string, inputs: Inputs): Promise<string> {
  const hash = createHash("sha256");
  for (const text of inputs.also ?? []) hash.update(`${text}\0`);
  for (const path of inputs.paths) {
    for (const file of await listFiles(path, inputs.accepts)) {
      hash
        .update(`${relative(base, file)}\0`)
        .update(await readFile(file))
        .update("\0");
    }
  }
  return hash.digest("hex");
}

async function listFiles(path: string, accepts: Inputs["accepts"]): Promise<string[]> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind) return [];
  if (!kind.isDirectory()) return [path];
  const files: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = join(folder, entry.name);
      if (entry.isDirectory() && !skippedFolders.has(entry.name)) await walk(child);
      else if (entry.isFile() && (accepts?.(relative(path, child)) ?? true)) files.push(child);
    }
  };
  await walk(path);
  return files;
}
