import { longestCell, mostColumns } from "./limits.ts";
import { isEmptyCell, type RawRow, tooLong, tooManyColumns } from "./raw-rows.ts";
import { Unreadable } from "./unreadable.ts";

export type Encoding = "utf-8" | "gbk";
type Bytes = AsyncIterable<Uint8Array>;

/** How much of a text tells what separates its cells. */
const headCharacters = 65_536;
/** How much from the first byte on that isn't ASCII tells the encoding. */
const tellingBytes = 1024;
const separators = [",", ";", "\t", "|"] as const;
const quote = '"';

/**
 * A file of values and separators (RFC 4180, and what else programs write): UTF-8, with a mark or without, or GBK;
 * commas, semicolons, tabs or bars. Read as it comes, a row at a time.
 */
export class TextFile {
  readonly #bytes: Bytes;
  #encoding: Encoding | undefined;
  /** The row that is being read, for whoever has to be told of it. */
  #row = 1;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** Known when all is read: a file without any character beyond ASCII is both. */
  get encoding(): Encoding {
    return this.#encoding ?? "utf-8";
  }

  /** Rows that hold something. @throws Unreadable */
  async *rows(): AsyncGenerator<RawRow, void, undefined> {
    let head = "";
    let lines: Lines | undefined;
    for await (const text of this.#texts()) {
      if (lines !== undefined) yield* this.#told(lines.take(text));
      else if ((head += text).length >= headCharacters) yield* this.#told((lines = linesOf(head)).take(rest(head)));
    }
    lines ??= linesOf(head);
    if (lines.isNew) yield* this.#told(lines.take(rest(head)));
    yield* this.#told(lines.end());
  }

  *#told(rows: Iterable<RawRow>): Generator<RawRow, void, undefined> {
    for (const row of rows) {
      this.#row = row.number + 1;
      if (!row.cells.every(isEmptyCell)) yield row;
    }
  }

  /** The file's text, decoded as the first bytes that aren't ASCII tell: GBK is never UTF-8 by chance for long. */
  async *#texts(): AsyncGenerator<string, void, undefined> {
    let decoder: TextDecoder | undefined;
    let held = Buffer.alloc(0);
    for await (const chunk of this.#bytes) {
      if (chunk.includes(0)) throw this.#notText();
      if (decoder !== undefined) {
        yield this.#decoded(decoder, chunk);
        continue;
      }
      held = Buffer.concat([held, chunk]);
      const first = held.findIndex((byte) => byte >= 0x80);
      if (first === -1) {
        yield held.toString("latin1");
        held = Buffer.alloc(0);
      } else if (held.length - first >= tellingBytes) {
        decoder = this.#decoderFor(held);
        yield this.#decoded(decoder, held);
      }
    }
    if (decoder === undefined && held.length > 0) {
      decoder = this.#decoderFor(held);
      yield this.#decoded(decoder, held);
    }
    if (decoder !== undefined) yield this.#decoded(decoder);
  }

  #decoderFor(chunk: Uint8Array): TextDecoder {
    const isUtf8 = decodes("utf-8", chunk);
    if (!isUtf8 && !decodes("gbk", chunk)) throw this.#notText();
    this.#encoding = isUtf8 ? "utf-8" : "gbk";
    return new TextDecoder(this.#encoding, { fatal: true });
  }

  #decoded(decoder: TextDecoder, chunk?: Uint8Array): string {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new Unreadable(
        {
          zh: `第 ${this.#row} 行之后有不是 ${this.encoding.toUpperCase()} 编码的内容：请用一种编码另存后再导入`,
          en: `Behind row ${this.#row} something isn't ${this.encoding.toUpperCase()}: save the file in one encoding`,
        },
        { cause },
      );
    }
  }

  #notText(): Unreadable {
    return new Unreadable({
      zh: `第 ${this.#row} 行之后不是文本：请另存为 CSV（UTF-8）或 Excel 工作簿后再导入`,
      en: `Behind row ${this.#row} the file is no text: save it as CSV (UTF-8) or as a workbook`,
    });
  }
}

