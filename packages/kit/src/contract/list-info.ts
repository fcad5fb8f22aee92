import type { FieldInfo } from "./field.ts";
import type { Access } from "./permission.ts";
import type { LocalizedText } from "./text.ts";

/** What one row of a list is called. */
export interface Noun extends LocalizedText {
  /** In English, of several. */
  readonly plural: string;
}

/** A list as plain data: what its table, filters and exports are made of. */
export interface ListInfo {
  readonly noun: Noun;
  /** Columns, in their order. */
  readonly fields: readonly FieldInfo[];
  /** What it can be narrowed by besides. */
  readonly filters: readonly FieldInfo[];
  /** A field's name, with a minus in front for the largest first. */
  readonly sort: string;
  /** What a search looks at; undefined where there is none. */
  readonly search?: LocalizedText;
  /** Whoever reads it can be told when rows have changed: in its module's tables, or in those whose names begin so. */
  readonly live?: true | string;
  /** The column that names whose a row is: whoever's permission is narrowed sees those that it reaches. */
  readonly owner?: string;
  /** What the audit log calls a row of it, if it follows them. */
  readonly thing?: string;
  /** The route by which files are imported into it, and who may. */
  readonly importedBy?: { readonly route: string; readonly access: Access };
}
