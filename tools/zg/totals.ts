export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** The last line of a test run, which other programs read. */
export function closingLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
