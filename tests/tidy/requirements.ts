import type { Tree } from "./rules.ts";

export interface Requirement {
  readonly ids: string;
  readonly text: string;
  readonly modules: string;
  /** What stands between backticks in the last column. */
  readonly shownBy: readonly string[];
}

/** The rows of docs/requirements.md. */
export function requirementsOf(page: string): Requirement[] {
  return page
    .split("\n")
    .filter((line) => /^\| (?!-|Id )/.test(line))
    .map((line) => {
      const [ids = "", text = "", modules = "", shown = ""] = line
        .split("|")
        .slice(1)
        .map((cell) => cell.trim());
      return { ids, text, modules, shownBy: [...shown.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name) };
    });
}

/** How many items each of the original lists has: an id beyond them is a slip of the pen. */
const itemsOf: Readonly<Record<string, number>> = { A: 117, B: 98, C: 55, D: 123, E: 40 };

/** The ids that a cell names: `A-85…A-87` are three. Names such as `ASVS V6.3` are none. */
export function idsIn(cell: string): string[] {
  return [...cell.matchAll(/\b([A-Z])-(\d+)(?:…(?:\1-)?(\d+))?/g)].flatMap(([, list = "", first = "", last = first]) =>
    Array.from({ length: Math.max(1, Number(last) - Number(first) + 1) }, (_, n) => `${list}-${Number(first) + n}`),
  );
}

function isKnown(id: string): boolean {
  const [list = "", number = ""] = id.split("-");
  return Number(number) >= 1 && Number(number) <= (itemsOf[list] ?? 0);
}

/** A row that names no proof, or one that isn't there, or an id that is none; and one that stands twice. */
export function requirementsAreShown(tree: Tree, page = tree.get("docs/requirements.md") ?? ""): string[] {
  const rows = requirementsOf(page);
  const paths = [...tree.keys()];
  const isThere = (name: string): boolean =>
    paths.some((path) => path === name || path.endsWith(`/${name}`) || path.startsWith(`${name.replace(/\/$/, "")}/`));
  const unshown = rows.flatMap(({ ids, text, modules, shownBy }) => [
    ...(text === "" || modules === "" ? [`${ids}: says no words or no module`] : []),
    ...idsIn(ids).flatMap((id) => (isKnown(id) ? [] : [`${ids}: there is no ${id}`])),
    ...(shownBy.length === 0 ? [`${ids}: nothing shows it`] : []),
    ...shownBy.filter((name) => !isThere(name)).map((name) => `${ids}: there is no ${name}`),
  ]);
  const byRow = Map.groupBy(rows, ({ ids, text }) => `${ids} ${text}`);
  const twice = [...byRow].filter(([, same]) => same.length > 1).map(([row]) => `${row}: stands twice`);
  return [...unshown, ...twice];
}
