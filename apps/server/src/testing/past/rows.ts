import type { CopyValue } from "@zhanggui/kit/server/copy";
import type { Chance } from "./chance.ts";

export type Row = Readonly<Record<string, CopyValue>>;

/** What is to be written, table by table. */
export class Rows {
  readonly #tables = new Map<string, Row[]>();

  add(table: string, row: Row): void {
    const rows = this.#tables.get(table);
    if (rows === undefined) this.#tables.set(table, [row]);
    else rows.push(row);
  }

  of(table: string): readonly Row[] {
    return this.#tables.get(table) ?? [];
  }
}

/** UUIDv7s of the past: each begins with its moment, and none is made twice. */
export class Ids {
  readonly #chance: Chance;
  #made = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  at(ms: number): string {
    const time = Math.floor(ms).toString(16).padStart(12, "0");
    // What is made later in one millisecond comes later: a counter, as the kit's own ids have it.
    const counter = (this.#made++ & 0xfff).toString(16).padStart(3, "0");
    const tail = `${"89ab"[this.#chance.between(0, 3)]}${this.#chance.hex(15)}`;
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${tail.slice(0, 4)}-${tail.slice(4)}`;
  }

  trace(): string {
    return this.#chance.hex(32);
  }
}
