// Apart from the shape of an id, so that browsers don't load zod for a counter.

const dayMs = 86_400_000;
let lastMs = 0;
let sequence = 0;
/** Random words, drawn many at a time: a call for each id would cost more than all the rest of it. */
const words = new Uint32Array(512);
let nextWord = words.length;

/**
 * A UUIDv7 (RFC 9562 §5.7): its first 48 bits are `now` in milliseconds, so ids sort by time. Within one process they
 * are strictly increasing: `rand_a` is a 12-bit counter (method 1 of §6.2), and a clock that stands still or goes
 * back borrows from the next millisecond.
 */
export function newId(now: Date): string {
  const ms = now.getTime();
  // A clock that goes back by more than a day was wrong before: ids follow it, for they tell when.
  if (ms > lastMs || lastMs - ms > dayMs) {
    lastMs = ms;
    sequence = 0;
  } else if (++sequence > 0xfff) {
    lastMs += 1;
    sequence = 0;
  }
  const time = hex(lastMs, 12);
  const [first, second] = [randomWord(), randomWord()];
  const counter = `7${hex(sequence, 3)}`;
  const variant = hex((first & 0x3fff) | 0x8000, 4);
  return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${variant}-${hex(first >>> 16, 4)}${hex(second, 8)}`;
}

function randomWord(): number {
  if (nextWord === words.length) {
    crypto.getRandomValues(words);
    nextWord = 0;
  }
  return words[nextWord++] as number;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
