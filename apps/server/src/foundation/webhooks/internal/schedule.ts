import { randomInt } from "node:crypto";

const [second, minute, hour] = [1000, 60_000, 3_600_000];

/** Pauses after attempts that failed, as Standard Webhooks 1.0.0 recommends: ten attempts in 75 hours and a half. */
export const pausesMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];
/** A receiver may ask for more time, but not for ever. */
const mostAskedMs = 24 * hour;
/** So much later at random, that what failed together isn't tried together. */
const jitter = 0.1;

/**
 * How long to wait after the given attempt (1, 2 …); undefined when it was the last one.
 *
 * @param askedMs what the receiver asked for
 */
export function pauseAfter(attempt: number, askedMs = 0): number | undefined {
  const pauseMs = pausesMs[attempt - 1];
  if (pauseMs === undefined) return undefined;
  const late = randomInt(0, Math.ceil(pauseMs * jitter) + 1);
  return Math.max(pauseMs + late, Math.min(askedMs, mostAskedMs));
}
