/**
 * A column that holds sealed secrets. Declared once, in the module's `<m>.sealed.ts`: services take the context from
 * here, `reseal` finds the rows by it, and a test refuses a column named `*_sealed` that nobody declares.
 */
export interface SealedColumn<Key extends string = string> {
  readonly table: string;
  readonly column: string;
  /** The columns that find a row: a unique key of the table, tenant first. */
  readonly key: readonly string[];
  /** What binds a sealed text to its row and column, from the row's key. */
  readonly context: (row: Readonly<Record<Key, string>>) => string;
}

export function sealedColumn<Key extends string>(declared: SealedColumn<Key>): SealedColumn<Key> {
  for (const name of [declared.table, declared.column, ...declared.key]) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`${name} is no name of a table or column`);
  }
  return declared;
}
