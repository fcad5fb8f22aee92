/** Lets so many through a second, with a burst of one second's. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  constructor(
    readonly perSecond: number,
    nowMs: number,
  ) {
    this.#tokens = perSecond;
    this.#atMs = nowMs;
  }

  /** Whether one more may pass now; it counts as passed. */
  take(nowMs: number): boolean {
    // A clock that was set back gives nothing, and takes nothing.
    const passed = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.perSecond, this.#tokens + (passed / 1000) * this.perSecond);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
