import { deflateRawSync } from "node:zlib";
import { encodeGbk } from "@zhanggui/kit/server/export/gbk";
import { packedEntry, type ZipEntry, zipOf } from "@zhanggui/kit/server/export/zip";
import { ExportWriter } from "@zhanggui/kit/server/export/writer";
import { expect, test } from "vitest";
import { mostColumns, mostSharedTexts } from "./internal/limits.ts";
import { type RawRow, RowGuard } from "./internal/raw-rows.ts";
import { TextFile } from "./internal/text-file.ts";
import { Unreadable } from "./internal/unreadable.ts";
import { Workbook } from "./internal/workbook.ts";

/** In pieces of any size, down to a byte: a character may be cut in the middle. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function guarded(rows: AsyncIterable<RawRow>): Promise<RawRow[]> {
  const guard = new RowGuard();
  const found: RawRow[] = [];
  for await (const row of rows) found.push(guard.checked(row));
  return found;
}

async function readText(text: string | Uint8Array, size = 65_536): Promise<RawRow[]> {
  return guarded(new TextFile(pieces(typeof text === "string" ? Buffer.from(text) : text, size)).rows());
}
const cellsOf = async (text: string | Uint8Array, size?: number) =>
  (await readText(text, size)).map(({ cells }) => cells);

async function why(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof Unreadable)) throw new Error(`not refused as unreadable: ${String(error)}`);
  expect(error.why.zh).toMatch(/\p{Script=Han}/u);
  return error.why.en;
}

const table = [
  ["姓名", "备注"],
  ["林小满", '说："明前，\n再来"'],
  ["Anna", "a;b\tc|d"],
];
const quoted = table.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`));

test.each([",", ";", "\t", "|"])(
  "cells are parted by %j, whatever stands in them, in whatever pieces it comes",
  async (by) => {
    const text = quoted.map((row) => row.join(by)).join("\r\n");
    for (const size of [1, 2, 3, 7, 65_536]) expect(await cellsOf(text, size)).toEqual(table);
    // Excel says it in a line of its own.
    expect(await cellsOf(`sep=${by}\r\n${text}\r\n`)).toEqual(table);
  },
);

test("UTF-8 with a mark and without, and GBK, are told apart, also where the first thousand rows are ASCII", async () => {
  const plain = "name,note\n" + "a,b\n".repeat(20_000);
  const text = `${plain}林小满,明前\n`;
  const last = ["林小满", "明前"];
  for (const bytes of [Buffer.from(text), Buffer.from(`\uFEFF${text}`), encodeGbk(text)])
    for (const size of [1, 1001, 65_536]) {
      const rows = await cellsOf(bytes, size);
      expect(rows[0]).toEqual(["name", "note"]);
      expect(rows.at(-1)).toEqual(last);
    }
  const file = new TextFile(pieces(encodeGbk(text), 4096));
  await guarded(file.rows());
  expect(file.encoding).toBe("gbk");
});

test("rows are numbered as a spreadsheet has them; those that hold nothing are left out, a million of them, too", async () => {
  expect(await readText("a\n\n,\n b \n")).toEqual([
    { number: 1, cells: ["a"] },
    { number: 4, cells: [" b "] },
  ]);
  expect(await readText(`a\n${"\n".repeat(1_000_000)}b`)).toEqual([
    { number: 1, cells: ["a"] },
    { number: 1_000_002, cells: ["b"] },
  ]);
});

test.each([
  ["a quote that is never closed", 'a,b\nc,"d\n' + "e,f\n".repeat(20_000), "Row 2, column 2: a quote isn't closed"],
  ["one at the very end", 'a,b\nc,"d', "Row 2, column 2: a quote isn't closed"],
  ["a cell of 40 MB", `a,b\nc,${"x".repeat(40 * 1024 * 1024)}`, "Row 2, column 2, has more than 32,767 characters"],
  ["16,385 columns", `a\n${",".repeat(16_384)}`, `Row 2 has more than ${mostColumns} columns`],
  ["a NUL", "a,b\nc,d\0\n", "no text"],
  [
    "UTF-8 that goes on in GBK",
    Buffer.concat([Buffer.from("茶,b\nc,d\n".repeat(9000)), encodeGbk("林小满,e\n")]),
    "isn't UTF-8",
  ],
  ["what is no text", Buffer.from([0x61, 0x0a, 0xff, 0xff, 0xff]), "no text"],
])("%s is refused, with the row", async (_, text, said) => {
  expect(await why(readText(text))).toContain(said);
});

// Workbooks

const head = '<?xml version="1.0" encoding="UTF-8"?>';
const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const rels = `${head}<Relationships xmlns="x"><Relationship Id="rId1" Type="t" Target="worksheets/sheet1.xml"/></Relationships>`;
const workbookXml = (about = "") =>
  `${head}<workbook xmlns="${main}" xmlns:r="r">${about}<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`;
interface Parts {
  readonly rows?: string;
  readonly shared?: string;
  readonly styles?: string;
  readonly about?: string;
  readonly entries?: readonly ZipEntry[];
}

async function bookOf({ rows = "", shared, styles, about, entries = [] }: Parts): Promise<Buffer> {
  const sheet = `${head}<worksheet xmlns="${main}"><sheetData>${rows}</sheetData></worksheet>`;
  const all = [
    packedEntry("xl/workbook.xml", workbookXml(about)),
    packedEntry("xl/_rels/workbook.xml.rels", rels),
    ...(entries.some(({ name }) => name.endsWith("sheet1.xml"))
      ? []
      : [packedEntry("xl/worksheets/sheet1.xml", sheet)]),
    ...(shared === undefined
      ? []
      : [packedEntry("xl/sharedStrings.xml", `${head}<sst xmlns="${main}">${shared}</sst>`)]),
    ...(styles === undefined
      ? []
      : [packedEntry("xl/styles.xml", `${head}<styleSheet xmlns="${main}">${styles}</styleSheet>`)]),
    ...entries,
  ];
  return Buffer.concat(await Array.fromAsync(zipOf(all)));
}

async function readBook(bytes: Buffer): Promise<RawRow[]> {
  const range = (start: number, end: number) => pieces(bytes.subarray(start, end + 1), 65_536);
  return guarded((await Workbook.open(range, bytes.length)).rows());
}

test("a workbook's cells come as what they are: texts, numbers, formulas as they came out, times as a clock shows them", async () => {
  const styles = `<numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/><numFmt numFmtId="165" formatCode="0.00&quot;元&quot;"/></numFmts>
    <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="21"/></cellXfs>`;
  const shared = `<si><t>林小满</t></si><si><r><t>a</t></r><rPh><t>ignored</t></rPh><r><t xml:space="preserve"> b_x000A_c</t></r></si>`;
  const rows = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>
    <row r="3"><c r="A3"><v>13800004321</v></c><c r="B3"><f>SUM(A1:A2)</f><v>12.5</v></c><c r="C3" t="str"><f>A1&amp;""</f><v>=x</v></c>
      <c r="D3" s="1"><v>46350</v></c><c r="E3" s="2"><v>46350.854166666664</v></c><c r="F3" s="3"><v>3</v></c>
      <c r="G3" t="b"><v>1</v></c><c r="H3" t="inlineStr"><is><t>in</t></is></c><c r="I3" t="e"><v>#N/A</v></c>
      <c r="J3" s="4"><v>0.5</v></c><c r="K3"><f>NOW()</f></c></row>`;
  expect(await readBook(await bookOf({ styles, shared, rows }))).toEqual([
    { number: 1, cells: ["林小满", null, "a b\nc"] },
    {
      number: 3,
      cells: [13_800_004_321, 12.5, "=x", "2026-11-24", "2026-11-24 20:30:00", 3, true, "in", "#N/A", "12:00:00"],
    },
  ]);
  const [row] = await readBook(
    await bookOf({ styles, about: '<workbookPr date1904="1"/>', rows: '<row><c s="1"><v>1</v></c></row>' }),
  );
  expect(row?.cells).toEqual(["1904-01-02"]);
});

test("what an export made is read as it was", async () => {
  const columns = ["a", "b"].map((name) => ({ name, label: { zh: name, en: name }, kind: "text", isNullable: true }));
  for (const format of ["xlsx", "csv", "csv-gbk"] as const) {
    const writer = new ExportWriter({ format, columns, language: "zh", zone: "UTC", name: "x" });
    const chunk = writer.page([{ a: "=1+1", b: "林小满\n," }]);
    const bytes = Buffer.concat(await Array.fromAsync(writer.file([chunk])));
    const rows = format === "xlsx" ? await readBook(bytes) : await readText(bytes);
    expect(rows.map(({ cells }) => cells)).toEqual([
      ["a", "b"],
      [format === "xlsx" ? "=1+1" : "'=1+1", "林小满\n,"],
    ]);
  }
});

const lie = (name: string, raw: Buffer, rawBytes: number): ZipEntry => {
  const packed = deflateRawSync(raw);
  return { name, crc: 0, rawBytes, packedBytes: packed.length, packed: [packed] };
};
const sheetOf = (rows: string) =>
  Buffer.from(`${head}<worksheet xmlns="${main}"><sheetData>${rows}</sheetData></worksheet>`);

test.each<[string, () => Parts | Promise<Parts>, string]>([
  [
    "a sheet that says it unpacks to 4 GB",
    () => ({ entries: [lie("xl/worksheets/sheet1.xml", sheetOf(""), 0xffff_fff0)] }),
    "too large",
  ],
  [
    "one that unpacks to more than it says",
    () => ({ entries: [lie("xl/worksheets/sheet1.xml", sheetOf("<row/>".repeat(100_000)), 100)] }),
    "no sound",
  ],
  [
    "texts that cells share without end",
    () => ({ shared: `<si><t>${"x".repeat(1_000_000)}</t></si>`.repeat(70) }),
    "too much text",
  ],
  [
    "empty texts that cells share without end",
    () => ({ shared: "<si/>".repeat(mostSharedTexts + 1), rows: "<row><c><v>1</v></c></row>" }),
    "too much text",
  ],
  [
    "tags within tags without end",
    () => ({ rows: `${"<a>".repeat(10_000)}${"</a>".repeat(10_000)}<row><c><v>1</v></c></row>` }),
    "no sound",
  ],
  ["a row that no sheet has", () => ({ rows: '<row r="3000000000"><c><v>1</v></c></row>' }), "no sound"],
  [
    "one text without end",
    () => ({ rows: `<row><c t="inlineStr"><is><t>${"x".repeat(40_000_000)}</t></is></c></row>` }),
    "too much text",
  ],
  [
    "one long text in a million cells",
    () => ({
      shared: `<si><t>${"x".repeat(32_000)}</t></si>`,
      rows: `<row>${'<c t="s"><v>0</v></c>'.repeat(60)}</row>`.repeat(20_000),
    }),
    "too much text",
  ],
  [
    "entities",
    () => ({ entries: [packedEntry("xl/worksheets/sheet1.xml", `<!DOCTYPE x [<!ENTITY a "aa">]><worksheet/>`)] }),
    "no sound",
  ],
  [
    "XML that breaks off",
    () => ({ entries: [packedEntry("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row>")] }),
    "no sound",
  ],
  ["a cell in column 16,385", () => ({ rows: '<row><c r="XFE1"><v>1</v></c></row>' }), "columns"],
  [
    "two rows of one number",
    () => ({ rows: '<row r="2"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>' }),
    "one number",
  ],
])("a workbook with %s is refused", async (_, parts, said) => {
  expect(await why(bookOf(await parts()).then(readBook))).toContain(said);
});

test("a zip that is no workbook, and what is no zip, are refused; a million empty rows are none", async () => {
  const zip = Buffer.concat(await Array.fromAsync(zipOf([packedEntry("word/document.xml", "<w/>")])));
  expect(await why(readBook(zip))).toContain("no sound");
  expect(await why(readBook(Buffer.from("PK\x03\x04 and nothing more")))).toContain("no sound");
  const cut = (await bookOf({ rows: "<row><c><v>1</v></c></row>" })).subarray(0, 300);
  expect(await why(readBook(cut))).toContain("no sound");
  const rows = "<row/>".repeat(1_000_000) + "<row><c><v>1</v></c></row>";
  expect(await readBook(await bookOf({ rows }))).toEqual([{ number: 1_000_001, cells: [1] }]);
});
