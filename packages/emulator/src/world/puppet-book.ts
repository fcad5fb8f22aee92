import { Column, SharedTexts, TextIndex } from "./columns.ts";
import type { Puppet } from "./model.ts";

const deliveries = ["success", "user_block", "system_failed"] as const;
const platforms = ["ios", "android", "other"] as const;

/** Which puppets a page of the list holds. */
export interface PuppetsWanted {
  /** Part of a name or an id. */
  search?: string | undefined;
  /** The last puppet of the page before. */
  after?: string | undefined;
  limit: number;
  /** The newest first. */
  newest?: boolean | undefined;
}

export interface PuppetsPage {
  puppets: StoredPuppet[];
  /** How many there are in all, of those that were looked for. */
  total: number;
  /** `after` of the next page; null: this was the last. */
  next: string | null;
}

/**
 * Everybody, in the order they came: columns instead of objects, so that a hundred thousand fit into the memory of a
 * laptop's side task. What `get` gives is a view that reads and writes them.
 */
export class PuppetBook {
  readonly ids = new TextIndex();
  readonly names = new Column(Uint32Array);
  readonly texts = new SharedTexts();
  /** Behind a 1, which keeps leading zeros. */
  readonly phones = new Column(Float64Array);
  readonly deliveries = new Column(Uint8Array);
  readonly platforms = new Column(Uint8Array);
  readonly risks = new Column(Uint8Array);

  get size(): number {
    return this.ids.rows;
  }

  has(id: string): boolean {
    return this.ids.find(id) >= 0;
  }

  get(id: string): StoredPuppet | undefined {
    const row = this.ids.find(id);
    return row < 0 ? undefined : new StoredPuppet(this, row);
  }

  add(puppet: Puppet): StoredPuppet {
    const row = this.ids.add(puppet.id);
    return Object.assign(new StoredPuppet(this, row), {
      name: puppet.name,
      templateDelivery: puppet.templateDelivery,
      platform: puppet.platform,
      phone: puppet.phone,
      isRisky: puppet.isRisky,
    });
  }

  *values(): Generator<StoredPuppet> {
    for (let row = 0; row < this.size; row += 1) yield new StoredPuppet(this, row);
  }

  page({ search = "", after, limit, newest = false }: PuppetsWanted): PuppetsPage {
    const puppets: StoredPuppet[] = [];
    const last = this.size - 1;
    const from = after === undefined ? -1 : this.ids.find(after);
    let total = 0;
    let more = false;
    for (let step = 0; step <= last; step += 1) {
      const row = newest ? last - step : step;
      if (search !== "" && !this.ids.text(row).includes(search) && !this.nameAt(row).includes(search)) continue;
      total += 1;
      if (from >= 0 && (newest ? row >= from : row <= from)) continue;
      if (puppets.length < limit) puppets.push(new StoredPuppet(this, row));
      else more = true;
    }
    return { puppets, total, next: more ? (puppets.at(-1)?.id ?? null) : null };
  }

  nameAt(row: number): string {
    return this.texts.text(this.names.get(row));
  }

  static delivery(number: number): Puppet["templateDelivery"] {
    return deliveries[number] ?? "success";
  }

  static platform(number: number): Puppet["platform"] {
    return platforms[number] ?? "ios";
  }
}

/** One row of the book. */
export class StoredPuppet implements Puppet {
  readonly #book: PuppetBook;
  readonly row: number;

  constructor(book: PuppetBook, row: number) {
    this.#book = book;
    this.row = row;
  }

  get id(): string {
    return this.#book.ids.text(this.row);
  }
  get name(): string {
    return this.#book.nameAt(this.row);
  }
  set name(name: string) {
    this.#book.names.set(this.row, this.#book.texts.numberOf(name));
  }
  get templateDelivery(): Puppet["templateDelivery"] {
    return PuppetBook.delivery(this.#book.deliveries.get(this.row));
  }
  set templateDelivery(delivery: Puppet["templateDelivery"]) {
    this.#book.deliveries.set(this.row, deliveries.indexOf(delivery));
  }
  get platform(): Puppet["platform"] {
    return PuppetBook.platform(this.#book.platforms.get(this.row));
  }
  set platform(platform: Puppet["platform"]) {
    this.#book.platforms.set(this.row, platforms.indexOf(platform));
  }
  get phone(): string {
    return String(this.#book.phones.get(this.row)).slice(1);
  }
  set phone(phone: string) {
    this.#book.phones.set(this.row, Number(`1${phone}`));
  }
  get isRisky(): boolean {
    return this.#book.risks.get(this.row) === 1;
  }
  set isRisky(isRisky: boolean) {
    this.#book.risks.set(this.row, isRisky ? 1 : 0);
  }

  /** As it is now, for those who keep it. */
  toJSON(): Puppet {
    const { id, name, templateDelivery, platform, phone, isRisky } = this;
    return { id, name, templateDelivery, platform, phone, isRisky };
  }
}
