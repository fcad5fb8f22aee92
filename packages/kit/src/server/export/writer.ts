import { constants, crc32, deflateRawSync } from "node:zlib";
import { z } from "zod";
import type { ExportFormat } from "../../contract/export-format.ts";
import type { FieldInfo } from "../../contract/field.ts";
import type { Language } from "../../contract/text.ts";
import { byteOrderMark, csvLine } from "../csv.ts";
import { cellOf, csvCell } from "./cells.ts";
import { encodeGbk } from "./gbk.ts";
import { excelRows, sheetEnd, sheetRow, sheetStart, workbookEntries } from "./sheet.ts";
import { mostZipBytes, zipOf, type ZipEntry } from "./zip.ts";

/** How far a sheet is. Its packed bytes lie elsewhere, in chunks one after the other. */
const Sheet = z.object({
  rows: z.int(),
  crc: z.int(),
  rawBytes: z.int(),
  packedBytes: z.int(),
});
type Sheet = z.output<typeof Sheet>;
/** All that has to be known to go on with a file in another process: its chunks stand as they are. */
export const WriterState = z.object({ rows: z.int(), sheets: z.array(Sheet) });
export type WriterState = z.output<typeof WriterState>;

export interface WriterOptions {
  readonly format: ExportFormat;
  readonly columns: readonly FieldInfo[];
  readonly language: Language;
  readonly zone: string;
  /** What its sheets are called. */
  readonly name: string;
  /** Of one sheet, the head apart. Whole pages of rows go into it. */
  readonly sheetRows?: number;
}
type Row = Readonly<Record<string, unknown>>;
type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Room for one more page before a sheet's size no longer fits into a zip's 32 bits. */
const mostSheetBytes = mostZipBytes - 256 * 1024 * 1024;

/**
 * Makes a file of rows, page after page. Each page becomes a chunk of bytes; chunks are never looked at again, so a
 * file can be as long as it wants, be left, and be gone on with by whoever has the state and the chunks.
 *
 * In a workbook a chunk is packed for itself and ends on a whole byte (RFC 1951 §3.2.4, an empty stored block), so that
 * a sheet is its chunks one after the other; and CRC-32 goes on where it was.
 */
export class ExportWriter {
  readonly #options: WriterOptions;
  readonly #labels: readonly string[];
  #rows: number;
  readonly #sheets: Sheet[];

  constructor(options: WriterOptions, state: WriterState = { rows: 0, sheets: [] }) {
    this.#options = options;
    this.#labels = options.columns.map(({ label }) => label[options.language]);
    this.#rows = state.rows;
    this.#sheets = state.sheets.map((sheet) => ({ ...sheet }));
  }

  get state(): WriterState {
    return { rows: this.#rows, sheets: this.#sheets.map((sheet) => ({ ...sheet })) };
  }

  /** The chunk of these rows. The first one has the head, too, also if there are no rows. */
  page(rows: readonly Row[]): Uint8Array {
    const chunk = this.#options.format === "xlsx" ? this.#sheetChunk(rows) : this.#lines(rows);
    this.#rows += rows.length;
    return chunk;
  }

  /**
   * The file, of the chunks in their order.
   *
   * @throws RangeError for a workbook of more than 4 GiB
   */
  async *file(chunks: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#options.format !== "xlsx") {
      yield* chunks;
      return;
    }
    const end = deflateRawSync(sheetEnd);
    const source = new ByteSource(chunks);
    const entries = this.#sheets.map((sheet, index): ZipEntry => ({
      name: `xl/worksheets/sheet${index + 1}.xml`,
      crc: crc32(sheetEnd, sheet.crc),
      rawBytes: sheet.rawBytes + sheetEnd.length,
      packedBytes: sheet.packedBytes + end.length,
      packed: sheetBytes(source, sheet.packedBytes, end),
    }));
    yield* zipOf([...workbookEntries(this.#sheetNames()), ...entries]);
  }

  #sheetNames(): string[] {
    const { name } = this.#options;
    return this.#sheets.map((_, index) => (index === 0 ? name : `${name.slice(0, 26)} ${index + 1}`));
  }

  #lines(rows: readonly Row[]): Uint8Array {
    const { format } = this.#options;
    const isFirst = this.#sheets.length === 0;
    if (isFirst) this.#sheets.push({ rows: 0, crc: 0, rawBytes: 0, packedBytes: 0 });
    const lines = rows.map((row) => csvLine(this.#cells(row).map(csvCell)));
    const text = `${isFirst ? csvLine(this.#labels) : ""}${lines.join("")}`;
    return format === "csv-gbk" ? encodeGbk(text) : Buffer.from(isFirst ? byteOrderMark + text : text);
  }

  #sheetChunk(rows: readonly Row[]): Uint8Array {
    const { sheetRows = excelRows - 1 } = this.#options;
    let sheet = this.#sheets.at(-1);
    let start = "";
    if (sheet === undefined || sheet.rows + rows.length > sheetRows || sheet.rawBytes > mostSheetBytes) {
      sheet = { rows: 0, crc: 0, rawBytes: 0, packedBytes: 0 };
      this.#sheets.push(sheet);
      start = sheetStart(this.#labels);
    }
    const first = sheet.rows + 2;
    const raw = Buffer.from(start + rows.map((row, index) => sheetRow(first + index, this.#cells(row))).join(""));
    const packed = deflateRawSync(raw, { level: 3, finishFlush: constants.Z_SYNC_FLUSH });
    sheet.rows += rows.length;
    sheet.crc = crc32(raw, sheet.crc);
    sheet.rawBytes += raw.length;
    sheet.packedBytes += packed.length;
    return packed;
  }

  #cells(row: Row) {
    const { columns, language, zone } = this.#options;
    return columns.map((info) => cellOf(info, row[info.name], language, zone));
  }
}

async function* sheetBytes(
  source: ByteSource,
  length: number,
  end: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* source.take(length);
  yield end;
}

/** Bytes that come in pieces of any size, taken by their number. */
class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array();

  constructor(pieces: Chunks) {
    this.#pieces = (async function* () {
      yield* pieces;
    })();
  }

  async *take(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let wanted = length; wanted > 0;) {
      if (this.#left.length === 0) {
        const { value, done } = await this.#pieces.next();
        if (done === true) throw new Error("a part of the file is missing");
        this.#left = value;
      }
      const piece = this.#left.subarray(0, wanted);
      this.#left = this.#left.subarray(piece.length);
      wanted -= piece.length;
      yield piece;
    }
  }
}
