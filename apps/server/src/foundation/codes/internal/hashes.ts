import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import type { Secrets } from "@zhanggui/kit/server/secrets";

const digits = 6;

/** Six digits, each as likely as any other. */
export function newCode(): string {
  return String(randomInt(10 ** digits)).padStart(digits, "0");
}

/**
 * What stands in a table for an address or a code: without the server's keys nobody can try all numbers against it.
 * One for each key of the ring, the newest first.
 */
function hashes(secrets: Secrets, purpose: string, ...parts: readonly string[]): string[] {
  const text = JSON.stringify(parts);
  return secrets.keysFor(purpose).map((key) => createHmac("sha256", key).update(text).digest("base64url"));
}

export function addressHashes(secrets: Secrets, tenantId: string, channel: string, address: string): string[] {
  return hashes(secrets, "codes.address", tenantId, channel, address);
}

/** A code's hash is its own row's: the same digits elsewhere look like any others. */
export function codeHashes(secrets: Secrets, id: string, code: string): string[] {
  return hashes(secrets, "codes.code", id, code);
}

/** In constant time, whichever key it was made with. */
export function isOneOf(known: string, candidates: readonly string[]): boolean {
  const kept = Buffer.from(known);
  const same = candidates.map((each) => {
    const given = Buffer.from(each);
    return given.length === kept.length && timingSafeEqual(given, kept);
  });
  return same.includes(true);
}

/** What tells a device from others: made here, so that nobody counts on another's, nor makes up ever new ones. */
export function newDevice(secrets: Secrets, id: string): string {
  return `${id}.${hashes(secrets, "codes.device", id)[0] ?? ""}`;
}

/** The device's id; undefined for what wasn't made here. */
export function readDevice(secrets: Secrets, token: string | undefined): string | undefined {
  const [id = "", mark = ""] = (token ?? "").split(".");
  return id !== "" && isOneOf(mark, hashes(secrets, "codes.device", id)) ? id : undefined;
}
