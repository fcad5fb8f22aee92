import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import type { Totals } from "./totals.ts";

/**
 * Writes the totals to the file that ZG_TOTALS_FILE names; zg prints them after everything else has had its say.
 * A file that doesn't load counts as one failure, and so does every error outside of a test.
 */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const totals: Totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      totals.failed += module.errors().length;
      for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") totals.passed++;
        else if (state === "failed") totals.failed++;
        else totals.skipped++;
      }
    }
    const file = process.env["ZG_TOTALS_FILE"];
    if (file) writeFileSync(file, JSON.stringify(totals));
  }
}
