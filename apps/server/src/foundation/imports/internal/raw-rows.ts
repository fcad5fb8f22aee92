import { longestCell, mostCharacters, mostColumns, mostRowCharacters } from "./limits.ts";
import { Unreadable } from "./unreadable.ts";

/** What stands in a cell: times are texts as a clock shows them, `2026-11-24 20:30:05`. */
export type RawCell = string | number | boolean | null;
export interface RawRow {
  /** As a spreadsheet numbers it: the first is 1. */
  readonly number: number;
  readonly cells: readonly RawCell[];
}

/** Refuses what no table has. Of one file: it adds up. */
export class RowGuard {
  #characters = 0;
  #last = 0;

  /** @throws Unreadable */
  checked({ number, cells }: RawRow): RawRow {
    // What errors are told by: each row has its own.
    if (number <= this.#last) throw new Unreadable({ zh: "行号重复", en: "Two rows have one number" });
    this.#last = number;
    if (cells.length > mostColumns) throw tooManyColumns(number);
    let characters = 0;
    for (const [index, cell] of cells.entries()) {
      if (typeof cell !== "string") continue;
      if (cell.length > longestCell) throw tooLong(number, index + 1);
      characters += cell.length;
    }
    this.#characters += characters;
    if (characters > mostRowCharacters) throw tooLong(number);
    if (this.#characters > mostCharacters)
      throw new Unreadable({ zh: "文件的内容过多，请分成几个文件", en: "The file holds too much text: divide it" });
    return { number, cells };
  }
}

export function tooManyColumns(number: number): Unreadable {
  return new Unreadable({
    zh: `第 ${number} 行超过 ${mostColumns} 列`,
    en: `Row ${number} has more than ${mostColumns} columns`,
  });
}

export function tooLong(number: number, column?: number): Unreadable {
  const limit = longestCell.toLocaleString("en");
  return column === undefined
    ? new Unreadable({ zh: `第 ${number} 行的内容过长`, en: `Row ${number} is too long` })
    : new Unreadable({
        zh: `第 ${number} 行第 ${column} 列超过 ${limit} 个字符`,
        en: `Row ${number}, column ${column}, has more than ${limit} characters`,
      });
}

export function isEmptyCell(cell: RawCell): boolean {
  return cell === null || (typeof cell === "string" && cell.trim() === "");
}
