import type { ListInfo } from "./list-info.ts";
import type { LocalizedText } from "./text.ts";

/** Rows that one call does something to: so many take a second or two, and a call that breaks off has done few. */
export const bulkStep = 200;

/** What is done to several rows of a list, as plain data. */
export interface BulkInfo {
  /** The list whose rows it is done to. */
  readonly list: ListInfo;
  /** What it does, as a button says it. */
  readonly label: LocalizedText;
  /** Why rows are passed over, by the reason's name: “have it already”. */
  readonly passes: Readonly<Record<string, LocalizedText>>;
}
