import { Readable } from "node:stream";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import { mostUnpackedBytes, mostZipEntries } from "./limits.ts";
import { Unreadable } from "./unreadable.ts";

/** A part of a stored file: from the first byte to the last, both included. */
export type ReadRange = (start: number, end: number) => AsyncIterable<Uint8Array>;

class StoredBytes extends RandomAccessReader {
  readonly #read: ReadRange;

  constructor(read: ReadRange) {
    super();
    this.#read = read;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(end > start ? this.#read(start, end - 1) : [], { objectMode: false });
  }
}

/** A workbook's zip, read where it lies: a part at a time, none of them whole in memory. */
export class OpenedZip {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @throws Unreadable for what is no zip, or a strange one */
  static async open(read: ReadRange, sizeBytes: number): Promise<OpenedZip> {
    return readable(async () => {
      const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
      const zip = await fromRandomAccessReaderPromise(new StoredBytes(read), sizeBytes, options);
      if (zip.entryCount > mostZipEntries) throw strange();
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
      return new OpenedZip(zip, entries);
    });
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The bytes of a part. @throws Unreadable for one that isn't there, or would never end */
  async *part(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.isEncrypted()) throw strange();
    // What its head declares; that it is no more than that, the reader sees to.
    if (entry.uncompressedSize > mostUnpackedBytes) throw bomb();
    const stream = await readable(() => this.#zip.openReadStreamPromise(entry));
    const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    try {
      for (;;) {
        const { value, done } = await readable(() => pieces.next());
        if (done === true) return;
        yield value;
      }
    } finally {
      stream.destroy();
    }
  }

  /** A part that is small, as a text. @throws Unreadable */
  async text(name: string, mostBytes: number): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.part(name)) {
      length += chunk.length;
      if (length > mostBytes) throw bomb();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  }
}

async function readable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Unreadable ? error : strange(error);
  }
}

export function strange(cause?: unknown): Unreadable {
  return new Unreadable(
    {
      zh: "不是完好的 Excel 工作簿：请用 Excel 或 WPS 另存为 .xlsx 后再导入",
      en: "This is no sound Excel workbook: save it as .xlsx with Excel or another program, and bring that",
    },
    { cause },
  );
}

function bomb(): Unreadable {
  return new Unreadable({
    zh: "工作簿解压后过大，无法读取：请另存为 CSV，或分成几个文件",
    en: "Unpacked, the workbook is too large: save it as CSV, or divide it",
  });
}
