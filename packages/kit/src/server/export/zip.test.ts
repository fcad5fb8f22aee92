import { crc32, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { mostZipBytes, packedEntry, type ZipEntry, zipOf } from "./zip.ts";

/** Numbers at the end of a zip, as its readers look for them (PKWARE APPNOTE 4.3.14 to 4.3.16). */
function endOf(zip: Buffer) {
  const end = zip.length - 22;
  const locator = end - 20;
  const hasWide = zip.readUInt32LE(locator) === 0x0706_4b50;
  return { end, locator, hasWide };
}

test("more than 65,535 files are told by a wide record", async () => {
  const entries = Array.from({ length: 70_000 }, (_, n) => packedEntry(`${n}.txt`, "x"));
  const zip = Buffer.concat(await Array.fromAsync(zipOf(entries, { zip64: true })));
  const { end, locator, hasWide } = endOf(zip);
  expect([zip.readUInt16LE(end + 10), hasWide]).toEqual([0xffff, true]);
  const record = Number(zip.readBigUInt64LE(locator + 8));
  expect([zip.readUInt32LE(record), zip.readBigUInt64LE(record + 32)]).toEqual([0x0606_4b50, 70_000n]);
  const directory = Number(zip.readBigUInt64LE(record + 48));
  expect(zip.readUInt32LE(directory)).toBe(0x0201_4b50);
});

test("what lies behind 4 GiB, and what is larger, is found where the directory says", async () => {
  const piece = Buffer.alloc(64 * 1024 * 1024);
  const times = 65;
  // Stored as blocks of nothing: what is in it is no matter here, only where it ends.
  const large: ZipEntry = {
    name: "large",
    crc: 0,
    rawBytes: piece.length * times,
    packedBytes: piece.length * times,
    packed: (function* () {
      for (let n = 0; n < times; n += 1) yield piece;
    })(),
  };
  const raw = Buffer.from("behind");
  const packed = deflateRawSync(raw);
  const small = { name: "small", crc: crc32(raw), rawBytes: raw.length, packedBytes: packed.length, packed: [packed] };
  let at = 0;
  let small64 = -1;
  let last = Buffer.alloc(0);
  for await (const chunk of zipOf([large, small], { zip64: true })) {
    if (chunk.length > 30 && Buffer.from(chunk).readUInt32LE(0) === 0x0403_4b50 && at > mostZipBytes) small64 = at;
    at += chunk.length;
    last = Buffer.from(chunk);
  }
  // The directory and its end come in one piece.
  const second = last.indexOf(Buffer.from("504b0102", "hex"), 4);
  expect(last.readUInt32LE(second + 42)).toBe(0xffff_ffff);
  expect(Number(last.readBigUInt64LE(second + 46 + "small".length + 4))).toBe(small64);
  expect(last.readUInt32LE(20)).toBe(0xffff_ffff);
  expect(Number(last.readBigUInt64LE(46 + "large".length + 4))).toBe(large.rawBytes);
  expect(endOf(last).hasWide).toBe(true);
});

test("a workbook's zip has no wide fields, and may not be larger than 4 GiB", async () => {
  const zip = Buffer.concat(await Array.fromAsync(zipOf([packedEntry("a", "b")])));
  expect(endOf(zip).hasWide).toBe(false);
  const large = { name: "a", crc: 0, rawBytes: mostZipBytes, packedBytes: mostZipBytes, packed: [] };
  await expect(Array.fromAsync(zipOf([large, large]))).rejects.toThrow(RangeError);
});
