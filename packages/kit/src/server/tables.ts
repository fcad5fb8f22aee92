import type { ColumnType, Insertable } from "kysely";

/**
 * Every table by name, rows in camelCase. Each module's `<m>.tables.ts` adds its own by declaration merging; those
 * files are made from the migrations (`./zg tables`), and a test says when they are stale.
 */
export interface Tables {}

/**
 * A jsonb column. Objects go in as they are; an array goes in as `JSON.stringify(…)`, because pg takes an array for one
 * of PostgreSQL's. `Left` is `undefined` where it may be left out of an insert.
 */
export type Json<Value, Left = never> = [Value] extends [readonly unknown[]]
  ? ColumnType<Value, string | Left, string>
  : ColumnType<Value, Value | string | Left, Value | string>;

export type TableName = keyof Tables;
export type NewRow<Table extends TableName> = Insertable<Tables[Table]>;
