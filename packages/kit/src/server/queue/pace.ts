/** About how long a transaction with tasks of a slow tenant may last. */
const slowTransactionMs = 50;
/** The same for the others, whose tasks share it: longer, for each transaction costs the same whatever is in it. */
const transactionMs = 250;
/** A batch may take this long whatever was expected … */
const leastBudgetMs = 100;
/** … and this many times what was expected. */
const budgetTimes = 2;
/** The weight of the latest task in a tenant's pace. */
const weight = 0.1;
/** A tenant is slow when its tasks take this many times what is usual in the queue … */
const slowTimes = 4;
/** … and at least so long. */
const slowFromMs = 5;
const mostTenants = 1000;
/** What is usual is worked out anew after this many tasks for each tenant that counts. */
const reviewEvery = 2;
const reviewAtLatest = 200;

/**
 * How long tasks of a queue take, learnt by tenant as they run: so that batches last about as long as they should, and
 * nobody waits in a transaction with a tenant whose tasks are slow.
 */
export class Pace {
  /** Milliseconds per task; who ran last comes last. */
  readonly #byTenant = new Map<string, number>();
  #usualMs = 0;
  #sinceReview = 0;

  note(tenantId: string, ms: number): void {
    const known = this.#byTenant.get(tenantId);
    this.#byTenant.delete(tenantId);
    this.#byTenant.set(tenantId, known === undefined ? ms : known + weight * (ms - known));
    const [longestAgo] = this.#byTenant.keys();
    if (this.#byTenant.size > mostTenants && longestAgo !== undefined) this.#byTenant.delete(longestAgo);
    this.#sinceReview += 1;
  }

  /** Whether it should have transactions of its own. */
  isSlow(tenantId: string): boolean {
    const ms = this.#byTenant.get(tenantId) ?? 0;
    return ms >= slowFromMs && ms > slowTimes * this.#usual();
  }

  /** The slow ones, and how many tasks of each fill a transaction. */
  slow(): Map<string, number> {
    const slow = new Map<string, number>();
    for (const [tenantId, ms] of this.#byTenant) {
      if (this.isSlow(tenantId)) slow.set(tenantId, Math.max(1, Math.floor(slowTransactionMs / ms)));
    }
    return slow;
  }

  /** How many tasks of tenants that aren't slow fill a transaction. */
  usualBatch(): number {
    return Math.max(1, Math.floor(transactionMs / Math.max(this.#usual(), 0.001)));
  }

  /** How long a batch may take before it should give back what it hasn't begun. */
  budgetMs(tenants: readonly string[]): number {
    const expectedMs = tenants.reduce((sum, id) => sum + (this.#byTenant.get(id) ?? this.#usual()), 0);
    return Math.max(leastBudgetMs, budgetTimes * expectedMs);
  }

  /** The lower quartile of the tenants': neither one slow tenant nor many change what is usual. */
  #usual(): number {
    if (this.#sinceReview >= Math.min(reviewEvery * this.#byTenant.size, reviewAtLatest)) {
      const sorted = [...this.#byTenant.values()].toSorted((a, b) => a - b);
      this.#usualMs = sorted[Math.floor(sorted.length / 4)] ?? 0;
      this.#sinceReview = 0;
    }
    return this.#usualMs;
  }
}
