import { harmless } from "../csv.ts";
import type { Cell } from "./cells.ts";
import { packedEntry, type ZipEntry } from "./zip.ts";

// SpreadsheetML (ECMA-376 part 1, §18), as little of it as a table needs.

/** What Excel has room for (Microsoft, "Excel specifications and limits"): rows of a sheet, characters of a cell. */
export const excelRows = 1_048_576;
const longestText = 32_767;
const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const packages = "http://schemas.openxmlformats.org/package/2006";
const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n`;
const msPerDay = 86_400_000;
/** Day 0 of a sheet, so that 1 March 1900 is day 61 as in Excel. */
const dayZero = Date.UTC(1899, 11, 30);
const afterLastDay = (Date.UTC(10_000, 0, 1) - dayZero) / msPerDay;

/** The styles' numbers, in the order in which `styles` has them. */
const style = { money: 1, time: 2, day: 3, head: 4, quoted: 5 } as const;
const styles = `${head}<styleSheet xmlns="${main}"><numFmts count="3"><numFmt numFmtId="164" formatCode="#,##0.00"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="166" formatCode="yyyy\\-mm\\-dd"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="6"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="166" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/><xf quotePrefix="1"/></cellXfs></styleSheet>`;

/** What stands before the rows: the head stays where it is when one scrolls. */
export function sheetStart(labels: readonly string[]): string {
  const widths = labels.map((label, index) => {
    const width = Math.min(40, Math.max(14, label.length * 2 + 2));
    return `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`;
  });
  const view = `<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`;
  const columns = widths.length === 0 ? "" : `<cols>${widths.join("")}</cols>`;
  const cells = labels.map((label, column) => textCell(`${letters(column)}1`, label, style.head));
  return `${head}<worksheet xmlns="${main}">${view}${columns}<sheetData><row r="1">${cells.join("")}</row>`;
}

export const sheetEnd = "</sheetData></worksheet>";

/** @param number of the row, the head being 1 */
export function sheetRow(number: number, cells: readonly Cell[]): string {
  return `<row r="${number}">${cells.map((cell, column) => cellXml(`${letters(column)}${number}`, cell)).join("")}</row>`;
}

/** Everything of a workbook but its sheets. */
export function workbookEntries(names: readonly string[]): ZipEntry[] {
  const numbers = names.map((_, index) => index + 1);
  const type = (part: string, kind: string): string =>
    `<Override PartName="/xl/${part}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml"/>`;
  const relation = (id: number, kind: string, target: string): string =>
    `<Relationship Id="rId${id}" Type="${office}/${kind}" Target="${target}"/>`;
  const relations = (all: readonly string[]): string =>
    `${head}<Relationships xmlns="${packages}/relationships">${all.join("")}</Relationships>`;
  const sheets = names.map(
    (name, index) => `<sheet name="${escaped(sheetName(name))}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  const types = [type("workbook", "sheet.main"), type("styles", "styles")];
  const parts = [...types, ...numbers.map((n) => type(`worksheets/sheet${n}`, "worksheet"))];
  const defaults = `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>`;
  const inside = [
    ...numbers.map((n) => relation(n, "worksheet", `worksheets/sheet${n}.xml`)),
    relation(names.length + 1, "styles", "styles.xml"),
  ];
  return [
    packedEntry(
      "[Content_Types].xml",
      `${head}<Types xmlns="${packages}/content-types">${defaults}${parts.join("")}</Types>`,
    ),
    packedEntry("_rels/.rels", relations([relation(1, "officeDocument", "xl/workbook.xml")])),
    packedEntry(
      "xl/workbook.xml",
      `${head}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${sheets.join("")}</sheets></workbook>`,
    ),
    packedEntry("xl/_rels/workbook.xml.rels", relations(inside)),
    packedEntry("xl/styles.xml", styles),
  ];
}

/** 31 characters, without those that a formula would need (Microsoft, "Rename a worksheet"). */
function sheetName(name: string): string {
  return name.replaceAll(/[\\/?*[\]:]/g, " ").slice(0, 31);
}

function cellXml(place: string, cell: Cell): string {
  if (cell.kind === "number") return numberCell(place, `${cell.value}`, "");
  if (cell.kind === "money") return numberCell(place, cell.text, ` s="${style.money}"`);
  const serial = cell.kind === "text" ? NaN : serialOf(cell.text);
  // Sheets have no days before 1900 nor after 9999: those stay texts.
  if (cell.kind !== "text" && serial >= 1 && serial < afterLastDay)
    return numberCell(place, `${serial}`, ` s="${style[cell.kind]}"`);
  if (cell.text === "") return "";
  // A text is never run; the quote keeps it one also for whoever edits it.
  return textCell(place, cell.text, harmless(cell.text) === cell.text ? undefined : style.quoted);
}

function numberCell(place: string, value: string, attributes: string): string {
  return `<c r="${place}"${attributes}><v>${value}</v></c>`;
}

function textCell(place: string, text: string, number: number | undefined): string {
  const styled = number === undefined ? "" : ` s="${number}"`;
  return `<c r="${place}"${styled} t="inlineStr"><is><t xml:space="preserve">${escaped(text.slice(0, longestText))}</t></is></c>`;
}

/** A day with its time as sheets count them; the clock is in the text already. */
function serialOf(text: string): number {
  return (Date.parse(`${text.replace(" ", "T")}${text.includes(" ") ? "Z" : "T00:00:00Z"}`) - dayZero) / msPerDay;
}

const special: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML has no control characters, no halves of pairs and no U+FFFE. */
const forbidden =
  // oxlint-disable-next-line no-control-regex
  /[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** What XML can't hold goes; what reads like Excel's own escape stays a text. */
function escaped(text: string): string {
  return text
    .replaceAll(forbidden, "")
    .replaceAll(/_(?=x[0-9a-fA-F]{4}_)/g, "_x005F_")
    .replaceAll(/[&<>"]/g, (character) => special[character] ?? character);
}

const known: string[] = [];
/** A … Z, AA … */
function letters(column: number): string {
  return (known[column] ??=
    (column < 26 ? "" : letters(Math.floor(column / 26) - 1)) + String.fromCharCode(65 + (column % 26)));
}
