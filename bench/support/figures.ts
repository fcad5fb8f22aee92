import { cpus, loadavg } from "node:os";
import { styleText } from "node:util";

/** The middle one; of an even number the mean of the two in the middle. Throws when there is none. */
export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** The figure below which the share `at` (0 to 1) of `figures` lies, interpolated. Throws when there is none. */
export function quantile(figures: readonly number[], at: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const [lower, upper] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (lower === undefined || upper === undefined) throw new RangeError("no figures");
  return lower + (upper - lower) * (place - Math.floor(place));
}

/** `1234.5` as `1,235`, `12.34` as `12.3`, `0.1234` as `0.123`: three digits that matter, no more. */
export function shown(figure: number): string {
  const decimals = figure >= 100 ? 0 : figure >= 10 ? 1 : figure >= 1 ? 2 : 3;
  return figure.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Prints a small table, the first column left and the others right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((word, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length), word.length),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("   ");
  console.log(styleText("dim", line(head)));
  for (const row of rows) console.log(line(row));
}

/** The machine in a line: a figure without it says nothing. */
export function printMachine(): void {
  const [load = 0] = loadavg();
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}, load ${load.toFixed(1)}`,
  );
}
