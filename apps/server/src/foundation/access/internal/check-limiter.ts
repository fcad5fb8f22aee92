import { tooManyRequests } from "@zhanggui/kit/contract/faults";

/** Hashing is meant to be costly (19 MiB and some 50 ms each): this many at once, this many waiting, in one process. */
const atOnce = 4;
const longestQueue = 200;

/**
 * Limits how many password checks run at once: those of one key one after the other, so that of many right ones at once
 * none is mistaken for guessing, and few in all, so that a flood of made-up logins can't take the machine.
 */
export class CheckLimiter {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @throws Fault `kit.too_many_requests` if too many wait already */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length + this.#last.size >= longestQueue) throw tooManyRequests({ seconds: 5 });
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(() => this.#limited(work));
    const settled = mine.catch(() => {});
    this.#last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }

  async #limited<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}
