export interface GroupCommitOptions {
  /** How many go into one call. */
  readonly maxItems: number;
  /** How many calls are under way at once. */
  readonly concurrency: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets calls that come at the same time share one statement and one commit: while one is under way, the next ones
 * gather. Nobody waits for company: a call that finds nothing under way goes at once. Each caller gets its own result,
 * after the commit that it was part of.
 */
export class GroupCommit<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #options: GroupCommitOptions;
  #waiting: Waiting<Item, Result>[] = [];
  #underWay = 0;

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
    while (this.#underWay < this.#options.concurrency && this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#options.maxItems);
      this.#underWay += 1;
      void this.#settle(group).finally(() => {
        this.#underWay -= 1;
        this.#pump();
      });
    }
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