/** Whether it is text in that encoding, as far as it goes: its last character may be cut off. */
function decodes(encoding: Encoding, chunk: Uint8Array): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(chunk, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Excel's own way to say it: a first line that is no row. */
const saysSeparator = /^sep=(.)\r?\n/;

function linesOf(head: string): Lines {
  return new Lines(saysSeparator.exec(head)?.[1] ?? likelySeparator(head));
}

function rest(head: string): string {
  return head.replace(saysSeparator, "");
}

/** What stands between most cells of the first line that holds something; a comma, if nothing does. */
function likelySeparator(head: string): string {
  const line = (/[^\r\n]*\S[^\r\n]*/.exec(head.replaceAll(/"(?:[^"]|"")*"/g, "quoted")) ?? [""])[0];
  const counts = separators.map((each) => [each, line.split(each).length] as const);
  return counts.reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}

/** Cuts a text into rows, however it comes in pieces. */
class Lines {
  readonly #separator: string;
  /** Whatever ends a cell that isn't quoted. */
  readonly #ends: RegExp;
  isNew = true;
  #cells: string[] = [];
  #cell = "";
  #number = 1;
  #state: "start" | "plain" | "quoted" | "quote" = "start";
  /** A line feed behind a carriage return ends nothing more. */
  #wasReturn = false;

  constructor(separator: string) {
    this.#separator = separator;
    this.#ends = new RegExp(`[\\r\\n${separator === "|" || separator === "\\" ? `\\${separator}` : separator}]`, "g");
  }

  *take(text: string): Generator<RawRow, void, undefined> {
    this.isNew = false;
    for (let at = 0; at < text.length;) {
      const character = text[at] as string;
      if (this.#wasReturn) {
        this.#wasReturn = false;
        if (character === "\n") {
          at += 1;
          continue;
        }
      }
      if (this.#state === "quoted") {
        at = this.#quoted(text, at);
        continue;
      }
      if (character === this.#separator) this.#endCell();
      else if (character === "\n" || character === "\r") {
        this.#wasReturn = character === "\r";
        yield this.#endRow();
      } else if (character === quote && this.#state !== "plain") {
        // Twice, it is a quote of the text.
        if (this.#state === "quote") this.#cell += quote;
        this.#state = "quoted";
      } else {
        at = this.#plain(text, at);
        continue;
      }
      at += 1;
    }
  }

  *end(): Generator<RawRow, void, undefined> {
    if (this.#state === "quoted") throw this.#unclosed();
    if (this.#state !== "start" || this.#cells.length > 0) yield this.#endRow();
  }

  #quoted(text: string, at: number): number {
    const next = text.indexOf(quote, at);
    this.#add(next === -1 ? text.slice(at) : text.slice(at, next));
    if (next === -1) return text.length;
    this.#state = "quote";
    return next + 1;
  }

  #plain(text: string, at: number): number {
    this.#ends.lastIndex = at;
    const end = this.#ends.exec(text)?.index ?? text.length;
    this.#add(text.slice(at, end));
    this.#state = "plain";
    return end;
  }

  #add(text: string): void {
    this.#cell += text;
    if (this.#cell.length <= longestCell) return;
    throw this.#state === "quoted" && this.#cell.includes("\n")
      ? this.#unclosed()
      : tooLong(this.#number, this.#cells.length + 1);
  }

  #endCell(): void {
    if (this.#cells.length >= mostColumns) throw tooManyColumns(this.#number);
    this.#cells.push(this.#cell);
    this.#cell = "";
    this.#state = "start";
  }

  #endRow(): RawRow {
    this.#endCell();
    const row = { number: this.#number, cells: this.#cells };
    this.#number += 1;
    this.#cells = [];
    return row;
  }

  #unclosed(): Unreadable {
    return new Unreadable({
      zh: `第 ${this.#number} 行第 ${this.#cells.length + 1} 列的引号没有闭合`,
      en: `Row ${this.#number}, column ${this.#cells.length + 1}: a quote isn't closed`,
    });
  }
}
