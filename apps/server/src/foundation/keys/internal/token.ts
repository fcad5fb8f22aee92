import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Known by its beginning: to people, and to scanners of code that was published by mistake. */
const mark = "zg_";
const form = /^zg_([\w-]{43})\.([\w-]{43})$/;

/** `zg_<tenant and key>.<256 random bits>`: the ids find the row, the bits open it. */
export function newToken(tenantId: string, keyId: string): string {
  const ids = Buffer.from((tenantId + keyId).replaceAll("-", ""), "hex").toString("base64url");
  return `${mark}${ids}.${randomBytes(32).toString("base64url")}`;
}

export function isToken(text: string): boolean {
  return text.startsWith(mark);
}

/** What a token is of; undefined for what can't be one. */
export function readToken(token: string): { tenantId: string; keyId: string } | undefined {
  const [, ids = ""] = form.exec(token) ?? [];
  const hex = Buffer.from(ids, "base64url").toString("hex");
  return hex.length === 64 ? { tenantId: uuidOf(hex.slice(0, 32)), keyId: uuidOf(hex.slice(32)) } : undefined;
}

function uuidOf(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** So many random bits need no salt, and nothing slow. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** In constant time. */
export function isSame(hash: string, other: string | null): boolean {
  return other !== null && timingSafeEqual(Buffer.from(hash), Buffer.from(other));
}

/** How people tell which one they have before them. */
export function hintOf(token: string): string {
  return `${mark}…${token.slice(-4)}`;
}
