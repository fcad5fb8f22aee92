import { SaxesParser } from "saxes";

// How sheets write times (ECMA-376 part 1, §18.8.30 and §18.17.4): a number of days, and a format that says so.

const dayMs = 86_400_000;
/** Day 0, so that 1 March 1900 is day 61; workbooks of old Macs begin in 1904. */
const dayZero = { of1900: Date.UTC(1899, 11, 30), of1904: Date.UTC(1904, 0, 1) } as const;
const lastDay = 2_958_466;

/** The built-in formats that are times; 27–36 and 50–58 are those of East Asia. */
function isBuiltInTime(id: number): boolean {
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

/** Whether a format's own text shows days or hours: its letters, without what is quoted, escaped or a colour. */
function isTimeFormat(code: string): boolean {
  const bare = code.replaceAll(/"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]/gi, "").split(";")[0] ?? "";
  return /[ymdhs年月日时分秒]/i.test(bare) && !/general/i.test(bare);
}

/** The numbers of the styles whose cells are times. */
export function timeStyles(xml: string): ReadonlySet<number> {
  const formats = new Map<number, boolean>();
  const styles: number[] = [];
  let isInCells = false;
  const parser = new SaxesParser();
  parser.on("opentag", ({ name, attributes }) => {
    const at = attributes as Readonly<Record<string, string>>;
    const local = name.replace(/^.*:/, "");
    if (local === "numFmt") formats.set(Number(at["numFmtId"]), isTimeFormat(at["formatCode"] ?? ""));
    if (local === "cellXfs") isInCells = true;
    if (local === "xf" && isInCells) styles.push(Number(at["numFmtId"] ?? 0));
  });
  parser.on("closetag", ({ name }) => {
    if (name.replace(/^.*:/, "") === "cellXfs") isInCells = false;
  });
  parser.write(xml).close();
  const times = styles.flatMap((id, style) => ((formats.get(id) ?? isBuiltInTime(id)) ? [style] : []));
  return new Set(times);
}

/** A time as a clock shows it: `2026-11-24`, `2026-11-24 20:30:05`, `20:30:05`; undefined for what is no time. */
export function clockText(serial: number, is1904: boolean): string | undefined {
  if (!(serial >= 0) || serial >= lastDay) return undefined;
  // To the second: the number of a time is a fraction that none is exactly.
  const ms = Math.round((serial * dayMs) / 1000) * 1000;
  const text = new Date((is1904 ? dayZero.of1904 : dayZero.of1900) + ms).toISOString();
  const [day, time] = [text.slice(0, 10), text.slice(11, 19)];
  if (ms < dayMs && !is1904) return time;
  return time === "00:00:00" ? day : `${day} ${time}`;
}
