/** Spreadsheets read UTF-8 only if it begins with this. */
export const byteOrderMark = "\uFEFF";

/**
 * One line of a CSV file (RFC 4180). Quoted is also what holds a semicolon or a tab: a spreadsheet that takes those for
 * separators would begin a cell, and maybe a formula, behind them.
 */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((text) => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(",")}\r\n`;
}

/** A spreadsheet would run a text that begins like a formula, in full width too (OWASP, "CSV injection"). */
export function harmless(text: string): string {
  return /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text;
}

/** By their zones in lower case: in how many ways a zone can be written is no reason to keep them all. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-24 20:30:05` in the zone: what spreadsheets take for a time. */
export function csvTime(instant: Date, zone: string): string {
  const key = zone.toLowerCase();
  let format = formats.get(key);
  if (format === undefined) {
    // The Swedish locale writes times as ISO 8601 does.
    format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
    formats.set(key, format);
  }
  return format.format(instant);
}
