import { availableParallelism, loadavg } from "node:os";

/** Beyond this a run that hangs would hang for too long. */
const mostTimes = 6;

/**
 * How many times longer things may take than on a machine of our own: what waits for a processor counts, ours too. A
 * time-out is for what never comes; what comes late on a loaded machine has come.
 *
 * @param load processes that run or want to, of the last minute
 */
export function patienceFactor(load: number, processors: number): number {
  return Math.min(mostTimes, Math.max(1, load / processors));
}

const factor = patienceFactor(loadavg()[0] ?? 0, availableParallelism());

/** A time-out in milliseconds, longer the busier the machine was when this process began. */
export function patient(ms: number): number {
  return Math.round(ms * factor);
}
