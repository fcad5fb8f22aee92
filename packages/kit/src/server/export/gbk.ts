/** What GBK has no character for. */
const replacement = 0x3f;

let table: Uint16Array | undefined;

/** GBK as Windows has it (code page 936), read backwards out of the decoder that Node brings. */
function encodings(): Uint16Array {
  if (table !== undefined) return table;
  table = new Uint16Array(0x10000);
  const decoder = new TextDecoder("gbk");
  const pair = new Uint8Array(2);
  for (let lead = 0x81; lead <= 0xfe; lead += 1) {
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      if (trail === 0x7f) continue;
      pair[0] = lead;
      pair[1] = trail;
      const text = decoder.decode(pair);
      const code = text.charCodeAt(0);
      // Two bytes that are one character; where two pairs are the same one, the first is the usual.
      if (text.length === 1 && code !== 0xfffd && table[code] === 0) table[code] = (lead << 8) | trail;
    }
  }
  // The one that stands alone: code page 936 knows the euro sign as one byte only.
  table[0x20ac] = 0x80;
  return table;
}

/** A text in GBK; what it has no character for, an emoji, becomes a question mark. */
export function encodeGbk(text: string): Buffer {
  const known = encodings();
  const bytes = Buffer.alloc(text.length * 2);
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) {
      bytes[length++] = code;
      continue;
    }
    const pair = code > 0xffff ? 0 : (known[code] ?? 0);
    if (pair > 0xff) bytes[length++] = pair >> 8;
    bytes[length++] = pair === 0 ? replacement : pair & 0xff;
  }
  return bytes.subarray(0, length);
}
