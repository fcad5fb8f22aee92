/** Where the server reads the time. Only the kit looks at the machine's clock. */
export interface Clock {
  now(): Date;
  /** How far this clock runs ahead of the machine's, in milliseconds. */
  readonly offsetMs: number;
}

/**
 * A clock that can be turned forward. It runs on with the machine's clock, so one offset shared between the server,
 * the emulator and the database keeps all three together.
 */
export class TurnableClock implements Clock {
  offsetMs: number;

  constructor(offsetMs = 0) {
    this.offsetMs = offsetMs;
  }

  now(): Date {
    return new Date(Date.now() + this.offsetMs);
  }

  /** Turns the clock forward. @throws RangeError for a negative duration: time doesn't go back. */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`the clock only turns forward, not by ${byMs} ms`);
    this.offsetMs += byMs;
  }
}
