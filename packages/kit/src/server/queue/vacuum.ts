import type { Logger } from "../log.ts";
import type { Query } from "../query.ts";

/** So many deleted tasks make each claim some milliseconds longer, for it has to step over them in the index. */
const deletedTasks = 20_000;

/**
 * Clears away what done tasks leave in the table and its indexes, as soon as there is much of it: autovacuum looks once
 * a minute, and a busy queue deletes hundreds of thousands until then.
 */
export class TaskVacuum {
  readonly #query: Query;
  readonly #log: Logger;
  #deleted = 0;
  #running: Promise<void> | undefined;

  /** @param query outside of any transaction */
  constructor(query: Query, log: Logger) {
    this.#query = query;
    this.#log = log;
  }

  noteDeleted(tasks: number): void {
    this.#deleted += tasks;
    if (this.#deleted < deletedTasks || this.#running !== undefined) return;
    this.#deleted = 0;
    // Where another process, or autovacuum, is at it there is nothing to do. It must not lock the table to shorten it.
    this.#running = this.#query("VACUUM (SKIP_LOCKED, TRUNCATE false) kit_task, kit_lane")
      .catch((error: unknown) => this.#log.warn({ err: error }, "the queue's tables were not vacuumed"))
      .then(() => void (this.#running = undefined));
  }

  async end(): Promise<void> {
    await this.#running;
  }
}
