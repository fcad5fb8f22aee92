import { crc32, deflateSync } from "node:zlib";

const sizePixels = 160;
const rowBytes = 1 + sizePixels * 3;

/** A small PNG: a lantern in the evening, its colour depending on `number`. */
export function drawPicture(number: number): Buffer {
  const hue = (12 + number * 47) % 360;
  const rows = Buffer.alloc(sizePixels * rowBytes);
  for (let y = 0; y < sizePixels; y += 1) {
    for (let x = 0; x < sizePixels; x += 1)
      rows.set(pixel(x / sizePixels - 0.5, y / sizePixels - 0.5, hue), y * rowBytes + 1 + x * 3);
  }
  return png(sizePixels, rows);
}

/** The picture's media type by its first bytes; null: neither PNG nor JPEG. */
export function pictureType(bytes: Buffer): string | null {
  if (bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]))) return "image/png";
  return bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) ? "image/jpeg" : null;
}

/** The colour at a point, the middle being (0, 0): lantern, its caps and tassel, its glow, the night. */
function pixel(x: number, y: number, hue: number): number[] {
  const radius = Math.hypot(x / 0.27, y / 0.21);
  const isCap = Math.abs(x) < 0.1 && Math.abs(Math.abs(y) - 0.215) < 0.015;
  const isString = Math.abs(x) < 0.006 && y < -0.2;
  const isTassel = Math.abs(x) < 0.018 && y > 0.2 && y < 0.38;
  if (isCap || isString || isTassel) return colour(hue, 0.75, 0.3);
  if (radius < 1) {
    // Ribs are lines of equal width share, denser towards the edge as on a round body.
    const across = Math.asin(Math.max(-1, Math.min(1, x / (0.27 * Math.sqrt(1 - (y / 0.21) ** 2)))));
    const rib = Math.abs(((across / Math.PI) * 8) % 1) < 0.07 ? -0.1 : 0;
    return colour(hue, 0.78, 0.66 - 0.2 * radius ** 2 + rib);
  }
  const glow = Math.exp(-(radius - 1) * 1.7);
  return colour(hue + 190 - 190 * glow, 0.25 + 0.35 * glow, 0.16 + 0.3 * glow);
}

function colour(hue: number, saturation: number, light: number): number[] {
  const reach = saturation * Math.min(light, 1 - light);
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
