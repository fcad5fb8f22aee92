import { Transformer } from "@napi-rs/image";
import { deflateSync, crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { flag, photograph, segment } from "../testing/pictures.ts";
import { redrawn } from "./pictures.ts";

const bad = { code: "files.bad_picture" };
const latin = (text: string) => Buffer.from(text, "latin1");
const size16 = (width: number, height: number) => {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  return size;
};
const chunk = (kind: string, content: Buffer) => {
  const whole = Buffer.concat([Buffer.alloc(4), latin(kind), content, Buffer.alloc(4)]);
  whole.writeUInt32BE(content.length, 0);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4);
  return whole;
};
function png(width: number, height: number, packed: Buffer, bits = 8): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([bits, 2], 8);
  return Buffer.concat([
    latin("\x89PNG\r\n\x1a\n"),
    chunk("IHDR", head),
    chunk("IDAT", packed),
    chunk("IEND", latin("")),
  ]);
}
const riffChunk = (kind: string, content: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([latin(kind), length, content, Buffer.alloc(content.length % 2)]);
};
const webp = (...chunks: Buffer[]) => riffChunk("RIFF", Buffer.concat([latin("WEBP"), ...chunks]));
const canvas = riffChunk("VP8X", Buffer.alloc(10));
const lossyFrame = (width: number, height: number) =>
  riffChunk("VP8 ", Buffer.concat([latin("\x10\0\0\x9d\x01\x2a"), size16(width, height), Buffer.alloc(40)]));
const gif = (...blocks: Buffer[]) => Buffer.concat([latin("GIF89a"), size16(1, 1), latin("\0\0\0"), ...blocks]);
const gifFrame = (width: number, height: number) =>
  Buffer.concat([latin("\x2c\0\0\0\0"), size16(width, height), latin("\x80\0\0\0\xff\xff\xff\x02\x02\x44\x01\0")]);

test.each([1, 3, 6, 8])("a picture that is to be turned as %i says stands upright without saying so", async (told) => {
  const photo = await photograph(400, 200, "secret-place");
  photo[photo.indexOf("secret-place") - 7] = told;
  const { bytes, thumbnail } = await redrawn(photo, "image/jpeg");
  const upright = new Transformer(bytes);
  const { width, height, orientation } = await upright.metadata(true);
  expect([width, height, orientation]).toEqual(told > 4 ? [200, 400, undefined] : [400, 200, undefined]);
  const { width: small } = await new Transformer(thumbnail ?? bytes).metadata();
  expect(small).toBe(told > 4 ? 160 : 320);
  const pixels = await upright.rawPixels();
  const [redFirst, redLast] = [(pixels[0] ?? 0) > 128, (pixels.at(-3) ?? 0) > 128];
  // Turned by a quarter to the right, what was above is on the right.
  expect([redFirst, redLast]).toEqual({ 1: [true, false], 3: [false, true], 6: [false, true], 8: [true, false] }[told]);
});

test.each(["image/png", "image/webp", "image/jpeg"] as const)("what is no picture leaves a %s", async (type) => {
  const picture = flag(40, 20);
  const made = {
    "image/png": () => picture.png(),
    "image/webp": () => picture.webpLossless(),
    "image/jpeg": () => picture.jpeg(),
  };
  const plain = await made[type]();
  const note = chunk("tEXt", latin("Comment\0secret-place"));
  const noted = {
    "image/png": () => Buffer.concat([plain.subarray(0, 33), note, plain.subarray(33)]),
    "image/webp": () =>
      webp(
        riffChunk("VP8X", Buffer.from([0x04, 0, 0, 0, 39, 0, 0, 19, 0, 0])),
        plain.subarray(12),
        riffChunk("XMP ", latin("secret-place")),
      ),
    "image/jpeg": () => Buffer.concat([plain.subarray(0, 2), segment(0xfe, latin("secret-place")), plain.subarray(2)]),
  };
  const polyglot = Buffer.concat([noted[type](), latin("PK\x03\x04<script>")]);
  const { bytes, thumbnail } = await redrawn(polyglot, type);
  for (const hidden of ["secret-place", "<script>", "PK\x03\x04"]) expect(bytes.includes(hidden)).toBe(false);
  expect(await new Transformer(bytes).metadata()).toMatchObject({ format: type.slice(6), width: 40, height: 20 });
  expect(await new Transformer(thumbnail ?? bytes).metadata()).toMatchObject({ format: "webp", width: 40 });
});

