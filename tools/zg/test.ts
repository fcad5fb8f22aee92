import { readFile, rm } from "node:fs/promises";
import { endAbandonedCluster } from "../../tests/setup/cluster.ts";
import { installBrowser } from "./browser.ts";
import { capture, runVisibly } from "./commands.ts";
import { inRoot, inState } from "./paths.ts";
import { Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { build, refreshTestCaches, setUp } from "./setup.ts";
import { closingLine, type Totals } from "./totals.ts";

/**
 * Every tier of tests, the files whose path holds one of the words, or (`--changed [ref]`) what a change can reach.
 * Prints the closing line; the exit code.
 */
export async function test(words: string[], progress: Progress): Promise<number> {
  const runs = await runsOf(words);
  await setUp(progress);
  await refreshTestCaches();
  const touches = (parts: string[]) => runs.some((run) => leavesRoomFor(run, parts));
  if (touches(["journey"])) await build(progress);
  if (touches(["journey", "wire", "phone"])) await installBrowser(progress);
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  let worst = 0;
  for (const run of runs) worst = Math.max(worst, await runTests(run, totals));
  // A run that was killed leaves its database; one that another run still uses stays.
  await endAbandonedCluster().catch(() => undefined);
  process.stdout.write(`${closingLine(totals)}\n`);
  return totals.failed > 0 ? 1 : worst;
}

/** Adds to `totals` what one run of Vitest counted. */
async function runTests(words: string[], totals: Totals): Promise<number> {
  const file = inState("test-totals.json");
  await rm(file, { force: true });
  const reporters = ["--reporter=default", `--reporter=${inRoot("tools/zg/totals-reporter.ts")}`];
  const extra = { ZG_TOTALS_FILE: file, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" };
  const code = await runVisibly("vitest", ["run", ...reporters, ...words], extra);
  const text = await readFile(file, "utf8").catch(() => '{"passed":0,"failed":0,"skipped":0}');
  const counted = JSON.parse(text) as Totals;
  totals.passed += counted.passed;
  totals.skipped += counted.skipped;
  // Vitest also fails for what is no test: a file that doesn't load, an error outside of any test, no file at all.
  totals.failed += code !== 0 && counted.failed === 0 ? 1 : counted.failed;
  return code;
}

async function runsOf(words: string[]): Promise<string[][]> {
  const index = words.findIndex((word) => /^--changed(=|$)/.test(word));
  if (index < 0) return [words];
  const given = words[index]?.split("=", 2)[1] ?? words[index + 1] ?? "origin/main";
  const base = await capture("git", ["merge-base", given, "HEAD"]);
  if (base.code !== 0) throw new Problem(`git knows no "${given}" to compare with: ./zg test --changed <ref>.`);
  const listings = await Promise.all([
    capture("git", ["diff", "--name-only", "-z", base.output.trim()]),
    capture("git", ["ls-files", "--others", "--exclude-standard", "-z"]),
  ]);
  const changed = listings.flatMap(({ output }) => output.split("\0").filter((path) => path !== ""));
  return runsForChange(base.output.trim(), changed);
}

/**
 * The runs of Vitest for a change: what imports a changed file, what reads the repository as a whole, and, if the
 * product itself changed, the journeys, which start it as a program.
 */
export function runsForChange(base: string, changed: readonly string[]): string[][] {
  const reaches = changed.some((path) => /^(apps|packages)\//.test(path) && !/\.(test\.ts|md)$/.test(path));
  const whole = ["--project=workshop", ...(reaches ? ["--project=journey"] : [])];
  return [[`--changed=${base}`, "--passWithNoTests", "--project=!workshop", "--project=!journey"], whole];
}

/** True when a run may choose a file whose path holds one of `parts`. */
function leavesRoomFor(run: string[], parts: string[]): boolean {
  if (parts.every((part) => run.includes(`--project=!${part}`))) return false;
  const projects = run.filter((word) => word.startsWith("--project=") && !word.includes("!"));
  const patterns = [...projects, ...run.filter((word) => !word.startsWith("-"))];
  return patterns.length === 0 || patterns.some((word) => parts.some((part) => word.includes(part)));
}
