import { Transformer } from "@napi-rs/image";

/** A PNG of one pixel. */
export const onePixel = new Uint8Array(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
);

/** The upper half red, the lower one blue. */
export function flag(width: number, height: number): Transformer {
  const pixels = Buffer.alloc(width * height * 4);
  for (let at = 0; at < pixels.length; at += 4)
    pixels.writeUInt32BE(at < pixels.length / 2 ? 0xff0000ff : 0x0000ffff, at);
  return Transformer.fromRgbaPixels(pixels, width, height);
}

/** A JPEG as a phone that is held upright makes it: to be turned by its EXIF, which also holds `note`. */
export async function photograph(width: number, height: number, note: string): Promise<Buffer> {
  const jpeg = await flag(width, height).jpeg(95);
  const tiff = Buffer.from(`MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0${note}`, "latin1");
  return Buffer.concat([
    jpeg.subarray(0, 2),
    segment(0xe1, Buffer.concat([Buffer.from("Exif\0\0"), tiff])),
    jpeg.subarray(2),
  ]);
}

export function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}
