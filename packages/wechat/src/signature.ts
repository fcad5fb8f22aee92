import { createHash, timingSafeEqual } from "node:crypto";

/**
 * SHA-1 (lower-case hex) of the parts sorted by code unit and joined without a separator. For the URL check and plain
 * pushes the parts are token, timestamp and nonce; for encrypted pushes the Encrypt text too. Source:
 * developers.weixin.qq.com, "消息推送" and "消息加解密说明" (service account guide), read 2026-11.
 */
export function sign(...parts: readonly string[]): string {
  return createHash("sha1")
    .update([...parts].sort().join(""), "utf8")
    .digest("hex");
}

/**
 * Whether `signature` is what `sign(...parts)` gives, compared in constant time so that it can't be guessed by timing.
 */
export function signatureMatches(signature: string, ...parts: readonly string[]): boolean {
  const expected = Buffer.from(sign(...parts), "utf8");
  const given = Buffer.from(signature, "utf8");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
