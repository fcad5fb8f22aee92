import { readdir } from "node:fs/promises";
import { runVisibly } from "./commands.ts";
import { inRoot } from "./paths.ts";
import { Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { build, setUp } from "./setup.ts";

/** Runs the measurements of bench/ one after the other: all, or those whose name holds one of `names`. */
export async function bench(names: string[], progress: Progress): Promise<number> {
  const all = (await readdir(inRoot("bench")).catch(() => [])).filter((file) => file.endsWith(".ts")).toSorted();
  const chosen = all.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  if (chosen.length === 0) {
    throw new Problem(all.length === 0 ? "There is nothing in bench/ yet." : `bench/ has: ${all.join(", ")}.`);
  }
  await setUp(progress);
  await build(progress);
  let worst = 0;
  for (const file of chosen) {
    progress.say(`\n${file}`);
    worst = Math.max(worst, await runVisibly(process.execPath, [inRoot("bench", file)]));
  }
  return worst;
}
