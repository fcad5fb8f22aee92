import { randomInt } from "node:crypto";

/** Bitcoin's base 58: no characters that look alike. */
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** A code that people may have to type. Seven characters are one of 2.2 · 10¹²; it is no secret. */
export function randomCode(length: number): string {
  return Array.from({ length }, () => base58[randomInt(base58.length)]).join("");
}
