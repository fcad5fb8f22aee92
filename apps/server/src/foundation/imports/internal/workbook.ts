import { StringDecoder } from "node:string_decoder";
import { SaxesParser } from "saxes";
import {
  deepestTag,
  longestCell,
  mostColumns,
  mostRowNumber,
  mostSharedCharacters,
  mostSharedTexts,
} from "./limits.ts";
import { isEmptyCell, type RawCell, type RawRow, tooLong, tooManyColumns } from "./raw-rows.ts";
import { clockText, timeStyles } from "./sheet-times.ts";
import { Unreadable } from "./unreadable.ts";
import { OpenedZip, type ReadRange, strange } from "./zip-file.ts";

// SpreadsheetML (ECMA-376 part 1, §18), as much of it as a table of values needs.

const mebibyte = 1024 * 1024;
/** What may stand between two tags: more is held in memory for nothing. */
const longestPiece = 2 * mebibyte;
type Attributes = Readonly<Record<string, string>>;

/** The first sheet that shows, row after row; of formulas, what they came to when the file was saved. */
export class Workbook {
  readonly #zip: OpenedZip;

  private constructor(zip: OpenedZip) {
    this.#zip = zip;
  }

  /** @throws Unreadable */
  static async open(read: ReadRange, sizeBytes: number): Promise<Workbook> {
    const zip = await OpenedZip.open(read, sizeBytes);
    if (!zip.has("xl/workbook.xml")) throw strange();
    return new Workbook(zip);
  }

  /** Rows that hold something. @throws Unreadable */
  async *rows(): AsyncGenerator<RawRow, void, undefined> {
    const { path, is1904 } = await this.#firstSheet();
    const styles = this.#zip.has("xl/styles.xml")
      ? parsed(await this.#zip.text("xl/styles.xml", 8 * mebibyte), timeStyles)
      : new Set<number>();
    const shared = this.#zip.has("xl/sharedStrings.xml") ? await this.#sharedTexts() : [];
    const sheet = new SheetParser(shared, (style, value) => (styles.has(style) ? clockText(value, is1904) : undefined));
    for await (const text of this.#xml(path)) {
      sheet.take(text);
      yield* sheet.found();
    }
    sheet.end();
    yield* sheet.found();
  }

  async #firstSheet(): Promise<{ path: string; is1904: boolean }> {
    const sheets: Attributes[] = [];
    let is1904 = false;
    const workbook = await this.#zip.text("xl/workbook.xml", mebibyte);
    parsed(workbook, (xml) =>
      eachTag(xml, (name, attributes) => {
        if (name === "sheet") sheets.push(attributes);
        if (name === "workbookPr") is1904 = /^(?:1|true)$/.test(attributes["date1904"] ?? "");
      }),
    );
    const first = sheets.find(({ state = "visible" }) => state === "visible") ?? sheets[0];
    const relation = Object.entries(first ?? {}).find(([name]) => /(?:^|:)id$/.test(name))?.[1];
    let target: string | undefined;
    parsed(await this.#zip.text("xl/_rels/workbook.xml.rels", mebibyte), (xml) =>
      eachTag(xml, (name, { Id, Target }) => {
        if (name === "Relationship" && Id === relation) target = Target;
      }),
    );
    if (relation === undefined || target === undefined) throw strange();
    return { path: target.startsWith("/") ? target.slice(1) : `xl/${target.replace(/^\.\//, "")}`, is1904 };
  }

  /** What cells share: each text once. They lie in memory, so they may only be so long together. */
  async #sharedTexts(): Promise<string[]> {
    const texts: string[] = [];
    let characters = 0;
    const text = new RichText();
    const parser = parserOf({
      open: (name) => text.open(name),
      text: (part) => text.add(part),
      close: (name) => {
        if (name !== "si") return text.close(name);
        const whole = text.taken();
        characters += whole.length;
        // An empty one takes its place, too.
        if (characters > mostSharedCharacters || texts.length >= mostSharedTexts) throw tooManyTexts();
        texts.push(whole);
      },
    });
    for await (const part of this.#xml("xl/sharedStrings.xml")) parser.take(part);
    parser.end();
    return texts;
  }

  async *#xml(path: string): AsyncGenerator<string, void, undefined> {
    const decoder = new StringDecoder("utf8");
    for await (const chunk of this.#zip.part(path)) yield decoder.write(Buffer.from(chunk));
    yield decoder.end();
  }
}

function tooManyTexts(): Unreadable {
  return new Unreadable({
    zh: "工作簿里的文字过多，无法读取：请另存为 CSV，或分成几个文件",
    en: "The workbook holds too much text: save it as CSV, or divide it",
  });
}

