import { setTimeout as timer } from "node:timers/promises";

/** Waits `ms` of real time, or until `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await timer(ms, undefined, { signal });
  } catch {
    // Aborted: there is nothing left to wait for.
  }
}
