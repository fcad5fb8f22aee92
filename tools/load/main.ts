import { writeFile } from "node:fs/promises";
import { describeError } from "../zg/problem.ts";
import { readOptions } from "./options.ts";
import { figuresOf, tableOf } from "./report.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios.ts";

/*
 * `./zg load <scenario>`: how an installation of one's own takes load. docs/LOAD.md tells of scenarios and options.
 * Exit code 0: it held; 1: a threshold was missed, or it had to stop.
 */
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => interrupted.abort(new Error("interrupted")));

try {
  const options = readOptions(process.argv.slice(2), process.env);
  const scenario = await scenarios[options.scenario](options);
  const about = { scenario: options.scenario, target: options.url.origin };
  process.stderr.write(`${options.rate} / s for ${options.durationMs / 1000} s; Ctrl-C ends it.\n`);
  try {
    const outcome = await run((signal) => scenario.once(signal), { ...options, signal: interrupted.signal });
    const figures = figuresOf(about, outcome, options.thresholds);
    process.stdout.write(`${tableOf(figures)}\n`);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
    if (figures.missed.length > 0) process.exitCode = 1;
  } finally {
    await scenario.end?.();
  }
} catch (error) {
  process.stderr.write(`load: ${describeError(error)}\n`);
  process.exitCode = 1;
}
