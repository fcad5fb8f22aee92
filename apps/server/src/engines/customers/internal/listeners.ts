/** Somebody who wants to know that there is something new for them. */
interface Mine {
  /** Nobody of this tenant listened before: somebody has to look after it now. */
  readonly isFirst: boolean;
  /** Resolves when there may be news, or when it has left. */
  next(): Promise<void>;
  leave(): void;
}

class Waiting {
  #news = Promise.withResolvers<void>();

  next(): Promise<void> {
    this.#news = Promise.withResolvers();
    return this.#news.promise;
  }

  wake(): void {
    this.#news.resolve();
  }
}

/** Those of one tenant who listen in this process. */
class OfTenant {
  readonly #aborter = new AbortController();
  readonly #byPerson = new Map<string, Set<Waiting>>();
  /** The newest notice that each was woken for. */
  readonly #newest = new Map<string, string>();

  /** Aborted when the last one has left. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  personIds(): string[] {
    return [...this.#byPerson.keys()];
  }

  /** A person's newest notice: if it is another one than before, their pages look for it. */
  heard(personId: string, id: string): void {
    if (this.#newest.get(personId) === id || !this.#byPerson.has(personId)) return;
    this.#newest.set(personId, id);
    this.#wake(personId);
  }

  wakeAll(): void {
    for (const personId of this.#byPerson.keys()) this.#wake(personId);
  }

  add(personId: string, waiting: Waiting): void {
    const waitings = this.#byPerson.get(personId) ?? new Set();
    this.#byPerson.set(personId, waitings.add(waiting));
  }

  /** @returns whether nobody is left */
  remove(personId: string, waiting: Waiting): boolean {
    const waitings = this.#byPerson.get(personId);
    waitings?.delete(waiting);
    if (waitings?.size === 0) {
      this.#byPerson.delete(personId);
      this.#newest.delete(personId);
    }
    if (this.#byPerson.size > 0) return false;
    this.#aborter.abort();
    return true;
  }

  #wake(personId: string): void {
    for (const waiting of this.#byPerson.get(personId) ?? []) waiting.wake();
  }
}

/** Who listens in this process, by tenant and person. */
export class Listeners {
  readonly #tenants = new Map<string, OfTenant>();

  of(tenantId: string): OfTenant {
    const known = this.#tenants.get(tenantId);
    if (known !== undefined) return known;
    const made = new OfTenant();
    this.#tenants.set(tenantId, made);
    return made;
  }

  add(tenantId: string, personId: string): Mine {
    const isFirst = !this.#tenants.has(tenantId);
    const tenant = this.of(tenantId);
    const waiting = new Waiting();
    tenant.add(personId, waiting);
    let hasLeft = false;
    return {
      isFirst,
      next: () => (hasLeft ? Promise.resolve() : waiting.next()),
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        waiting.wake();
        if (tenant.remove(personId, waiting) && this.#tenants.get(tenantId) === tenant) this.#tenants.delete(tenantId);
      },
    };
  }
}
