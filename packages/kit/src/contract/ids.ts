import { z } from "zod";

/** A UUID as text. Whatever case it came in, it goes on in lower case: ids are compared as text. */
export const Id = z.uuid().toLowerCase();
export type Id = z.infer<typeof Id>;

let lastMs = 0;
let sequence = 0;

/**
 * A UUIDv7 (RFC 9562 §5.7): its first 48 bits are `now` in milliseconds, so ids sort by time. Within one process they
 * are strictly increasing: `rand_a` is a 12-bit counter (method 1 of §6.2), and a clock that stands still or goes
 * back borrows from the next millisecond.
 */
export function newId(now: Date): Id {
  const ms = now.getTime();
  if (ms > lastMs) {
    lastMs = ms;
    sequence = 0;
  } else if (++sequence > 0xfff) {
    lastMs += 1;
    sequence = 0;
  }
  const random = crypto.getRandomValues(new Uint8Array(8));
  const time = lastMs.toString(16).padStart(12, "0");
  const counter = sequence.toString(16).padStart(3, "0");
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((random[0] ?? 0) & 0x3f) | 0x80;
  const hex = `${time}7${counter}${variant.toString(16)}${tail.slice(2)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
