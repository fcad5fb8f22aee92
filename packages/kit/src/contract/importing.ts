import type { LocalizedText } from "./text.ts";

/** A route that adds one thing, by which files can be imported too: a call for each row. */
export interface ImportSpec {
  /** The list of the same contract whose rows it adds. */
  readonly list: string;
  /** Fields that tell a row that is there already, each of which is enough. The module's wiring says how (`knows`). */
  readonly knownBy?: readonly string[];
  /** The route of the same contract by which such a row can be changed, and its parameter that takes the row's id. */
  readonly update?: { readonly route: string; readonly id: string };
  /** Fields of its body that no file has a column for. */
  readonly without?: readonly string[];
  /** What else a field's column is called, besides its names in both languages. */
  readonly synonyms?: Readonly<Record<string, readonly string[]>>;
  /** What a template shows under each head; left out, it follows from the field's kind. */
  readonly examples?: Readonly<Record<string, string | LocalizedText>>;
}

/** What is done about a row that is there already. */
export const existingWays = ["skip", "refuse", "update"] as const;
export type ExistingWay = (typeof existingWays)[number];
