import { availableParallelism } from "node:os";
import { stripVTControlCharacters, styleText } from "node:util";
import { capture, type Outcome } from "./commands.ts";
import { inRoot, isPresent } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { setUp } from "./setup.ts";

interface Check {
  name: string;
  program: string;
  words: string[];
  /** Picks the names of the broken rules out of what the program printed. */
  rule: RegExp;
  /** What is wrong although the program itself is content; undefined when nothing is. */
  doubt?: (output: string) => string | undefined;
}

interface Verdict extends Outcome {
  check: Check;
  seconds: number;
}

/** Below this many files the import rules have looked at nothing: their reader of TypeScript is missing. */
const fewestModules = 50;

/** Every check of the code, each on a line, the broken rules by name; 1 when any is broken. */
export async function check(options: { quick: boolean }, progress: Progress): Promise<number> {
  if (options.quick) return checkStaged(progress);
  // A test checks a copy of the project whose node_modules are the original's: nothing may be installed into those.
  if (process.env["ZG_PREPARED"] !== "1") await setUp(progress);
  return report(allChecks(), progress);
}

/** Format and lint of what is about to be committed: seconds, not minutes. */
async function checkStaged(progress: Progress): Promise<number> {
  if (!isPresent("node_modules/.modules.yaml")) {
    progress.say("zg: not set up yet, nothing checked (./zg check does both).");
    return 0;
  }
  const { output } = await capture("git", ["diff", "--cached", "--name-only", "--diff-filter=ACMR", "-z"]);
  const staged = output.split("\0").filter((path) => path !== "");
  const formatted = staged.filter((path) => /\.(ts|mjs|js|json|vue|css|html|ya?ml)$/.test(path));
  const linted = staged.filter((path) => /\.(ts|mjs|js|vue)$/.test(path));
  const checks: Check[] = [];
  if (formatted.length > 0) checks.push(formatCheck(["--no-error-on-unmatched-pattern", ...formatted]));
  if (linted.length > 0) checks.push(lintCheck(linted));
  return report(checks, progress);
}

function allChecks(): Check[] {
  const vue = inRoot("apps/console/node_modules/.bin/vue-tsc");
  return [
    formatCheck([]),
    lintCheck([]),
    typeCheck("types", "tsc", "tsconfig.json"),
    typeCheck("types console", vue, "apps/console/tsconfig.json"),
    typeCheck("types phone", "tsc", "packages/emulator/src/phone/tsconfig.json"),
    {
      name: "imports",
      program: "depcruise",
      words: ["--config", ".dependency-cruiser.mjs", "apps", "packages"],
      rule: /^\s*(?:error|warn) ([\w-]+):/gm,
      doubt: (output) => {
        const seen = Number(/(\d+) modules/.exec(output)?.[1] ?? 0);
        return seen < fewestModules ? `only ${seen} files were seen: does it read TypeScript?` : undefined;
      },
    },
    {
      name: "tidy",
      program: "vitest",
      words: ["run", "--project=workshop", "tests/tidy.test.ts"],
      rule: /^\s*(?:FAIL|×)\s+.*> (.+?)(?: \d+ms)?$/gm,
    },
  ];
}

function formatCheck(words: string[]): Check {
  return { name: "format", program: "oxfmt", words: ["--check", ...words], rule: /^(\S+) \(\d+ms\)$/gm };
}

function lintCheck(words: string[]): Check {
  return { name: "lint", program: "oxlint", words, rule: /^\s*[x×] (\S+?\(\S+?\)):/gm };
}

function typeCheck(name: string, program: string, config: string): Check {
  return { name, program, words: ["--noEmit", "-p", config], rule: /error (TS\d+):/g };
}

async function report(checks: Check[], progress: Progress): Promise<number> {
  const verdicts = await inTurns(checks, Math.max(2, availableParallelism() - 1), judge);
  const failed = verdicts.filter(({ code }) => code !== 0);
  for (const { check: failing, output } of failed) progress.say(`\n── ${failing.name}\n${output.trim()}\n`);
  for (const verdict of verdicts) progress.say(line(verdict));
  return failed.length > 0 ? 1 : 0;
}

async function judge(one: Check): Promise<Verdict> {
  const startedMs = performance.now();
  const { code, output: coloured } = await capture(one.program, one.words, { NO_COLOR: "1", CI: "true" });
  // Not every program minds NO_COLOR, and colours would hide the rules' names from us.
  const outcome = { code, output: stripVTControlCharacters(coloured) };
  const doubt = outcome.code === 0 ? one.doubt?.(outcome.output) : undefined;
  const seconds = (performance.now() - startedMs) / 1000;
  if (doubt === undefined) return { ...outcome, check: one, seconds };
  return { code: 1, output: `${outcome.output}\n${doubt}`, check: one, seconds };
}

function line({ check: one, code, output, seconds }: Verdict): string {
  const head = `${one.name.padEnd(14)}${seconds.toFixed(1).padStart(6)} s`;
  if (code === 0) return `${styleText("green", "✓")} ${head}`;
  return `${styleText("red", "✗")} ${head}  ${describeRules(output, one.rule)}`;
}

/** "no-cycles (2), imports-go-down": the rules a report names, the most frequent first. */
export function describeRules(output: string, rule: RegExp): string {
  const counts = new Map<string, number>();
  for (const match of output.matchAll(rule)) counts.set(match[1] ?? "", (counts.get(match[1] ?? "") ?? 0) + 1);
  const sorted = [...counts].toSorted((a, b) => b[1] - a[1]);
  const shown = sorted.slice(0, 6).map(([name, count]) => (count > 1 ? `${name} (${count})` : name));
  if (sorted.length > shown.length) shown.push(`${sorted.length - shown.length} more`);
  return shown.join(", ") || "see above";
}

/** Maps with at most `width` under way at a time; the results in the order of the items. */
async function inTurns<T, R>(items: T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
