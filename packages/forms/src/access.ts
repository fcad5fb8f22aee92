import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { FieldError } from "./errors.ts";
import { fieldsByPath } from "./form-graph.ts";
import type { Form, FormField } from "./form.ts";
import { Collected, isRecord, isSameJson, valueAt, type Values } from "./values.ts";

export type Access = "write" | "read" | "hidden";

/** What somebody may do with each field, by path without the numbers of rows; `write` where nothing is said. */
export type FieldAccess = Readonly<Record<string, Access>>;

/** Which right it takes to see a field, and which to change it; none where it is left out. */
export interface FieldRights {
  readonly read?: string;
  readonly write?: string;
}

/** What somebody with these rights may do. Who can't see a field can't change it either. */
export function accessOf(rules: Readonly<Record<string, FieldRights>>, rights: ReadonlySet<string>): FieldAccess {
  const may = (right: string | undefined): boolean => right === undefined || rights.has(right);
  const entries = Object.entries(rules).map(([path, { read, write }]): [string, Access] => {
    if (!may(read)) return [path, "hidden"];
    return [path, may(write) ? "write" : "read"];
  });
  return Object.fromEntries(entries);
}

/** What somebody with these rights may do, as the fields themselves say. */
export function declaredAccess(form: Form, rights: ReadonlySet<string>): FieldAccess {
  const rules = [...fieldsByPath(form)].map(([path, { readBy, writeBy }]): [string, FieldRights] => [
    path,
    { ...(readBy === undefined ? {} : { read: readBy }), ...(writeBy === undefined ? {} : { write: writeBy }) },
  ]);
  return accessOf(Object.fromEntries(rules), rights);
}

/** The form as somebody sees it: without what is hidden from them; what they may only read is disabled. */
export function formFor(form: Form, access: FieldAccess, scope = ""): Form {
  const fields = form.fields.flatMap((field): FormField[] => {
    const may = accessTo(field, access, scope);
    if (may === "hidden") return [];
    const rows = field.rows && formFor(field.rows, access, `${scope}${field.name}.`);
    return [{ ...field, ...(rows && { rows }), ...(may === "read" ? { isReadOnly: true } : {}) }];
  });
  const names = new Set(fields.map(({ name }) => name));
  const seen = <Part extends { readonly fields: readonly string[] }>(parts: readonly Part[]): Part[] =>
    parts
      .map((part) => ({ ...part, fields: part.fields.filter((name) => names.has(name)) }))
      .filter((part) => part.fields.length > 0);
  return {
    fields,
    ...(form.groups && { groups: seen(form.groups) }),
    ...(form.steps && { steps: seen(form.steps) }),
  };
}

/** The form with all of its fields; those that somebody may not change are asked for no more. */
export function lockedFor(form: Form, access: FieldAccess, scope = ""): Form {
  const fields = form.fields.map((field): FormField => {
    const rows = field.rows && lockedFor(field.rows, access, `${scope}${field.name}.`);
    const isOpen = accessTo(field, access, scope) === "write";
    return { ...field, ...(rows && { rows }), ...(isOpen ? {} : { isReadOnly: true }) };
  });
  return { ...form, fields };
}

/** What somebody may see of the values: of what the form names, and the `id` of rows, what isn't hidden from them. */
export function project(form: Form, values: Values, access: FieldAccess, scope = ""): Values {
  const seen = new Collected();
  for (const field of form.fields) {
    if (accessTo(field, access, scope) === "hidden") continue;
    const { name, rows } = field;
    const value = valueAt(values, name);
    const inRow = (row: unknown): unknown => {
      if (!isRecord(row) || rows === undefined) return row;
      const shown = project(rows, row, access, `${scope}${name}.`);
      return row["id"] === undefined ? shown : { id: row["id"], ...shown };
    };
    seen.set(name, rows !== undefined && Array.isArray(value) ? value.map(inRow) : value);
  }
  return seen.values;
}

