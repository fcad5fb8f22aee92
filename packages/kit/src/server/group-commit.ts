export interface GroupCommitOptions {
  /** How many go into one call. */
  readonly maxItems: number;
  /** How many calls are under way at once. */
  readonly concurrency: number;
  /**
   * While calls come one after the other, the next one begins with this many, or so long after the last one began: each
   * costs the same whatever is in it. At once unless set.
   */
  readonly pace?: { readonly items: number; readonly ms: number };
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets calls that come at the same time share one statement and one commit: while one is under way, the next ones
 * gather. A call that finds nothing under way, and nothing a moment ago, goes at once. Each caller gets its own result,
 * after the commit that it was part of.
 */
export class GroupCommit<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #options: GroupCommitOptions;
  #waiting: Waiting<Item, Result>[] = [];
  #underWay = 0;
  #lastBeganAt = -Infinity;
  #isPausing = false;

  /** @param run stores all items or none, and returns their results in their order */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, options: GroupCommitOptions) {
    this.#run = run;
    this.#options = options;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#pump();
    });
  }

  #pump(): void {
    const { concurrency, maxItems, pace } = this.#options;
    while (this.#underWay < concurrency && this.#waiting.length > 0) {
      const restMs = pace === undefined ? 0 : this.#lastBeganAt + pace.ms - performance.now();
      if (restMs > 0 && this.#waiting.length < (pace?.items ?? 0)) {
        return this.#pause(restMs);
      }
      this.#lastBeganAt = performance.now();
      const group = this.#waiting.splice(0, maxItems);
      this.#underWay += 1;
      void this.#settle(group).finally(() => {
        this.#underWay -= 1;
        this.#pump();
      });
    }
  }

  #pause(ms: number): void {
    if (this.#isPausing) return;
    this.#isPausing = true;
    setTimeout(() => {
      this.#isPausing = false;
      this.#pump();
    }, ms);
  }

  async #settle(group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#run(group.map(({ item }) => item));
      if (results.length !== group.length) throw new Error("a group commit returned fewer results than it had items");
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
    } catch (error) {
      // One that can't be stored must not take the others with it: each is tried alone, and fails alone.
      if (group.length === 1) group[0]?.reject(error);
      else await Promise.all(group.map((each) => this.#settle([each])));
    }
  }
}
