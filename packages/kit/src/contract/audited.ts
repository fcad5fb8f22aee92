import type { z } from "zod";
import { fieldInfo, type FieldInfo } from "./field.ts";
import type { ListInfo } from "./list-info.ts";
import type { LocalizedText } from "./text.ts";

/** How the audit log follows a table, whatever it is called there. */
interface Followed {
  /** The thing that a row is a part of, by its table; left out, it is one itself. */
  readonly of?: string;
  /** The columns that tell one thing from another; `id` unless told. */
  readonly key?: readonly string[];
  /** The column that says which one it is. */
  readonly title?: string;
  /** Columns whose values aren't kept: only that they changed. Seals, hashes and fields for some only are anyway. */
  readonly masked?: readonly string[];
  /** Columns that change by themselves, such as counters. */
  readonly ignored?: readonly string[];
  /** Rows are never changed, but followed by another of the same key: the column that numbers them. */
  readonly version?: string;
  /** Rows come with those of another table, which tells of it: only what becomes of them later is followed. */
  readonly laterOnly?: true;
  /** Only what people and their keys do is followed: what the server does by itself all day, its events tell. */
  readonly byPeopleOnly?: true;
}

/** A table that a module has followed: its words come from a list of the contract, or stand here. */
export interface AuditSpec extends Followed {
  /** The list that shows such things: it has the noun, and names the columns by its fields. */
  readonly list?: string;
  readonly noun?: LocalizedText;
  /** Names columns that the list doesn't, or where there is none. */
  readonly fields?: z.ZodObject;
}

export interface AuditedTable extends Followed {
  readonly noun: LocalizedText;
  readonly fields: readonly FieldInfo[];
  /** The route of the list that shows such things. */
  readonly list?: string;
}
/** Tables that the audit log follows, by their names. */
export type Audited = Readonly<Record<string, AuditedTable>>;

/** A module's name, with the tables that the audit log follows. */
export interface AuditedModule {
  readonly module: string;
  readonly audits: Readonly<Record<string, AuditSpec>>;
}

/** Says which tables of a module the audit log follows: whatever operators change. `contract()` takes it as name. */
export function audits(module: string, tables: AuditedModule["audits"]): AuditedModule {
  return { module, audits: tables };
}

/** @throws Error for a table that nothing has a word for */
export function auditedTable(
  table: string,
  spec: AuditSpec,
  listed: { readonly id: string; readonly list?: ListInfo } | undefined,
): AuditedTable {
  const { noun, fields, of, key, title, masked, ignored, version, laterOnly, byPeopleOnly } = spec;
  const followed = { of, key, title, masked, ignored, version, laterOnly, byPeopleOnly };
  const word = noun ?? listed?.list?.noun;
  if (word === undefined) throw new Error(`${table} is audited, and has no noun`);
  const own = Object.entries(fields?.shape ?? {}).flatMap(([name, shape]) => fieldInfo(name, shape as z.ZodType) ?? []);
  return {
    ...(Object.fromEntries(Object.entries(followed).filter(([, given]) => given !== undefined)) as Followed),
    noun: { zh: word.zh, en: word.en },
    fields: [...own, ...(listed?.list?.fields ?? [])],
    ...(listed === undefined ? {} : { list: listed.id }),
  };
}

/** `display_name` is the column of the field `displayName`. */
export function fieldOfColumn(column: string): string {
  return column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function columnOfField(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
