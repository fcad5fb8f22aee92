import { crc32, deflateSync } from "node:zlib";

/** Five to four, as WeChat shows a card. Source: developers.weixin.qq.com, 分享到聊天 (recalled). */
export const cardSize = { width: 520, height: 416 } as const;
type Colour = readonly [red: number, green: number, blue: number];
const paper: Colour = [236, 244, 239];
const ink: Colour = [38, 92, 70];
const leaf: Colour = [95, 163, 128];
const white: Colour = [255, 255, 255];
let drawn: Uint8Array | undefined;

/** The picture of a card that nobody gave one: a shop front, drawn here, nobody's brand. A PNG of a few kilobytes. */
export function cardPicture(): Uint8Array {
  drawn ??= png(cardSize, colourAt);
  return drawn;
}

function colourAt(x: number, y: number): Colour {
  const isInside = x >= 120 && x < 400;
  // An awning of seven stripes with round ends.
  if (x >= 92 && x < 428 && y >= 96 && y < 168) {
    const [stripe, within] = [Math.floor((x - 92) / 48), (x - 92) % 48];
    const isBelow = y >= 144 && Math.hypot(within - 24, y - 144) > 24;
    if (!isBelow) return stripe % 2 === 0 ? ink : leaf;
  }
  if (isInside && y >= 120 && y < 316) {
    if (x >= 292 && x < 364 && y >= 204) return x >= 346 && x < 352 && y >= 258 && y < 270 ? white : ink;
    if (x >= 152 && x < 260 && y >= 204 && y < 276)
      return Math.abs(x - 206) < 3 || Math.abs(y - 240) < 3 ? white : leaf;
    return white;
  }
  return x >= 92 && x < 428 && y >= 316 && y < 328 ? ink : paper;
}

/** An RGB picture without filters. Source: PNG, third edition (W3C, 2025). */
function png({ width, height }: typeof cardSize, at: (x: number, y: number) => Colour): Uint8Array {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) rows.set(at(x, y), y * (1 + width * 3) + 1 + x * 3);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
