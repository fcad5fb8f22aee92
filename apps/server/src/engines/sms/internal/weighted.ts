/** Something that takes turns. */
export interface Weighted {
  readonly id: string;
  /** 0: only where no other can. */
  readonly weight: number;
}

/**
 * Smooth weighted round robin, as nginx has it: each gets its weight, the largest is taken and pays for all. With 5, 1
 * and 1 that is a a b a c a a, and after each seven turns exactly 5, 1 and 1.
 */
export class SmoothWeighted {
  readonly #current = new Map<string, number>();

  /** Whose turn it is, and after them the others in the order in which they stand in. */
  order<Item extends Weighted>(items: readonly Item[]): readonly Item[] {
    const sharing = items.filter(({ weight }) => weight > 0);
    const spare = items.filter(({ weight }) => weight === 0);
    if (sharing.length === 0) return spare;
    const known = new Set(sharing.map(({ id }) => id));
    // Whoever left and comes again begins anew, or would have saved up turns.
    for (const id of this.#current.keys()) if (!known.has(id)) this.#current.delete(id);
    let total = 0;
    for (const { id, weight } of sharing) {
      total += weight;
      this.#current.set(id, (this.#current.get(id) ?? 0) + weight);
    }
    const at = (item: Item): number => this.#current.get(item.id) ?? 0;
    const sorted = sharing.toSorted((a, b) => at(b) - at(a));
    const [first] = sorted;
    if (first !== undefined) this.#current.set(first.id, at(first) - total);
    return [...sorted, ...spare];
  }
}
