import { tooManyRequests } from "@zhanggui/kit/contract/faults";

/** Hashing is meant to be costly (19 MiB and some 50 ms each): this many at once, this many waiting, in one process. */
const atOnce = 4;
const longestQueue = 200;
/** Of one source, running ones too: a fifth, so that one that floods doesn't shut the door on the others. */
const perSource = 40;

/** Whose password is checked, and where it comes from. */
export interface Checked {
  readonly login: string;
  readonly source: string;
}

/**
 * Limits how many password checks run at once: those of one login and source one after the other, so that of many right
 * ones at once none is mistaken for guessing, and few in all, so that a flood of made-up logins can't take the machine.
 */
export class CheckLimiter {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #admitted = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #admittedInAll = 0;
  #running = 0;

  /** @throws Fault `kit.too_many_requests` if too many wait already, of this source or in all */
  async run<Result>({ login, source }: Checked, work: () => Promise<Result>): Promise<Result> {
    const ofSource = this.#admitted.get(source) ?? 0;
    if (ofSource >= perSource || this.#admittedInAll >= longestQueue) throw tooManyRequests({ seconds: 5 });
    this.#admitted.set(source, ofSource + 1);
    this.#admittedInAll += 1;
    const key = `${source} ${login}`;
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(() => this.#limited(work));
    const settled = mine.catch(() => {});
    this.#last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
      this.#leave(source);
    }
  }

  #leave(source: string): void {
    const left = (this.#admitted.get(source) ?? 1) - 1;
    if (left > 0) this.#admitted.set(source, left);
    else this.#admitted.delete(source);
    this.#admittedInAll -= 1;
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
