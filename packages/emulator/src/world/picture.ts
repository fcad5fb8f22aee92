import { crc32, deflateSync } from "node:zlib";

const sizePixels = 160;

/** A small PNG: a lantern's glow, in a colour that depends on `number`. */
export function drawPicture(number: number): Buffer {
  const hue = (number * 67) % 360;
  const rows = Buffer.alloc(sizePixels * (1 + sizePixels * 3));
  for (let y = 0; y < sizePixels; y += 1) {
    for (let x = 0; x < sizePixels; x += 1) {
      const distance = Math.hypot(x - sizePixels / 2, y - sizePixels / 2) / (sizePixels / 2);
      const light = 0.92 - 0.5 * Math.min(1, distance) ** 2;
      rows.set(colour(hue, light), y * (1 + sizePixels * 3) + 1 + x * 3);
    }
  }
  return png(sizePixels, rows);
}

/** The picture's media type by its first bytes; null: neither PNG nor JPEG. */
export function pictureType(bytes: Buffer): string | null {
  if (bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]))) return "image/png";
  return bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) ? "image/jpeg" : null;
}

function colour(hue: number, light: number): number[] {
  const reach = 0.55 * Math.min(light, 1 - light);
  return [0, 8, 4].map((offset) => {
    const step = (offset + hue / 30) % 12;
    return Math.round(255 * (light - reach * Math.max(-1, Math.min(step - 3, 9 - step, 1))));
  });
}

function png(size: number, rows: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  // 8 bits per channel, red-green-blue.
  head.set([8, 2, 0, 0, 0], 8);
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([magic, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
