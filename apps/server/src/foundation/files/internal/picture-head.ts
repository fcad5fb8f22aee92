import type { FileType } from "../files.contract.ts";

/** What a picture's file says of it, read before anything is unpacked, and the file without what isn't the picture. */
export interface PictureHead {
  /** Of its largest frame. */
  readonly pixels: number;
  readonly bytesPerSample: 1 | 2;
  /** How it is to be turned, 1 to 8 (EXIF 2.32 §4.6.5). */
  readonly orientation: number;
  readonly bare: Buffer;
}
const upright = 1;

/** @throws RangeError for what ends before it is whole; Error for what isn't such a picture */
export function headOf(bytes: Buffer, type: FileType): PictureHead {
  if (type === "image/jpeg") return jpeg(bytes);
  if (type === "image/webp") return webp(bytes);
  return type === "image/gif" ? gif(bytes) : png(bytes);
}

/** ITU-T T.81 Annex B: segments until the first scan. Notes of programs (APPn, COM) go; Adobe's tells the colours. */
function jpeg(bytes: Buffer): PictureHead {
  const kept = [bytes.subarray(0, 2)];
  let [pixels, orientation] = [0, upright];
  for (let at = 2; ;) {
    if (bytes.readUInt8(at) !== 0xff) throw new Error("no segment of a JPEG");
    const [marker, length] = [bytes.readUInt8(at + 1), bytes.readUInt16BE(at + 2)];
    const segment = bytes.subarray(at, at + 2 + length);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) pixels = Math.max(pixels, segment.readUInt16BE(5) * segment.readUInt16BE(7));
    if (marker === 0xe1 && segment.toString("latin1", 4, 10) === "Exif\0\0") orientation = turned(segment.subarray(10));
    const isNote = (marker >= 0xe0 && marker <= 0xef && marker !== 0xee) || marker === 0xfe;
    if (!isNote) kept.push(marker === 0xda ? bytes.subarray(at) : segment);
    if (marker === 0xda) return { pixels, bytesPerSample: 1, orientation, bare: Buffer.concat(kept) };
    at += 2 + length;
  }
}

/** PNG (third edition) §11.2.1. */
function png(bytes: Buffer): PictureHead {
  const bytesPerSample = bytes.readUInt8(24) > 8 ? 2 : 1;
  return { pixels: bytes.readUInt32BE(16) * bytes.readUInt32BE(20), bytesPerSample, orientation: upright, bare: bytes };
}

/** RFC 9649: a frame may be larger than the canvas that its file tells. */
function webp(bytes: Buffer): PictureHead {
  let [pixels, orientation] = [0, upright];
  for (let at = 12; at + 8 <= bytes.length;) {
    const [kind, length] = [bytes.toString("latin1", at, at + 4), bytes.readUInt32LE(at + 4)];
    const body = at + 8;
    let size = [0, 0];
    if (kind === "VP8X") size = [bytes.readUIntLE(body + 4, 3) + 1, bytes.readUIntLE(body + 7, 3) + 1];
    if (kind === "VP8 ") size = [bytes.readUInt16LE(body + 6) & 0x3fff, bytes.readUInt16LE(body + 8) & 0x3fff];
    if (kind === "VP8L") {
      const bits = bytes.readUInt32LE(body + 1);
      size = [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
    if (kind === "EXIF") orientation = turned(bytes.subarray(body, body + length));
    pixels = Math.max(
      pixels,
      size.reduce((width, height) => width * height),
    );
    // Of a moving picture the frames lie within such chunks, behind 16 bytes.
    at = kind === "ANMF" ? body + 16 : body + length + (length % 2);
  }
  return { pixels, bytesPerSample: 1, orientation, bare: bytes };
}

/** GIF89a: its frames stay as they are; comments, texts, programs' notes and what lies behind its end go. */
function gif(bytes: Buffer): PictureHead {
  const colours = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const blocksEnd = (from: number): number => {
    let at = from;
    while (bytes.readUInt8(at) !== 0) at += bytes.readUInt8(at) + 1;
    return at + 1;
  };
  let pixels = bytes.readUInt16LE(6) * bytes.readUInt16LE(8);
  let at = 13 + colours(bytes.readUInt8(10));
  const kept = [bytes.subarray(0, at)];
  for (;;) {
    const kind = bytes.readUInt8(at);
    if (kind === 0x3b) return { pixels, bytesPerSample: 1, orientation: upright, bare: Buffer.concat([...kept, end]) };
    if (kind !== 0x2c && kind !== 0x21) throw new Error("no block of a GIF");
    const isFrame = kind === 0x2c;
    if (isFrame) pixels = Math.max(pixels, bytes.readUInt16LE(at + 5) * bytes.readUInt16LE(at + 7));
    const next = blocksEnd(isFrame ? at + 11 + colours(bytes.readUInt8(at + 9)) : at + 2);
    const label = bytes.readUInt8(at + 1);
    const isLoop = label === 0xff && bytes.toString("latin1", at + 3, at + 14) === "NETSCAPE2.0" && next - at === 19;
    if (isFrame || label === 0xf9 || isLoop) kept.push(bytes.subarray(at, next));
    at = next;
  }
}
const end = Buffer.from([0x3b]);

/** The orientation in a picture's EXIF, a TIFF's first directory; upright where it can't be read. */
function turned(tiff: Buffer): number {
  try {
    const isLittle = tiff.toString("latin1", 0, 2) === "II";
    const two = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
    const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
    const entries = Array.from({ length: two(directory) }, (_, index) => directory + 2 + 12 * index);
    const entry = entries.find((at) => two(at) === 0x0112);
    const told = entry === undefined ? upright : two(entry + 8);
    return told >= 1 && told <= 8 ? told : upright;
  } catch {
    return upright;
  }
}
