import type { FieldInfo } from "@zhanggui/kit/contract/field";
import { signedIn } from "../common/signed-in.ts";

/** How wide a column is, by what it holds; the others share what is left. */
const widths: Readonly<Record<string, string>> = {
  instant: "152px",
  day: "112px",
  choice: "128px",
  yesNo: "112px",
  number: "96px",
  count: "96px",
  money: "112px",
};
const atEnd: ReadonlySet<string> = new Set(["instant", "number", "count", "money"]);

export function widthOf({ width, kind, choices }: FieldInfo): string | undefined {
  return width ?? widths[choices === undefined ? kind : "choice"];
}

/** Figures stand under each other at their last digit. */
export function isAtEnd({ kind }: FieldInfo, index: number): boolean {
  return index > 0 && atEnd.has(kind);
}

/** What a phone has room for: what the row is, and how it stands. */
export function narrowColumns(shown: readonly FieldInfo[]): readonly FieldInfo[] {
  const [first, ...rest] = shown;
  const state =
    rest.find(({ narrow }) => narrow) ??
    rest.findLast(({ choices = {} }) => Object.values(choices).some(({ tone }) => tone !== undefined)) ??
    rest.find(({ kind }) => kind === "instant") ??
    rest.find(({ choices }) => choices !== undefined) ??
    // A log's rows begin with their time, and say next what happened.
    (first?.kind === "instant" ? rest[0] : undefined);
  if (first === undefined) return [];
  // It takes what room is left, however wide it is elsewhere.
  const { width: _, ...whole } = first;
  return state === undefined ? [whole] : [whole, state];
}

/** Which columns somebody wants to see, on this device: of one account, whoever else signs in here. */
export interface Layout {
  readonly hidden: readonly string[];
  readonly isDense: boolean;
}

const keyOf = (list: string): string => `zhanggui.list.${signedIn.me?.account.id ?? ""}.${list}`;

export function readLayout(list: string, fields: readonly FieldInfo[]): Layout {
  const own: Layout = { hidden: fields.filter(({ hidden }) => hidden).map(({ name }) => name), isDense: false };
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(list)) ?? "null") as Partial<Layout> | null;
    return {
      hidden: Array.isArray(kept?.hidden) ? kept.hidden.filter((name) => typeof name === "string") : own.hidden,
      isDense: kept?.isDense === true,
    };
  } catch {
    return own;
  }
}

export function keepLayout(list: string, layout: Layout): void {
  localStorage.setItem(keyOf(list), JSON.stringify(layout));
}
