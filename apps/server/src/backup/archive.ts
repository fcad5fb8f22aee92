import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { OperatorError } from "@zhanggui/kit/server/operator-error";

/** A tar (POSIX.1-1988 "ustar", IEEE 1003.1) behind gzip: any `tar -tzf` can look into it. */
const block = 512;
/** What eleven octal digits hold. */
const mostBytes = 8 ** 11 - 1;

/** One entry, as the manifest remembers it. */
export interface Entry {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
export interface NewEntry {
  readonly name: string;
  readonly bytes: number;
  readonly chunks: Chunks;
}

/**
 * Writes an archive beside `path` and moves it there when it is whole, readable for its owner alone. `seen` is told of
 * each entry when it is written.
 */
export async function writeArchive(
  path: string,
  entries: AsyncIterable<NewEntry>,
  seen: (entry: Entry) => void,
): Promise<void> {
  const partial = `${path}.partial`;
  await rm(partial, { force: true });
  try {
    const file = createWriteStream(partial, { flags: "wx", mode: 0o600 });
    await pipeline(Readable.from(tarOf(entries, seen)), createGzip({ level: 6 }), file);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function* tarOf(
  entries: AsyncIterable<NewEntry>,
  seen: (entry: Entry) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { name, bytes, chunks } of entries) {
    yield headOf(name, bytes);
    const hash = createHash("sha256");
    let written = 0;
    for await (const chunk of chunks) {
      written += chunk.length;
      hash.update(chunk);
      yield chunk;
    }
    if (written !== bytes) throw new OperatorError(`${name} has ${written} bytes, not the ${bytes} that it should`);
    yield Buffer.alloc(paddingOf(bytes));
    seen({ name, bytes, sha256: hash.digest("hex") });
  }
  yield Buffer.alloc(2 * block);
}

const paddingOf = (bytes: number): number => (block - (bytes % block)) % block;

function headOf(name: string, bytes: number): Buffer {
  const head = Buffer.alloc(block);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long for a tar`);
  if (bytes > mostBytes) throw new OperatorError(`${name} has ${bytes} bytes, more than an archive takes of one file`);
  head.write(name, 0);
  head.write("0000600\0", 100);
  head.write("0000000\0".repeat(2), 108);
  head.write(`${bytes.toString(8).padStart(11, "0")}\0`, 124);
  head.write("00000000000\0", 136);
  head.write("        ", 148);
  head.write("0", 156);
  head.write("ustar\u000000", 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return head;
}

/**
 * Reads the entries one after the other; what isn't taken of one is passed over.
 *
 * @throws OperatorError for a file that isn't whole, or isn't an archive
 */
export async function* readArchive(path: string): AsyncGenerator<NewEntry, void, undefined> {
  const file = createReadStream(path);
  const plain = file.pipe(createGunzip());
  file.on("error", (error) => plain.destroy(error));
  const source = new Source(path, plain);
  try {
    for (;;) {
      const head = await source.take(block);
      // What is behind it has gzip's own sum: one that was cut there is told by it.
      if (head.every((byte) => byte === 0)) return await source.end();
      const name = head.toString("utf8", 0, head.indexOf(0));
      const bytes = Number.parseInt(head.toString("latin1", 124, 135), 8);
      const told = Number.parseInt(head.toString("latin1", 148, 154), 8);
      const sum = head.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
      if (sum !== told || !Number.isSafeInteger(bytes)) throw new Error("an entry's head is damaged");
      let left = bytes;
      const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        while (left > 0) {
          const chunk = await source.some(left);
          left -= chunk.length;
          yield chunk;
        }
      };
      yield { name, bytes, chunks: chunks() };
      while (left > 0) left -= (await source.some(left)).length;
      await source.take(paddingOf(bytes));
    }
  } catch (error) {
    throw error instanceof OperatorError ? error : damaged(path, error);
  }
}

export function damaged(path: string, error: unknown): OperatorError {
  if (error instanceof Error && "syscall" in error) return new OperatorError(`${path} can't be read: ${error.message}`);
  return new OperatorError(`${path} is damaged: ${error instanceof Error ? error.message : String(error)}`);
}

/** What comes from a stream, taken in the sizes that are asked for. */
class Source {
  readonly #path: string;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string, stream: AsyncIterable<Buffer>) {
    this.#path = path;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** At least one byte, at most so many. */
  async some(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      // Whoever reads an entry's bytes is told here, not by whoever goes from entry to entry.
      const next = await this.#chunks.next().catch((error: unknown) => {
        throw damaged(this.#path, error);
      });
      if (next.done) throw damaged(this.#path, new Error("it ends too early"));
      this.#rest = next.value;
    }
    const chunk = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(chunk.length);
    return chunk;
  }

  /** Reads what is left. */
  async end(): Promise<void> {
    for (let isOver = false; !isOver;) {
      const next = await this.#chunks.next().catch((error: unknown) => {
        throw damaged(this.#path, error);
      });
      isOver = next.done === true;
    }
  }

  async take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0;) {
      const part = await this.some(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }
}
