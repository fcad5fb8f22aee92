import { runVisibly } from "./commands.ts";
import { inRoot } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { setUp } from "./setup.ts";
import { installBrowser } from "./browser.ts";

/** Takes a picture of every page of a console that runs: `tools/shots/` does. */
export async function shots(words: string[], progress: Progress): Promise<number> {
  await setUp(progress);
  await installBrowser(progress);
  return runVisibly(process.execPath, [inRoot("tools/shots/main.ts"), ...words]);
}
