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

/** Sizes and places are 32 bits wide (PKWARE APPNOTE 4.4): what is larger needs Zip64, which no workbook has. */
export const mostZipBytes = 0xffff_ffff;
const mostZipEntries = 0xffff;
const deflate = 8;
/** Version 2.0: folders and deflate; 4.5: Zip64. */
const version = 20;
const version64 = 45;
/** Names are UTF-8. */
const flags = 0x0800;
/** 1 January 1980, the earliest there is: the same content is the same file. */
const date = 0x0021;

export function packedEntry(name: string, text: string): ZipEntry {
  const raw = Buffer.from(text);
  const packed = deflateRawSync(raw);
  return { name, crc: crc32(raw), rawBytes: raw.length, packedBytes: packed.length, packed: [packed] };
}

/**
 * @param options `zip64`: it may be larger than `mostZipBytes`, and have more than 65,535 entries
 * @throws RangeError if it would be larger than `mostZipBytes`, unless it may be
 */
export async function* zipOf(
  entries: Iterable<ZipEntry> | AsyncIterable<ZipEntry>,
  { zip64 = false }: { readonly zip64?: boolean } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const directory: Buffer[] = [];
  let at = 0;
  for await (const entry of entries) {
    const name = Buffer.from(entry.name);
    const extra = wide([entry.rawBytes, entry.packedBytes], isWide(entry));
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x0403_4b50, 0);
    describe(head, 4, entry, name.length, extra.length);
    yield Buffer.concat([head, name, extra]);
    yield* entry.packed;
    directory.push(directoryEntry(entry, name, at));
    at += head.length + name.length + extra.length + entry.packedBytes;
    if (at > mostZipBytes && !zip64) throw new RangeError("a zip of more than 4 GiB isn't made");
  }
  const central = Buffer.concat(directory);
  yield Buffer.concat([central, endOf(directory.length, central.length, at)]);
}

function isWide({ rawBytes, packedBytes }: ZipEntry): boolean {
  return Math.max(rawBytes, packedBytes) >= mostZipBytes;
}

/** The extra field for what doesn't fit (APPNOTE 4.5.3). */
function wide(values: readonly number[], isNeeded: boolean): Buffer {
  if (!isNeeded) return Buffer.alloc(0);
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return extra;
}

function directoryEntry(entry: ZipEntry, name: Buffer, at: number): Buffer {
  const sizes = isWide(entry) ? [entry.rawBytes, entry.packedBytes] : [];
  const places = at >= mostZipBytes ? [at] : [];
  const extra = wide([...sizes, ...places], sizes.length + places.length > 0);
  const made = Buffer.alloc(46);
  made.writeUInt32LE(0x0201_4b50, 0);
  made.writeUInt16LE(extra.length > 0 ? version64 : version, 4);
  describe(made, 6, entry, name.length, extra.length);
  made.writeUInt32LE(Math.min(at, mostZipBytes), 42);
  return Buffer.concat([made, name, extra]);
}

/** What an entry's own head and the directory both say. */
function describe(to: Buffer, at: number, entry: ZipEntry, nameLength: number, extraLength: number): void {
  const [raw, packed] = isWide(entry) ? [mostZipBytes, mostZipBytes] : [entry.rawBytes, entry.packedBytes];
  to.writeUInt16LE(extraLength > 0 ? version64 : version, at);
  to.writeUInt16LE(flags, at + 2);
  to.writeUInt16LE(deflate, at + 4);
  to.writeUInt16LE(date, at + 8);
  to.writeUInt32LE(entry.crc, at + 10);
  to.writeUInt32LE(packed, at + 14);
  to.writeUInt32LE(raw, at + 18);
  to.writeUInt16LE(nameLength, at + 22);
  to.writeUInt16LE(extraLength, at + 24);
}

/** Where the directory is, with the wide record before it where something doesn't fit (APPNOTE 4.3.14 to 4.3.16). */
function endOf(count: number, length: number, at: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(Math.min(count, mostZipEntries), 8);
  end.writeUInt16LE(Math.min(count, mostZipEntries), 10);
  end.writeUInt32LE(Math.min(length, mostZipBytes), 12);
  end.writeUInt32LE(Math.min(at, mostZipBytes), 16);
  if (count < mostZipEntries && at < mostZipBytes && length < mostZipBytes) return end;
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x0606_4b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(version64, 12);
  record.writeUInt16LE(version64, 14);
  for (const [index, value] of [count, count, length, at].entries())
    record.writeBigUInt64LE(BigInt(value), 24 + 8 * index);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x0706_4b50, 0);
  locator.writeBigUInt64LE(BigInt(at + length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator, end]);
}
