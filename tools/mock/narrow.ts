import { createHash } from "node:crypto";
import { invalidInput } from "@zhanggui/kit/contract/faults";
import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import type { Row } from "./world.ts";

type Query = Readonly<Record<string, unknown>>;

/** What says how rows come, not which. */
const paging: ReadonlySet<string> = new Set(["cursor", "limit", "sort", "columns", "zone", "after"]);

/** One page of rows, as a list route answers: `total` on the first alone. @throws Fault `kit.invalid_input` (cursor) */
export function pageOf(rows: readonly Row[], query: Query): { items: readonly Row[]; next: string | null } {
  const { cursor, limit = rows.length } = query as { cursor?: string; limit?: number };
  const { cursor: _c, limit: _l, columns: _o, zone: _z, ...asked } = query;
  const mark = createHash("sha256").update(JSON.stringify(asked)).digest("base64url").slice(0, 12);
  const [given, at = "0"] = cursor === undefined ? [mark] : cursor.split(".");
  const start = Number(at);
  if (given !== mark || !Number.isInteger(start) || start < 0) throw invalidInput({ errors: [{ field: "cursor" }] });
  const items = rows.slice(start, start + limit);
  const isLast = start + limit >= rows.length;
  return { items, next: isLast ? null : `${mark}.${start + limit}` };
}

/** The rows that a list's query matches, in its order. */
export function matching(rows: readonly Row[], list: ListInfo, query: Query, called: Called): Row[] {
  const tests = Object.entries(query)
    .filter(([name, value]) => value !== undefined && !paging.has(name))
    .map(([name, value]) => testOf(name, value, list, called));
  return rows.filter((row) => tests.every((test) => test(row))).toSorted(orderOf(`${query["sort"] as string}`, list));
}

/** What the row of an id is called, where a filter names one that a row only shows by its name. */
export type Called = (filter: FieldInfo, id: string) => string | undefined;

function testOf(name: string, value: unknown, list: ListInfo, called: Called): (row: Row) => boolean {
  if (name === "search") {
    const part = String(value).toLowerCase();
    return (row) => textsIn(row).some((text) => text.toLowerCase().includes(part));
  }
  const field = list.fields.find((each) => each.name === name);
  if (field?.filter === "range") return (row) => isWithin(row[name], value as Readonly<Record<string, never>>);
  const wanted = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  if (field !== undefined) return (row) => wanted.includes(keyOf(row[name]));
  const filter = list.filters.find((each) => each.name === name);
  const names = wanted.map((each) => (filter === undefined ? undefined : called(filter, String(each))));
  const sought = new Set([...wanted, ...names].filter((each) => each !== undefined).map(String));
  return (row) => textsIn(row).some((text) => sought.has(text));
}

/** A row that is shown by its name is filtered by its id. */
function keyOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "id" in value ? value.id : value;
}

function textsIn(value: unknown, depth = 0): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || depth > 3) return [];
  return Object.values(value).flatMap((each) => textsIn(each, depth + 1));
}

function isWithin(value: unknown, { gte, gt, lte, lt }: Readonly<Record<string, string | number>>): boolean {
  if (value === null || value === undefined) return false;
  const to = (bound: string | number) => compare(value, bound);
  return (
    (gte === undefined || to(gte) >= 0) &&
    (gt === undefined || to(gt) > 0) &&
    (lte === undefined || to(lte) <= 0) &&
    (lt === undefined || to(lt) < 0)
  );
}

/** What has none stands last, whichever way the list goes; of two alike the newer stands first. */
function orderOf(asked: string, list: ListInfo): (a: Row, b: Row) => number {
  const sort = asked === "undefined" ? list.sort : asked;
  const [name, direction] = sort.startsWith("-") ? [sort.slice(1), -1] : [sort, 1];
  return (a, b) => {
    const [left, right] = [a[name], b[name]];
    const [isLeft, isRight] = [left !== null && left !== undefined, right !== null && right !== undefined];
    if (isLeft !== isRight) return isLeft ? -1 : 1;
    return (isLeft ? direction * compare(left, right) : 0) || compare(b["id"], a["id"]);
  };
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
