import { createHash } from "node:crypto";

const alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const openidAlphabet = `${alphanumerics}-_`;

/**
 * Repeatable randomness: the same seed and the same order of calls give the same values. It names things and fills
 * nonces; it protects nothing, so it needs no secrecy.
 */
export class SeededRandom {
  readonly seed: number;
  /** How many blocks were drawn so far: with the seed, all there is to know. */
  drawn = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** `count` bytes. */
  bytes(count: number): Buffer {
    const blocks: Buffer[] = [];
    for (let length = 0; length < count; length += 32) {
      this.drawn += 1;
      blocks.push(createHash("sha256").update(`${this.seed}:${this.drawn}`).digest());
    }
    return Buffer.concat(blocks).subarray(0, count);
  }

  /** `length` characters of lower-case hexadecimal. */
  hex(length: number): string {
    return this.bytes(Math.ceil(length / 2))
      .toString("hex")
      .slice(0, length);
  }

  /** `length` letters and digits. */
  letters(length: number): string {
    return spell(this.bytes(length), alphanumerics);
  }

  /** `length` decimal digits, the first not 0. */
  digits(length: number): string {
    const bytes = this.bytes(length);
    return [...bytes].map((byte, index) => (index === 0 ? 1 + (byte % 9) : byte % 10)).join("");
  }

  /** A value that depends on the seed and `label` only, not on what was drawn before: `length` openid characters. */
  derive(label: string, length: number): string {
    const bytes = createHash("sha512").update(`${this.seed}/${label}`).digest();
    return spell(bytes.subarray(0, length), openidAlphabet);
  }
}

function spell(bytes: Buffer, alphabet: string): string {
  return [...bytes].map((byte) => alphabet[byte % alphabet.length]).join("");
}
