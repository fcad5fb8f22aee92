import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** A file that no row can be read of, or not all: whoever brought it is told why, and where. */
export class Unreadable extends Error {
  readonly why: LocalizedText;

  constructor(why: LocalizedText, options?: ErrorOptions) {
    super(why.en, options);
    this.why = why;
  }
}
