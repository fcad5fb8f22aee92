import { Column, SharedTexts, TextIndex } from "./columns.ts";
import type { Account, Bond } from "./model.ts";
import type { PuppetBook } from "./puppet-book.ts";

/** What few bonds have, or have only for a while: made when it is first written. */
type Extras = Partial<
  Pick<Bond, "typingUntil" | "remark" | "tagIds" | "sessionKey" | "subscriptions" | "massMonth" | "chat">
>;

const noTags: number[] = Object.freeze([]) as unknown as number[];
const noChat: Bond["chat"] = Object.freeze([]) as unknown as Bond["chat"];

/** Who a unionid is to be made for. */
export type UnionidMaker = (account: Account, puppetId: string) => string | null;

/** The bonds of all accounts, a table each. */
export class BondBook {
  readonly #tables = new Map<string, BondTable>();
  readonly #puppets: PuppetBook;
  readonly #unionid: UnionidMaker;

  constructor(puppets: PuppetBook, unionid: UnionidMaker) {
    this.#puppets = puppets;
    this.#unionid = unionid;
  }

  get size(): number {
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  /** Of whatever account. */
  find(openid: string): StoredBond | undefined {
    for (const table of this.#tables.values()) {
      const bond = table.find(openid);
      if (bond !== undefined) return bond;
    }
    return undefined;
  }

  /** An account's own. */
  of(account: Account): BondTable {
    const known = this.#tables.get(account.appid);
    if (known !== undefined) return known;
    const table = new BondTable(account, this.#puppets, this.#unionid);
    this.#tables.set(account.appid, table);
    return table;
  }

  *values(): Generator<StoredBond> {
    for (const table of this.#tables.values()) yield* table.values();
  }

  /** What a puppet has with the accounts it has met. */
  *ofPuppet(puppetRow: number): Generator<StoredBond> {
    for (const table of this.#tables.values()) {
      const bond = table.ofPuppet(puppetRow);
      if (bond !== undefined) yield bond;
    }
  }

  forget(appid: string): void {
    this.#tables.delete(appid);
  }
}

/** The bonds of one account, in the order they were made: columns, as puppets are. */
export class BondTable {
  readonly account: Account;
  readonly puppets: PuppetBook;
  readonly unionid: UnionidMaker;
  readonly openids = new TextIndex();
  readonly texts = new SharedTexts();
  readonly puppetRows = new Column(Uint32Array);
  /** By the puppet's row: the bond's row plus one. */
  readonly #byPuppet = new Column(Uint32Array);
  readonly following = new Column(Uint8Array);
  readonly blocked = new Column(Uint8Array);
  readonly followedAt = new Column(Float64Array);
  readonly subscribeScenes = new Column(Uint16Array);
  readonly qrScenes = new Column(Float64Array);
  readonly qrSceneTexts = new Column(Uint32Array);
  readonly creditLeft = new Column(Int32Array);
  readonly creditUntil = new Column(Float64Array);
  readonly extras = new Map<number, Extras>();

  constructor(account: Account, puppets: PuppetBook, unionid: UnionidMaker) {
    this.account = account;
    this.puppets = puppets;
    this.unionid = unionid;
    // What 0 stands for in a column that nobody wrote.
    this.texts.numberOf("");
  }

  get size(): number {
    return this.openids.rows;
  }

  find(openid: string): StoredBond | undefined {
    const row = this.openids.find(openid);
    return row < 0 ? undefined : new StoredBond(this, row);
  }

  ofPuppet(puppetRow: number): StoredBond | undefined {
    const row = this.#byPuppet.get(puppetRow) - 1;
    return row < 0 ? undefined : new StoredBond(this, row);
  }

  add(puppetRow: number, openid: string): StoredBond {
    const row = this.openids.add(openid);
    this.puppetRows.set(row, puppetRow);
    this.#byPuppet.set(puppetRow, row + 1);
    return new StoredBond(this, row);
  }

  *values(): Generator<StoredBond> {
    for (let row = 0; row < this.openids.rows; row += 1) yield new StoredBond(this, row);
  }

  /** Those who follow, in the order they came, of whom `which` is true. */
  followers(which: (bond: StoredBond) => boolean = () => true): StoredBond[] {
    const found: StoredBond[] = [];
    for (const bond of this.values()) if (bond.following && which(bond)) found.push(bond);
    return found;
  }

  followersCount(): number {
    let count = 0;
    for (let row = 0; row < this.openids.rows; row += 1) count += this.following.get(row);
    return count;
  }

  write<Name extends keyof Extras>(row: number, name: Name, value: Extras[Name]): void {
    const extras = this.extras.get(row) ?? {};
    extras[name] = value;
    this.extras.set(row, extras);
  }
}

/** One row of a table: a view that reads and writes it. */
export class StoredBond implements Bond {
  readonly #table: BondTable;
  readonly row: number;

  constructor(table: BondTable, row: number) {
    this.#table = table;
    this.row = row;
  }

  get appid(): string {
    return this.#table.account.appid;
  }
  get puppetId(): string {
    return this.#table.puppets.ids.text(this.#table.puppetRows.get(this.row));
  }
  get openid(): string {
    return this.#table.openids.text(this.row);
  }
  get unionid(): string | null {
    return this.#table.unionid(this.#table.account, this.puppetId);
  }
  get following(): boolean {
    return this.#table.following.get(this.row) === 1;
  }
  set following(following: boolean) {
    this.#table.following.set(this.row, following ? 1 : 0);
  }
  get followedAt(): number {
    return this.#table.followedAt.get(this.row);
  }
  set followedAt(at: number) {
    this.#table.followedAt.set(this.row, at);
  }
  get subscribeScene(): string {
    return this.#table.texts.text(this.#table.subscribeScenes.get(this.row));
  }
  set subscribeScene(scene: string) {
    this.#table.subscribeScenes.set(this.row, this.#table.texts.numberOf(scene));
  }
  get qrScene(): number {
    return this.#table.qrScenes.get(this.row);
  }
  set qrScene(scene: number) {
    this.#table.qrScenes.set(this.row, scene);
  }
  get qrSceneText(): string {
    return this.#table.texts.text(this.#table.qrSceneTexts.get(this.row));
  }
  set qrSceneText(text: string) {
    this.#table.qrSceneTexts.set(this.row, this.#table.texts.numberOf(text));
  }
  get credit(): Readonly<Bond["credit"]> {
    return { left: this.#table.creditLeft.get(this.row), until: this.#table.creditUntil.get(this.row) };
  }
  set credit({ left, until }: Bond["credit"]) {
    this.#table.creditLeft.set(this.row, left);
    this.#table.creditUntil.set(this.row, until);
  }
  get isBlocked(): boolean {
    return this.#table.blocked.get(this.row) === 1;
  }
  set isBlocked(isBlocked: boolean) {
    this.#table.blocked.set(this.row, isBlocked ? 1 : 0);
  }
  get typingUntil(): number {
    return this.#extras?.typingUntil ?? 0;
  }
  set typingUntil(until: number) {
    if (until !== this.typingUntil) this.#table.write(this.row, "typingUntil", until);
  }
  get remark(): string {
    return this.#extras?.remark ?? "";
  }
  set remark(remark: string) {
    if (remark !== this.remark) this.#table.write(this.row, "remark", remark);
  }
  get tagIds(): number[] {
    return this.#extras?.tagIds ?? noTags;
  }
  set tagIds(ids: number[]) {
    if (ids.length > 0 || this.tagIds.length > 0) this.#table.write(this.row, "tagIds", ids);
  }
  get sessionKey(): string | null {
    return this.#extras?.sessionKey ?? null;
  }
  set sessionKey(key: string | null) {
    if (key !== this.sessionKey) this.#table.write(this.row, "sessionKey", key);
  }
  get subscriptions(): Bond["subscriptions"] {
    return this.#extras?.subscriptions ?? {};
  }
  set subscriptions(subscriptions: Bond["subscriptions"]) {
    const isNone = this.#extras?.subscriptions === undefined && Object.keys(subscriptions).length === 0;
    if (!isNone) this.#table.write(this.row, "subscriptions", subscriptions);
  }
  get massMonth(): Readonly<Bond["massMonth"]> {
    return this.#extras?.massMonth ?? { month: "", count: 0 };
  }
  set massMonth(massMonth: Bond["massMonth"]) {
    if (massMonth.month !== "" || this.massMonth.month !== "") this.#table.write(this.row, "massMonth", massMonth);
  }
  /** Frozen while nothing was said. */
  get chat(): Bond["chat"] {
    return this.#extras?.chat ?? noChat;
  }
  set chat(chat: Bond["chat"]) {
    if (chat.length > 0 || this.chat.length > 0) this.#table.write(this.row, "chat", chat);
  }

  get #extras(): Extras | undefined {
    return this.#table.extras.get(this.row);
  }

  /** As it is now, for those who keep it. */
  toJSON(): Bond {
    const { appid, puppetId, openid, unionid, following, followedAt, subscribeScene, qrScene, qrSceneText } = this;
    const { credit, typingUntil, remark, tagIds, isBlocked, sessionKey, subscriptions, massMonth, chat } = this;
    const told = { appid, puppetId, openid, unionid, following, followedAt, subscribeScene, qrScene, qrSceneText };
    const more = { credit, typingUntil, remark, isBlocked, sessionKey, subscriptions, massMonth };
    return { ...told, ...more, tagIds: [...tagIds], chat: [...chat] };
  }
}
