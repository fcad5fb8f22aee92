/** Spreadsheets read UTF-8 only if it begins with this. */
export const byteOrderMark = "\uFEFF";

/** One line of a CSV file (RFC 4180). */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(",")}\r\n`;
}

/** A spreadsheet would run a text that begins like a formula, in full width too (OWASP, "CSV injection"). */
export function harmless(text: string): string {
  return /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text;
}
