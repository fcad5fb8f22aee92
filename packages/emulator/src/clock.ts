/** The emulator's only source of time. `offsetMs` turns it: everything but timers of the network follows. */
export interface EmulatorClock {
  now(): Date;
  offsetMs: number;
}

/** A clock that shows this machine's time plus `offsetMs`. */
export function machineClock(offsetMs = 0): EmulatorClock {
  return {
    offsetMs,
    now() {
      return new Date(Date.now() + this.offsetMs);
    },
  };
}

/** Whole seconds since 1970, as WeChat writes times. */
export function unixSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** The day in China ("2026-05-01"): daily quotas are counted by it. */
export function chinaDay(date: Date): string {
  const chinaOffsetMs = 8 * 3_600_000;
  return new Date(date.getTime() + chinaOffsetMs).toISOString().slice(0, 10);
}
