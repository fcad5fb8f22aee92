import { resolve } from "node:path";
import { runVisibly } from "./commands.ts";
import { inRoot } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { setUp } from "./setup.ts";

/** Puts an installation of one's own under load, bounded: `tools/load/` does. */
export async function load(words: string[], progress: Progress): Promise<number> {
  await setUp(progress);
  // It runs in the checkout; the caller may stand elsewhere.
  const at = words.indexOf("--json");
  const given = words.map((word, index) => (index === at + 1 && at >= 0 ? resolve(word) : word));
  return runVisibly(process.execPath, [inRoot("tools/load/main.ts"), ...given]);
}
