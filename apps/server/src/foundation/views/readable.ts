import { invalidInput } from "@zhanggui/kit/contract/faults";
import type { ListInfo } from "@zhanggui/kit/contract/list-info";

/** Whose permissions count. */
interface Reader {
  readonly permissions: ReadonlySet<string>;
}
/** What a view says of its list. */
interface Content {
  readonly query: Readonly<Record<string, string>>;
  readonly hidden: readonly string[];
}
interface Change {
  readonly query?: Content["query"] | undefined;
  readonly hidden?: Content["hidden"] | undefined;
}

/** What of a view its reader may know, and what is about fields that only others may see. */
export function dividedFor(
  reader: Reader,
  list: ListInfo | undefined,
  { query, hidden }: Content,
): { readonly given: { query: Record<string, string>; hidden: string[] }; readonly withheld: Content } {
  const unseen = list === undefined ? [] : unseenIn(reader, list);
  const isGiven = ([name, value]: [string, string]): boolean => !unseen.includes(name) && !isOrder(unseen, name, value);
  const entries = Object.entries(query);
  return {
    given: {
      query: Object.fromEntries(entries.filter(isGiven)),
      hidden: hidden.filter((name) => !unseen.includes(name)),
    },
    withheld: {
      query: Object.fromEntries(entries.filter((entry) => !isGiven(entry))),
      hidden: hidden.filter((name) => unseen.includes(name)),
    },
  };
}

/**
 * What a list doesn't have, or not for this reader, is a slip when it is saved; a list that loses a filter later loses
 * it in its views too, and the console says so.
 *
 * @throws Fault `kit.invalid_input`
 */
export function demandReadable(reader: Reader, list: ListInfo, { query = {}, hidden = [] }: Change): void {
  const unseen = unseenIn(reader, list);
  const columns = list.fields.map(({ name }) => name);
  const filters = [...list.fields.filter(({ filter }) => filter !== undefined), ...list.filters];
  const known = ["sort", ...(list.search === undefined ? [] : ["search"]), ...filters.map(({ name }) => name)];
  const isReadable = (name: string, among: readonly string[]): boolean =>
    among.includes(name) && !unseen.includes(name);
  const unknown = [
    ...Object.entries(query).flatMap(([name, value]) =>
      isReadable(name, known) && !isOrder(unseen, name, value) ? [] : [`query.${name}`],
    ),
    ...hidden.flatMap((name, n) => (isReadable(name, columns) ? [] : [`hidden.${n}`])),
  ];
  if (unknown.length > 0)
    throw invalidInput({ errors: unknown.map((field) => ({ field, message: "not of this list" })) });
}

/** Columns and filters that only others may see. */
function unseenIn({ permissions }: Reader, { fields, filters }: ListInfo): string[] {
  return [...fields, ...filters].flatMap(({ name, readBy }) =>
    readBy === undefined || permissions.has(readBy) ? [] : [name],
  );
}

/** Whether a list is sorted by one of these. */
function isOrder(fields: readonly string[], name: string, value: string): boolean {
  return name === "sort" && fields.includes(value.replace(/^-/, ""));
}