/** `_x000D_` in a text is a character that XML couldn't hold (ECMA-376 part 1, §22.9.2.19). */
function unescaped(text: string): string {
  if (!text.includes("_x")) return text;
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** A text in runs; how it is pronounced isn't part of it. */
class RichText {
  #text = "";
  #isText = false;
  #isPhonetic = false;

  open(name: string): void {
    if (name === "rPh") this.#isPhonetic = true;
    this.#isText = name === "t" && !this.#isPhonetic;
  }

  add(part: string): void {
    if (!this.#isText) return;
    this.#text += part;
    if (this.#text.length > mostSharedCharacters) throw tooManyTexts();
  }

  close(name: string): void {
    if (name === "rPh") this.#isPhonetic = false;
    if (name === "t") this.#isText = false;
  }

  taken(): string {
    const text = unescaped(this.#text);
    this.#text = "";
    return text;
  }
}

class SheetParser {
  readonly #shared: readonly string[];
  readonly #timeOf: (style: number, value: number) => string | undefined;
  readonly #parser;
  #rows: RawRow[] = [];
  #number = 0;
  #cells: RawCell[] = [];
  #column = -1;
  #type = "n";
  #style = 0;
  #value = "";
  #isValue = false;
  readonly #inline = new RichText();

  constructor(shared: readonly string[], timeOf: (style: number, value: number) => string | undefined) {
    this.#shared = shared;
    this.#timeOf = timeOf;
    this.#parser = parserOf({
      open: (name, attributes) => this.#open(name, attributes),
      text: (part) => this.#text(part),
      close: (name) => this.#close(name),
    });
  }

  take(text: string): void {
    this.#parser.take(text);
  }

  end(): void {
    this.#parser.end();
  }

  /** The rows since it was asked last. */
  found(): RawRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #open(name: string, attributes: Attributes): void {
    if (name === "row") {
      this.#number = Number(attributes["r"] ?? this.#number + 1);
      if (!Number.isSafeInteger(this.#number) || this.#number > mostRowNumber) throw strange();
      this.#cells = [];
      this.#column = -1;
    } else if (name === "c") {
      this.#column = attributes["r"] === undefined ? this.#column + 1 : columnOf(attributes["r"]);
      if (this.#column >= mostColumns) throw tooManyColumns(this.#number);
      this.#type = attributes["t"] ?? "n";
      this.#style = Number(attributes["s"] ?? 0);
      this.#value = "";
    } else if (name === "v") this.#isValue = true;
    else this.#inline.open(name);
  }

  #text(part: string): void {
    if (!this.#isValue) return this.#inline.add(part);
    this.#value += part;
    if (this.#value.length > longestCell * 8) throw tooLong(this.#number, this.#column + 1);
  }

  #close(name: string): void {
    if (name === "v") this.#isValue = false;
    else if (name === "c") {
      const inline = this.#inline.taken();
      const cell = this.#type === "inlineStr" ? inline : this.#cell();
      if (isEmptyCell(cell)) return;
      while (this.#cells.length < this.#column) this.#cells.push(null);
      this.#cells[this.#column] = cell;
    } else if (name === "row") {
      if (this.#cells.length > 0) this.#rows.push({ number: this.#number, cells: this.#cells });
    } else this.#inline.close(name);
  }

  #cell(): RawCell {
    const value = this.#value;
    if (value === "") return null;
    if (this.#type === "s") return this.#shared[Number(value)] ?? null;
    if (this.#type === "b") return value === "1";
    // A formula's text, an error's name, a time as ISO 8601 has it.
    if (this.#type === "d") return value.replace("T", " ").replace(/(?:\.\d+)?Z?$/, "");
    if (this.#type !== "n") return unescaped(value);
    const number = Number(value);
    if (Number.isNaN(number)) return value;
    return this.#timeOf(this.#style, number) ?? number;
  }
}

/** `BC12` is in column 54, the first being 0. */
function columnOf(place: string): number {
  let column = 0;
  for (const character of place) {
    const code = character.charCodeAt(0) - 64;
    if (code < 1 || code > 26) break;
    column = column * 26 + code;
    if (column > mostColumns) break;
  }
  if (column === 0) throw strange();
  return column - 1;
}

interface Listener {
  readonly open: (name: string, attributes: Attributes) => void;
  readonly text: (part: string) => void;
  readonly close: (name: string) => void;
}

/** XML as it comes. A document type, which could define entities without end, is in no workbook. */
function parserOf({ open, text, close }: Listener) {
  const parser = new SaxesParser();
  /** Characters since something was told of: the parser gathers what one text holds. */
  let quiet = 0;
  /** Tags that are open: the parser remembers each of them. */
  let depth = 0;
  const told = (): void => void (quiet = 0);
  parser.on("doctype", () => {
    throw strange();
  });
  parser.on("error", (cause) => {
    throw strange(cause);
  });
  parser.on("opentag", ({ name, attributes }) => {
    told();
    if ((depth += 1) > deepestTag) throw strange();
    open(localName(name), attributes);
  });
  parser.on("text", text);
  parser.on("cdata", text);
  parser.on("closetag", ({ name }) => {
    told();
    depth -= 1;
    close(localName(name));
  });
  const take = (part: string): void => {
    quiet += part.length;
    parser.write(part);
    if (quiet > longestPiece) throw tooManyTexts();
  };
  return { take, end: () => void parser.close() };
}

function eachTag(xml: string, open: Listener["open"]): void {
  const parser = parserOf({ open, text: () => undefined, close: () => undefined });
  parser.take(xml);
  parser.end();
}

function parsed<Result>(xml: string, parse: (xml: string) => Result): Result {
  try {
    return parse(xml);
  } catch (error) {
    throw error instanceof Unreadable ? error : strange(error);
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
