import { fieldOfColumn } from "@zhanggui/kit/contract/audited";
import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { Out } from "@zhanggui/kit/contract/route";
import type { audit } from "./audit.contract.ts";

type Change = Out<typeof audit.get>["entry"]["changes"][number];
type Values = Readonly<Record<string, unknown>>;

export interface Changed {
  readonly was: Values | null;
  readonly became: Values | null;
  readonly masked: readonly string[];
}

/** So deep in a value each part that changed is told by itself; deeper, and longer lists of them, as a whole. */
const deepest = 4;
const mostParts = 30;

/** What changed in a row, field by field, in the order and the words of the fields; what has no word, by its column. */
export function changesOf(fields: readonly FieldInfo[], { was, became, masked }: Changed): Change[] {
  const columns = [...new Set([...Object.keys(became ?? {}), ...Object.keys(was ?? {})])];
  const kept = columns.flatMap((column) => {
    const field = fieldOf(fields, column);
    const [before, after] = [valueOf(was?.[column]), valueOf(became?.[column])];
    // Of what was added or removed each part, too.
    const parts = partsOf(before ?? emptyOf(after), after ?? emptyOf(before), [], deepest);
    if (parts.length === 0 && (was === null || became === null)) return [];
    if (parts.length === 0 || parts.length > mostParts) return [changeOf(field, before, after)];
    return parts.map(({ path, before, after }) => changeOf(within(field, path), before, after));
  });
  const unkept = masked.map((column): Change => ({ field: fieldOf(fields, column), isMasked: true }));
  const place = ({ field }: Change): number => {
    const at = fields.findIndex(({ name }) => name === field.name);
    return at < 0 ? fields.length : at;
  };
  return [...kept, ...unkept].toSorted((a, b) => place(a) - place(b));
}

function changeOf(field: Change["field"], before: unknown, after: unknown): Change {
  return {
    field,
    isMasked: false,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

/** What holds nothing yet of the same kind. */
function emptyOf(value: unknown): unknown {
  if (!isHolder(value)) return undefined;
  return Array.isArray(value) ? [] : {};
}

/** Nothing is nothing, however a table says it. */
function valueOf(value: unknown): unknown {
  const isNothing = value === null || value === "" || (Array.isArray(value) && value.length === 0);
  return isNothing ? undefined : value;
}

function fieldOf(fields: readonly FieldInfo[], column: string): Change["field"] {
  const name = fieldOfColumn(column);
  const known = fields.find((each) => each.name === name);
  if (known === undefined) return { name, label: { zh: column, en: column }, kind: "text", isNullable: true };
  const { label, kind, choices } = known;
  return {
    name,
    label: { zh: label.zh, en: label.en },
    kind,
    isNullable: true,
    ...(choices === undefined ? {} : { choices }),
  };
}

interface Part {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/** The parts of a value that aren't what they were. */
function partsOf(before: unknown, after: unknown, path: readonly string[], depth: number): Part[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const bothHold = isHolder(before) && isHolder(after) && Array.isArray(before) === Array.isArray(after);
  if (!bothHold || depth === 0) return [{ path, before: valueOf(before), after: valueOf(after) }];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => partsOf(before[key], after[key], [...path, key], depth - 1));
}

function isHolder(value: unknown): value is Values {
  return typeof value === "object" && value !== null;
}

/** Of a part only its way is known: the places of a list from one, as people count. */
function within(field: Change["field"], path: readonly string[]): Change["field"] {
  if (path.length === 0) return field;
  const way = path.map((step) => (/^\d+$/.test(step) ? `${Number(step) + 1}` : step)).join(" · ");
  const { zh, en } = field.label;
  return { name: field.name, label: { zh: `${zh} · ${way}`, en: `${en} · ${way}` }, kind: "text", isNullable: true };
}
