import { EventEmitter, setMaxListeners } from "node:events";
import { chinaDay, type EmulatorClock } from "../clock.ts";
import { Gate } from "../gate.ts";
import { SeededRandom } from "../random.ts";
import { Rulebook } from "../wechat/rules.ts";
import { BondBook, type StoredBond } from "./bond-book.ts";
import { FaultBook } from "./faults.ts";
import { Journal } from "./journal.ts";
import { MediaStore } from "./media.ts";
import type { Account, JournalEntry, Mail, Puppet, QrCode, TextMessage } from "./model.ts";
import { MiniCodes } from "./mini-codes.ts";
import { OAuthBook } from "./oauth.ts";
import { PuppetBook, type StoredPuppet } from "./puppet-book.ts";
import { Quotas } from "./quotas.ts";
import type { StaffRecord } from "./staff-shape.ts";
import { MobileNetwork } from "../sms/network.ts";
import { Trouble } from "./trouble.ts";
import { TokenBook } from "./tokens.ts";

/** What the pages are told as it happens: they read again what changed. */
export type Happening =
  | { type: "journal"; entry: JournalEntry }
  | { type: "chat"; appid: string; puppetId: string }
  | { type: "mail" }
  | { type: "text" }
  | { type: "world" };

/** What a user sent to an account. */
export interface Picture {
  id: string;
  appid: string;
  at: number;
  mediaId: string;
  contentType: string;
  bytes: Buffer;
}

/** A push that a fault keeps back until `after` more pushes of its account are through. */
export interface HeldPush {
  appid: string;
  after: number;
  release: () => void;
}

export interface StateOptions {
  clock: EmulatorClock;
  seed: number;
  pushTimeoutMs: number;
  /** Where the emulator itself is reached; known once it listens. */
  url: () => string;
  smtpUrl: () => string;
}

/** Everything the emulator knows, in memory. `reset` empties it; the clock keeps its object. */
export class State {
  readonly clock: EmulatorClock;
  seed: number;
  readonly pushTimeoutMs: number;
  readonly url: () => string;
  readonly smtpUrl: () => string;
  readonly happenings = new EventEmitter<{ happening: [Happening] }>();
  readonly stopping = new AbortController();
  readonly underway = new Set<Promise<unknown>>();
  /** Notices of finished jobs go out this many at a time, or a campaign would open thousands of connections. */
  readonly notices = new Gate(32);

  /** Calls that answered a code which their route doesn't declare: a defect of the emulator. */
  readonly undeclared = new Set<string>();
  readonly rules = new Rulebook();

  random!: SeededRandom;
  media!: MediaStore;
  quotas!: Quotas;
  oauth!: OAuthBook;
  miniCodes!: MiniCodes;
  tokens!: TokenBook;
  faults!: FaultBook;
  journal!: Journal;
  accounts!: Map<string, Account>;
  puppets!: PuppetBook;
  bonds!: BondBook;
  /** By ticket. */
  qrCodes!: Map<string, QrCode>;
  /** By account, action and scene. */
  permanentCodes!: Map<string, QrCode>;
  pictures!: Map<string, Picture>;
  /** What customers and staff said to each other, of all accounts, the oldest first. */
  staffRecords!: StaffRecord[];
  mails!: Mail[];
  texts!: TextMessage[];
  /** Carriers of text messages, and what they brought. */
  carriers!: MobileNetwork;
  held!: HeldPush[];
  /** client_msg_id → the msgid given and until when it counts. */
  sentTemplates!: Map<string, { msgid: string; until: number }>;
  /** By kind: how many there were. */
  counters!: Map<string, number>;

  constructor(options: StateOptions) {
    this.clock = options.clock;
    this.seed = options.seed;
    this.pushTimeoutMs = options.pushTimeoutMs;
    this.url = options.url;
    this.smtpUrl = options.smtpUrl;
    // Every open page and every push under way listens, so there is no natural number.
    setMaxListeners(0, this.happenings, this.stopping.signal);
    this.begin();
  }

  /** Counted up where the world is another one: what was begun before belongs to another world. */
  generation = 0;

  /** Forgets everything but the clock's offset. */
  reset(): void {
    this.leave(this.accounts, this.held);
    this.rules.reset();
    this.begin();
    this.tell({ type: "world" });
  }

  /**
   * Another world in the place of this one, made by `fill` from nothing. Where it throws, nothing has changed.
   */
  replaceWith(fill: () => void): void {
    const { seed, random, tokens, faults, media, quotas, oauth, miniCodes, journal } = this;
    const { accounts, puppets, bonds, qrCodes, permanentCodes, pictures, mails, texts, held } = this;
    const { sentTemplates, counters, staffRecords, carriers } = this;
    const offsetMs = this.clock.offsetMs;
    const rules = this.rules.changes();
    try {
      this.rules.reset();
      this.begin();
      fill();
    } catch (error) {
      Object.assign(this, { seed, random, tokens, faults, media, quotas, oauth, miniCodes, journal });
      Object.assign(this, { accounts, puppets, bonds, qrCodes, permanentCodes, pictures, mails, texts, held });
      Object.assign(this, { sentTemplates, counters, staffRecords, carriers });
      this.clock.offsetMs = offsetMs;
      this.rules.reset(rules);
      throw error;
    }
    this.leave(accounts, held);
    this.tell({ type: "world" });
  }

  /** What is still under way belongs to the old world: it must not reach anybody any more. */
  private leave(accounts: State["accounts"], held: readonly HeldPush[]): void {
    this.generation += 1;
    for (const account of accounts.values()) account.push = null;
    for (const push of held) push.release();
  }

