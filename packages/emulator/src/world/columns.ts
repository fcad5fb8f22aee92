/** Numbers of one kind, one a row, that grow as rows are added: some bytes each where objects would take hundreds. */
export class Column<Numbers extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array> {
  #numbers: Numbers;
  readonly #make: new (length: number) => Numbers;

  constructor(make: new (length: number) => Numbers) {
    this.#make = make;
    this.#numbers = new make(0);
  }

  /** 0 where nothing was written yet. */
  get(row: number): number {
    return this.#numbers[row] ?? 0;
  }

  set(row: number, value: number): void {
    if (row >= this.#numbers.length) {
      // A column that nobody uses takes nothing.
      if (value === 0) return;
      // By half: what was reserved and isn't used is memory, too.
      const grown = new this.#make(Math.max(64, row + 1, Math.ceil(this.#numbers.length * 1.5)));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[row] = value;
  }
}

/** So many different texts are looked for among the known; beyond, finding one would cost more than it saves. */
const mostLookedFor = 4_096;

/** Texts of which many rows have the same: kept once, and known by their number. */
export class SharedTexts {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#numbers.size < mostLookedFor) this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  text(number: number): string {
    return this.#texts[number] ?? "";
  }
}

/** Finds rows by an ASCII text, which it keeps as bytes one after the other: no string and no map entry for each. */
export class TextIndex {
  #bytes = new Uint8Array(1_024);
  /** Where each row's text ends. */
  readonly #ends = new Column(Uint32Array);
  /** Open addressing: a row plus one, or 0. */
  #slots = new Uint32Array(128);
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  /** Adds the next row. `text` must be new, and ASCII. */
  add(text: string): number {
    const row = this.#rows;
    const from = this.#startOf(row);
    if (from + text.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.ceil((from + text.length) * 1.5));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    for (let at = 0; at < text.length; at += 1) this.#bytes[from + at] = text.charCodeAt(at);
    this.#ends.set(row, from + text.length);
    this.#rows += 1;
    if (this.#rows * 2 > this.#slots.length) this.#rebuild();
    else this.#place(row);
    return row;
  }

  text(row: number): string {
    return String.fromCharCode(...this.#bytes.subarray(this.#startOf(row), this.#ends.get(row)));
  }

  /** -1: nobody has it. */
  find(text: string): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(text) & mask; ; slot = (slot + 1) & mask) {
      const taken = this.#slots[slot] ?? 0;
      if (taken === 0) return -1;
      if (this.#isAt(taken - 1, text)) return taken - 1;
    }
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : this.#ends.get(row - 1);
  }

  #isAt(row: number, text: string): boolean {
    const from = this.#startOf(row);
    if (this.#ends.get(row) - from !== text.length) return false;
    for (let at = text.length - 1; at >= 0; at -= 1) if (this.#bytes[from + at] !== text.charCodeAt(at)) return false;
    return true;
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.text(row)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
  }

  #rebuild(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let row = 0; row < this.#rows; row += 1) this.#place(row);
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93);
  return hash >>> 0;
}
