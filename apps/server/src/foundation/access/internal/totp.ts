import { createHmac, timingSafeEqual } from "node:crypto";

/** RFC 6238 as every authenticator app has it: SHA-1, six digits, thirty seconds. */
const stepSeconds = 30;
const digits = 6;
/** A clock may be a step ahead or behind (RFC 6238 §5.2). */
const drift = [0, -1, 1];
/** RFC 4648 §6, without padding. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4226 §5.3: the code of a counter. */
export function hotp(secret: Uint8Array, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac("sha1", secret).update(message).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

export function stepOf(now: Date): number {
  return Math.floor(now.getTime() / 1000 / stepSeconds);
}

/** The step that a code is of, the present one or one beside it; undefined for a wrong one. */
export function stepOfCode(secret: Uint8Array, code: string, now: Date): number | undefined {
  const given = Buffer.from(code);
  return drift
    .map((by) => stepOf(now) + by)
    .filter((step) => step >= 0)
    .find((step) => {
      const right = Buffer.from(hotp(secret, step));
      return right.length === given.length && timingSafeEqual(right, given);
    });
}

export function base32(bytes: Uint8Array): string {
  let bits = "";
  for (const byte of bytes) bits += byte.toString(2).padStart(8, "0");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[parseInt(five.padEnd(5, "0"), 2)]).join("");
}

/** Bits that don't fill a byte are dropped. */
export function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}
