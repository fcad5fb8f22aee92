import { readFile, rm } from "node:fs/promises";
import { endAbandonedCluster } from "../../tests/setup/cluster.ts";
import { installBrowser } from "./browser.ts";
import { runVisibly } from "./commands.ts";
import { inRoot, inState, isPresent } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { build, refreshTestCaches, setUp } from "./setup.ts";
import { closingLine, type Totals } from "./totals.ts";

/** Every tier of tests, or the files whose path holds one of `patterns`. Prints the closing line; the exit code. */
export async function test(patterns: string[], progress: Progress): Promise<number> {
  await setUp(progress);
  await refreshTestCaches();
  if (touches(patterns, ["journey"]) && isPresent("tests/journeys")) await build(progress);
  if (touches(patterns, ["journey", "wire", "phone"])) await installBrowser(progress);
  const totalsFile = inState("test-totals.json");
  await rm(totalsFile, { force: true });
  const reporters = ["--reporter=default", `--reporter=${inRoot("tools/zg/totals-reporter.ts")}`];
  const extra = { ZG_TOTALS_FILE: totalsFile, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" };
  const code = await runVisibly("vitest", ["run", ...reporters, ...patterns], extra);
  // A run that was killed leaves its database; one that another run still uses stays.
  await endAbandonedCluster().catch(() => undefined);
  const totals = await readTotals(totalsFile);
  // Vitest also fails for what is no test: a file that doesn't load, an error outside of any test, no file at all.
  if (code !== 0 && totals.failed === 0) totals.failed = 1;
  process.stdout.write(`${closingLine(totals)}\n`);
  return totals.failed > 0 ? 1 : code;
}

/** True when the patterns leave room for a file whose path holds one of `parts`. */
function touches(patterns: string[], parts: string[]): boolean {
  const words = patterns.filter((pattern) => !pattern.startsWith("-"));
  return words.length === 0 || words.some((word) => parts.some((part) => word.includes(part)));
}

async function readTotals(file: string): Promise<Totals> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? { passed: 0, failed: 0, skipped: 0 } : (JSON.parse(text) as Totals);
}
