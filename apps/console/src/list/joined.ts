import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** Something that is made of the chosen rows together: only of those that are chosen one by one. */
export interface JoinedAction {
  readonly label: LocalizedText;
  /** Of so many at once. */
  readonly most: number;
  readonly run: (ids: readonly string[]) => Promise<void>;
}