test("a GIF keeps its frames and that it goes on, and nothing else", async () => {
  const loop = latin("\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0");
  const [comment, other] = [latin("\x21\xfe\x0csecret-place\0"), latin("\x21\xff\x0bXMP DataXMP\x04<x/>\0")];
  const moving = gif(loop, comment, other, gifFrame(1, 1), gifFrame(1, 1), latin("\x3b<script>"));
  const { bytes, thumbnail } = await redrawn(moving, "image/gif");
  expect(bytes).toEqual(gif(loop, gifFrame(1, 1), gifFrame(1, 1), latin("\x3b")));
  expect(thumbnail).toBeUndefined();
});

test.each([
  ["PNG", "image/png", png(16_000, 16_000, deflateSync(Buffer.alloc(48_016_000)))],
  ["PNG of 16 bits", "image/png", png(6_000, 5_000, deflateSync(Buffer.alloc(1000)), 16)],
  [
    "JPEG",
    "image/jpeg",
    Buffer.concat([
      latin("\xff\xd8"),
      segment(0xc0, latin("\x08\xff\xff\xff\xff\x01\x01\x11\0")),
      segment(0xda, latin("\x01\x01\0\0\x3f\0")),
    ]),
  ],
  ["WebP in a small frame", "image/webp", webp(canvas, lossyFrame(16_383, 16_383))],
  [
    "WebP in motion",
    "image/webp",
    webp(canvas, riffChunk("ANMF", Buffer.concat([Buffer.alloc(16), lossyFrame(16_383, 16_383)]))),
  ],
  ["GIF in a small frame", "image/gif", gif(gifFrame(65_535, 65_535), latin("\x3b"))],
] as const)("a %s that would be enormous unpacked isn't unpacked", async (_, type, bomb) => {
  expect(bomb.length).toBeLessThan(200_000);
  await expect(redrawn(bomb, type)).rejects.toMatchObject({ ...bad, cause: { message: "too many pixels" } });
});

test("what is broken is refused, wherever it is, and the next picture is drawn all the same", async () => {
  let seed = 7;
  const below = (most: number) => (seed = (seed * 1_103_515_245 + 12_345) % 0x80000000) % most;
  const picture = flag(48, 32);
  const whole = [
    ["image/png", await picture.png()],
    ["image/jpeg", await photograph(48, 32, "note")],
    ["image/webp", await picture.webp()],
    ["image/webp", await picture.webpLossless()],
    ["image/gif", gif(gifFrame(1, 1), latin("\x3b"))],
  ] as const;
  const outcomes = { drawn: 0, refused: 0 };
  for (let round = 0; round < 400; round += 1) {
    const [type, bytes] = whole[round % whole.length] ?? whole[0];
    const broken = Buffer.from(bytes.subarray(0, round % 7 === 0 ? below(bytes.length) : bytes.length));
    for (let n = 0; n <= below(4) && broken.length > 0; n += 1) broken[below(broken.length)] = below(256);
    const outcome = await redrawn(broken, type).catch((error: unknown) => error);
    if (outcome instanceof Error) expect(outcome).toMatchObject(bad);
    outcomes[outcome instanceof Error ? "refused" : "drawn"] += 1;
  }
  expect(Math.min(outcomes.drawn, outcomes.refused)).toBeGreaterThan(50);
  expect((await redrawn(whole[0][1], "image/png")).bytes.length).toBeGreaterThan(0);
});