  /** After the seed has changed. */
  renewRandom(): void {
    this.random = new SeededRandom(this.seed);
    this.tokens = new TokenBook(this.clock, this.random, this.rules);
  }

  private begin(): void {
    this.renewRandom();
    this.faults = new FaultBook();
    this.media = new MediaStore(this);
    this.quotas = new Quotas(this);
    this.oauth = new OAuthBook(this);
    this.miniCodes = new MiniCodes(this);
    this.journal = new Journal((entry) => this.tell({ type: "journal", entry }));
    this.accounts = new Map();
    this.puppets = new PuppetBook();
    this.bonds = new BondBook(this.puppets, (account, puppetId) => this.unionid(account, puppetId));
    this.qrCodes = new Map();
    this.permanentCodes = new Map();
    this.pictures = new Map();
    this.staffRecords = [];
    this.mails = [];
    this.texts = [];
    this.carriers = new MobileNetwork(this);
    this.held = [];
    this.sentTemplates = new Map();
    this.counters = new Map();
  }

  now(): number {
    return this.clock.now().getTime();
  }

  tell(happening: Happening): void {
    this.happenings.emit("happening", happening);
  }

  /** The next of a kind, from 1. */
  count(kind: string): number {
    const next = (this.counters.get(kind) ?? 0) + 1;
    this.counters.set(kind, next);
    return next;
  }

  nextId(kind: string): string {
    return `${kind}-${this.count(kind)}`;
  }

  /** A 64-bit id such as MsgId: too large for a JavaScript number, as WeChat's are. */
  nextMessageId(): string {
    return String(24_905_611_300_000_000n + BigInt(this.count("message")) * 7919n);
  }

  /** The msgid of a template message: 19 digits. */
  nextTemplateMessageId(): string {
    return String(3_155_183_838_000_000_000n + BigInt(this.count("template message")) * 104_729n);
  }

  /** The msg_id of a mass sending. */
  nextMassId(): string {
    return String(3_147_483_000 + this.count("mass message"));
  }

  /** The day in China of a moment. */
  dayOf(at: number): string {
    return chinaDay(new Date(at));
  }

  account(appid: string): Account {
    const account = this.accounts.get(appid);
    if (account === undefined) throw new Trouble("no_such_account", `No account has the appid ${appid}.`);
    return account;
  }

  puppet(id: string): StoredPuppet {
    const puppet = this.puppets.get(id);
    if (puppet === undefined) throw new Trouble("no_such_puppet", `No puppet has the id ${id}.`);
    return puppet;
  }

  /** The bond of a puppet and an account; made when they first meet. */
  bond(account: Account, puppet: Puppet): StoredBond {
    const { row } = this.puppet(puppet.id);
    const table = this.bonds.of(account);
    const known = table.ofPuppet(row);
    if (known !== undefined) return known;
    const tail = this.random.derive(`${account.appid} ${puppet.id}`, 22);
    const bond = table.add(row, `o${this.random.derive(account.appid, 5)}${tail}`);
    this.tell({ type: "world" });
    return bond;
  }

  /** Derived, and so kept nowhere: an account that joins an open platform, or leaves one, has others at once. */
  private unionid({ openPlatform }: Account, puppetId: string): string | null {
    return openPlatform === null ? null : `oU${this.random.derive(`${openPlatform}/${puppetId}`, 26)}`;
  }

  /** The account's followers who have a tag. */
  withTag(account: Account, tagId: number): StoredBond[] {
    return this.bonds.of(account).followers((bond) => bond.tagIds.includes(tagId));
  }

  /** Whether anybody has that openid, with whatever account. */
  isOpenid(openid: string): boolean {
    return this.bonds.find(openid) !== undefined;
  }

  addQrCode(code: QrCode): void {
    this.qrCodes.set(code.ticket, code);
    if (code.expiresAt === null) this.permanentCodes.set(permanentKey(code), code);
  }

  bondByOpenid(appid: string, openid: string): StoredBond | undefined {
    const account = this.accounts.get(appid);
    return account === undefined ? undefined : this.bonds.of(account).find(openid);
  }

  /** Forgets an account's bonds, codes and media. */
  forgetAccount(appid: string): void {
    this.media.forget(appid);
    this.oauth.forget(appid);
    this.miniCodes.forget(appid);
    for (const key of this.sentTemplates.keys()) if (key.startsWith(`${appid} `)) this.sentTemplates.delete(key);
    for (const key of this.counters.keys()) if (key.startsWith(`${appid} `)) this.counters.delete(key);
    this.bonds.forget(appid);
    this.staffRecords = this.staffRecords.filter((record) => record.appid !== appid);
    for (const [key, code] of this.qrCodes) if (code.appid === appid) this.qrCodes.delete(key);
    for (const [key, code] of this.permanentCodes) if (code.appid === appid) this.permanentCodes.delete(key);
  }

  /** Remembers background work, so that `settle` and `stop` can wait for it. */
  track<T>(work: Promise<T>): Promise<T> {
    this.underway.add(work);
    const forget = (): void => void this.underway.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves when no push is on its way; pushes held back are let go first. */
  async settle(): Promise<void> {
    for (const push of this.held.splice(0)) push.release();
    while (this.underway.size > 0) await Promise.allSettled(this.underway);
  }
}

/** What two permanent codes that are the same code have in common. */
export function permanentKey({ appid, action, scene }: Pick<QrCode, "appid" | "action" | "scene">): string {
  return `${appid} ${action} ${scene}`;
}
