import type { Entitled } from "@zhanggui/kit/server/data-scope";
import { type ImportColumn, importColumns, type ImportRoute } from "@zhanggui/kit/server/http/imported-rows";
import { badMapping } from "../imports.contract.ts";
import { longestHead } from "./limits.ts";
import type { RawCell } from "./raw-rows.ts";
import { plain, valueOf } from "./values.ts";

/** The field of each of a file's columns, by its name; null for one that isn't taken. */
export type Mapping = readonly (string | null)[];
export interface CellError {
  readonly column: number | null;
  readonly text: { readonly zh: string; readonly en: string };
}

/** The file's heads as people are shown them: what stands twice, or not at all, is told apart by its place. */
export function headsOf(cells: readonly RawCell[], columns: number): string[] {
  const texts = Array.from({ length: columns }, (_, index) => {
    return String(cells[index] ?? "")
      .trim()
      .slice(0, longestHead);
  });
  const seen = new Map<string, number>();
  return texts.map((text, index) => {
    if (text === "") return `#${index + 1}`;
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return count === 1 ? text : `${text} (${count})`;
  });
}

/** Without what people add to a head or leave out. */
function bare(text: string): string {
  return plain(text)
    .toLowerCase()
    .replaceAll(/[\s_\-*:.()（）：]+/g, "");
}

/** Which column is which field, as far as their names tell in either language; each field once. */
export function proposed(heads: readonly string[], route: ImportRoute, asker: Entitled): Mapping {
  const free = importColumns(route, asker);
  const { synonyms = {} } = route.imports;
  return heads.map((head) => {
    const wanted = bare(head);
    const at = free.findIndex(({ name, label }) =>
      [name, label.zh, label.en, ...(synonyms[name] ?? [])].some((each) => bare(each) === wanted),
    );
    return at === -1 ? null : (free.splice(at, 1)[0]?.name ?? null);
  });
}

/** Holds rows against a route's fields, by the columns that somebody chose. */
export class RowMapper {
  readonly #route: ImportRoute;
  readonly #zone: string;
  /** By the file's columns. */
  readonly #columns: readonly (ImportColumn | undefined)[];

  /**
   * @throws Fault `imports.bad_mapping` for one that doesn't fit the file, names what the asker may not send, names a
   *   field twice, or lacks one that is required
   */
  constructor(route: ImportRoute, mapping: Mapping, columnCount: number, zone: string, asker: Entitled) {
    const columns = importColumns(route, asker);
    const chosen = mapping.filter((name) => name !== null);
    const unknown = chosen.find((name) => !columns.some((each) => each.name === name));
    const twice = columns.find(({ name }) => chosen.indexOf(name) !== chosen.lastIndexOf(name));
    const missing = columns.filter(({ name, isRequired }) => isRequired && !chosen.includes(name));
    if (mapping.length !== columnCount) throw wrong("与文件的列数不符", "it isn't as wide as the file");
    if (unknown !== undefined) throw wrong(`没有“${unknown}”这一项`, `there is no field “${unknown}”`);
    if (twice !== undefined) throw wrong(`“${twice.label.zh}”选了两次`, `“${twice.label.en}” was chosen twice`);
    if (missing.length > 0) {
      const [zh, en] = (["zh", "en"] as const).map((language) => missing.map(({ label }) => label[language]));
      throw wrong(`请选择“${zh?.join("、")}”对应的列`, `choose a column for ${en?.join(", ")}`);
    }
    this.#route = route;
    this.#zone = zone;
    this.#columns = mapping.map((name) => columns.find((each) => each.name === name));
  }

  /** What a row says, as a body; what can't be read is told by its column. */
  body(cells: readonly RawCell[]): { readonly body: Record<string, unknown>; readonly errors: CellError[] } {
    const body: Record<string, unknown> = {};
    const errors: CellError[] = [];
    for (const [index, column] of this.#columns.entries()) {
      if (column === undefined) continue;
      const value = valueOf(cells[index] ?? null, column, this.#zone);
      if (value === undefined) continue;
      if ("error" in value) errors.push({ column: index, text: value.error });
      else body[column.name] = value.value;
    }
    return { body, errors };
  }

  /** The file's column of a field, or of what stands within it: `rules.0.url`. */
  columnOf(path: string): number | null {
    const name = path.split(".")[0];
    const index = this.#columns.findIndex((column) => column?.name === name);
    return index === -1 ? null : index;
  }

  get route(): ImportRoute {
    return this.#route;
  }
}

function wrong(explanationZh: string, explanationEn: string) {
  return badMapping({ explanationZh, explanationEn, errors: [{ field: "mapping" }] });
}
