import type { SeededRandom } from "../random.ts";
import type { Journal } from "../world/journal.ts";

/** What the mobile network needs of the world that it is in. */
export interface NetworkHost {
  readonly random: SeededRandom;
  readonly journal: Journal;
  readonly stopping: AbortController;
  now(): number;
  count(kind: string): number;
  nextId(kind: string): string;
  tell(happening: { readonly type: "text" }): void;
}