export interface Enforced {
  /** What is to be stored: what was sent where it may be changed, and what was there before elsewhere. */
  readonly values: Values;
  /** What was sent although it may not be changed. */
  readonly refused: readonly FieldError[];
}

/**
 * Holds what somebody sent against what they may change. A field that is only read may come along unchanged, a hidden
 * one not at all: to send it is to guess it. What is computed is computed again by whoever stores it. Rows are told
 * apart by their `id`; without one, by their number, and then rows with protected fields can be neither added nor taken
 * away.
 */
export function enforce(form: Form, before: Values, sent: Values, access: FieldAccess): Enforced {
  const refused: FieldError[] = [];
  const values = merge(form, {
    before,
    sent,
    access,
    scope: "",
    path: "",
    refuse: (path, text) => refused.push({ path, text }),
  });
  return { values, refused };
}

interface Merging {
  readonly before: Values;
  readonly sent: Values;
  readonly access: FieldAccess;
  /** What names of fields begin with in `access`: `lines.`. */
  readonly scope: string;
  /** And in the errors: `lines.0.`. */
  readonly path: string;
  readonly refuse: (path: string, text: LocalizedText) => void;
}

function merge(form: Form, merging: Merging): Values {
  const { before, sent, access, scope, path, refuse } = merging;
  const seen = project(form, before, access, scope);
  const values = new Collected();
  for (const field of form.fields) {
    const [was, given] = [valueAt(before, field.name), valueAt(sent, field.name)];
    const may = accessTo(field, access, scope);
    if (may === "write") {
      values.set(field.name, field.rows === undefined ? given : mergeRows(field, was, given, merging));
      continue;
    }
    const isUnchanged = may === "read" && isSameJson(valueAt(seen, field.name), given);
    if (given !== undefined && !isUnchanged && field.compute === undefined)
      refuse(`${path}${field.name}`, may === "read" ? problems.readOnly : problems.hidden);
    values.set(field.name, was);
  }
  return values.values;
}

function mergeRows(field: FormField, was: unknown, given: unknown, merging: Merging): unknown {
  const { access, refuse } = merging;
  const scope = `${merging.scope}${field.name}.`;
  const path = `${merging.path}${field.name}`;
  if (field.rows === undefined || !Array.isArray(given)) return given;
  const rows = field.rows;
  const old = Array.isArray(was) ? was.filter(isRecord) : [];
  const haveIds = [...old, ...(given as unknown[])].some((row) => isRecord(row) && row["id"] !== undefined);
  const areProtected = Object.entries(access).some(([each, may]) => each.startsWith(scope) && may !== "write");
  // Where there was none, nothing that is protected can be lost or move.
  if (areProtected && !haveIds && old.length > 0 && given.length !== old.length) {
    refuse(path, problems.rows);
    return was;
  }
  const left = new Set(old);
  return given.map((row: unknown, index) => {
    if (!isRecord(row)) return row;
    const same = haveIds ? [...left].find(({ id }) => id !== undefined && id === row["id"]) : old[index];
    // What is sent twice is new the second time: what is protected isn't copied.
    if (same !== undefined) left.delete(same);
    const merged = merge(rows, { ...merging, before: same ?? {}, sent: row, scope, path: `${path}.${index}.` });
    return same?.["id"] === undefined ? merged : { id: same["id"], ...merged };
  });
}

/** The closest that is said: of the field itself, else of the object it is in. */
export function accessTo({ name }: FormField, access: FieldAccess, scope: string): Access {
  const names = `${scope}${name}`.split(".");
  const said = names.map((_, index) => access[names.slice(0, index + 1).join(".")] ?? "write");
  return said.includes("hidden") ? "hidden" : said.includes("read") ? "read" : "write";
}

const problems = {
  readOnly: { zh: "这一项您只能查看，不能修改", en: "You may see this, but not change it" },
  // Not even its name: whoever may not see a field needn't learn what it is called.
  hidden: { zh: "提交了不属于这个表单的内容", en: "Something was sent that isn't part of this form" },
  rows: { zh: "这里的行不能增加或删除", en: "Rows can't be added or taken away here" },
};
