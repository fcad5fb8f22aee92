import { crc32, deflateRawSync } from "node:zlib";

/** A file of a zip, as it is known before its bytes are sent: so its head says all, and no reader has to guess. */
export interface ZipEntry {
  readonly name: string;
  readonly crc: number;
  readonly rawBytes: number;
  readonly packedBytes: number;
  /** Its packed bytes (RFC 1951). */
  readonly packed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Sizes and places are 32 bits wide (PKWARE APPNOTE 4.4): what is larger isn't made. */
export const mostZipBytes = 0xffff_ffff;
const deflate = 8;
/** Version 2.0: folders and deflate. */
const version = 20;
/** Names are UTF-8. */
const flags = 0x0800;
/** 1 January 1980, the earliest there is: the same content is the same file. */
const date = 0x0021;

export function packedEntry(name: string, text: string): ZipEntry {
  const raw = Buffer.from(text);
  const packed = deflateRawSync(raw);
  return { name, crc: crc32(raw), rawBytes: raw.length, packedBytes: packed.length, packed: [packed] };
}

/** @throws RangeError if it would be larger than `mostZipBytes` */
export async function* zipOf(entries: Iterable<ZipEntry>): AsyncGenerator<Uint8Array, void, undefined> {
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x0403_4b50, 0);
    describe(head, 4, entry, name.length);
    yield Buffer.concat([head, name]);
    yield* entry.packed;
    directory.push(directoryEntry(entry, name, at));
    at += head.length + name.length + entry.packedBytes;
    if (at > mostZipBytes) throw new RangeError("a zip of more than 4 GiB isn't made");
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  yield Buffer.concat([central, end]);
}

function directoryEntry(entry: ZipEntry, name: Buffer, at: number): Buffer {
  const made = Buffer.alloc(46);
  made.writeUInt32LE(0x0201_4b50, 0);
  made.writeUInt16LE(version, 4);
  describe(made, 6, entry, name.length);
  made.writeUInt32LE(at, 42);
  return Buffer.concat([made, name]);
}

/** What an entry's own head and the directory both say. */
function describe(to: Buffer, at: number, { crc, packedBytes, rawBytes }: ZipEntry, nameLength: number): void {
  to.writeUInt16LE(version, at);
  to.writeUInt16LE(flags, at + 2);
  to.writeUInt16LE(deflate, at + 4);
  to.writeUInt16LE(date, at + 8);
  to.writeUInt32LE(crc, at + 10);
  to.writeUInt32LE(packedBytes, at + 14);
  to.writeUInt32LE(rawBytes, at + 18);
  to.writeUInt16LE(nameLength, at + 22);
}
