import type { Permission } from "@zhanggui/kit/contract/permission";
import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What is asked before something happens to a row. */
export interface Sure {
  readonly title: LocalizedText;
  /** What it brings with it: what stops, for how many. */
  readonly sentence: LocalizedText;
}

/** Something that can be done to one row, in the menu at its end. */
export interface RowAction<Row> {
  readonly label: LocalizedText;
  readonly needs?: Permission;
  /** Cannot be undone, or shuts somebody out. */
  readonly isDangerous?: boolean;
  /** Left out, every row has it. */
  readonly shows?: (row: Row) => boolean;
  /** Why this row's can't be used; empty if it can. */
  readonly why?: (row: Row) => string;
  /** What is asked first; nothing for what is undone as easily as it is done. */
  readonly sure?: (row: Row) => Sure | undefined | Promise<Sure | undefined>;
  /** What is said once it is done; nothing for what only opens something. */
  readonly run: (row: Row) => Promise<LocalizedText> | void;
}
