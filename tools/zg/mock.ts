import { runVisibly } from "./commands.ts";
import { inRoot } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { build, setUp } from "./setup.ts";

/** Serves the API with made-up data, and the console on it: `tools/mock/` does. */
export async function mock(words: string[], progress: Progress): Promise<number> {
  await setUp(progress);
  await build(progress);
  return runVisibly(process.execPath, [inRoot("tools/mock/main.ts"), ...words]);
}
