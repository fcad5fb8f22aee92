import type { Logger } from "./log.ts";

/**
 * Does one piece of work and says whether there was one. It claims its rows with FOR UPDATE SKIP LOCKED, so that any
 * number of processes share one table.
 */
export type InboxWork = () => Promise<boolean>;

export interface InboxOptions {
  /** How many loops one process runs on it. */
  readonly concurrency: number;
  /** How long an idle loop sleeps at most: what another process put in is found by then. */
  readonly pollMs: number;
}

/**
 * A table that is its own queue: state and queue can't disagree, and what a killed process had claimed is free again
 * the moment its connection breaks. A nudge (from a commit in this process) wakes the loops at once; polling finds
 * what other processes put in.
 */
export class Inbox {
  readonly name: string;
  readonly work: InboxWork;
  readonly #options: InboxOptions;
  readonly #log: Logger;
  #loops: Promise<void>[] = [];
  #running = false;
  #nudges = 0;
  #wake: (() => void)[] = [];

  constructor(name: string, work: InboxWork, options: InboxOptions, log: Logger) {
    this.name = name;
    this.work = work;
    this.#options = options;
    this.#log = log;
  }

  start(): void {
    this.#running = true;
    this.#loops = Array.from({ length: this.#options.concurrency }, () => this.#loop());
  }

  /** Lets each loop finish what it holds. */
  async stop(): Promise<void> {
    this.#running = false;
    this.nudge();
    await Promise.all(this.#loops);
  }

  nudge(): void {
    this.#nudges += 1;
    const sleepers = this.#wake;
    this.#wake = [];
    for (const wake of sleepers) wake();
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      const before = this.#nudges;
      if (await this.#workSafely()) continue;
      // A nudge that came while this loop was looking may be for a row it could not see yet.
      if (this.#running && before === this.#nudges) await this.#sleep();
    }
  }

  async #workSafely(): Promise<boolean> {
    try {
      return await this.work();
    } catch (error) {
      // Usually the database is away. The rows are still there: try again after the pause.
      this.#log.error({ err: error, inbox: this.name }, "inbox work failed");
      await this.#sleep();
      return false;
    }
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, this.#options.pollMs);
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      this.#wake.push(done);
    });
  }
}
