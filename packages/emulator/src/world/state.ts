import { EventEmitter, setMaxListeners } from "node:events";
import { chinaDay, type EmulatorClock } from "../clock.ts";
import { Gate } from "../gate.ts";
import { SeededRandom } from "../random.ts";
import { dailyLimits } from "../wechat/limits.ts";
import { FaultBook } from "./faults.ts";
import { Journal } from "./journal.ts";
import type { Account, Bond, JournalEntry, Mail, Puppet, QrCode } from "./model.ts";
import { Trouble } from "./trouble.ts";
import { TokenBook } from "./tokens.ts";

/** What the pages are told as it happens: they read again what changed. */
export type Happening =
  | { type: "journal"; entry: JournalEntry }
  | { type: "chat"; appid: string; puppetId: string }
  | { type: "mail" }
  | { type: "world" };

export interface Picture {
  id: string;
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
  readonly seed: number;
  readonly pushTimeoutMs: number;
  readonly url: () => string;
  readonly smtpUrl: () => string;
  readonly happenings = new EventEmitter<{ happening: [Happening] }>();
  readonly stopping = new AbortController();
  readonly underway = new Set<Promise<unknown>>();
  /** Notices of finished jobs go out this many at a time, or a campaign would open thousands of connections. */
  readonly notices = new Gate(32);

  random!: SeededRandom;
  tokens!: TokenBook;
  faults!: FaultBook;
  journal!: Journal;
  accounts!: Map<string, Account>;
  puppets!: Map<string, Puppet>;
  bonds!: Map<string, Bond>;
  private bondsByOpenid!: Map<string, Bond>;
  /** By ticket. */
  qrCodes!: Map<string, QrCode>;
  /** By account, action and scene. */
  permanentCodes!: Map<string, QrCode>;
  pictures!: Map<string, Picture>;
  mails!: Mail[];
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
    this.reset();
  }

  reset(): void {
    // What is still under way belongs to the old world: it must not reach anybody any more.
    for (const account of this.accounts?.values() ?? []) account.push = null;
    for (const push of this.held ?? []) push.release();
    this.random = new SeededRandom(this.seed);
    this.tokens = new TokenBook(this.clock, this.random);
    this.faults = new FaultBook();
    this.journal = new Journal((entry) => this.tell({ type: "journal", entry }));
    this.accounts = new Map();
    this.puppets = new Map();
    this.bonds = new Map();
    this.bondsByOpenid = new Map();
    this.qrCodes = new Map();
    this.permanentCodes = new Map();
    this.pictures = new Map();
    this.mails = [];
    this.held = [];
    this.sentTemplates = new Map();
    this.counters = new Map();
    this.tell({ type: "world" });
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

  /** Counts a call against the account's limit of the day; false when it is over. */
  spend(path: string, account: Account): boolean {
    const limit = account.dailyLimits[path] ?? dailyLimits[path] ?? Infinity;
    return this.count(`${account.appid} ${path} ${chinaDay(this.clock.now())}`) <= limit;
  }

  account(appid: string): Account {
    const account = this.accounts.get(appid);
    if (account === undefined) throw new Trouble("no_such_account", `No account has the appid ${appid}.`);
    return account;
  }

  puppet(id: string): Puppet {
    const puppet = this.puppets.get(id);
    if (puppet === undefined) throw new Trouble("no_such_puppet", `No puppet has the id ${id}.`);
    return puppet;
  }

  /** The bond of a puppet and an account; made when they first meet. */
  bond(account: Account, puppet: Puppet): Bond {
    const key = `${account.appid} ${puppet.id}`;
    const known = this.bonds.get(key);
    if (known !== undefined) return known;
    const platform = account.openPlatform;
    const bond: Bond = {
      appid: account.appid,
      puppetId: puppet.id,
      openid: `o${this.random.derive(account.appid, 5)}${this.random.derive(key, 22)}`,
      unionid: platform === null ? null : `oU${this.random.derive(`${platform}/${puppet.id}`, 26)}`,
      following: false,
      followedAt: 0,
      subscribeScene: "",
      qrScene: 0,
      qrSceneText: "",
      credit: { left: 0, until: 0 },
      typingUntil: 0,
      chat: [],
    };
    this.addBond(bond);
    this.tell({ type: "world" });
    return bond;
  }

  addBond(bond: Bond): void {
    this.bonds.set(`${bond.appid} ${bond.puppetId}`, bond);
    this.bondsByOpenid.set(`${bond.appid} ${bond.openid}`, bond);
  }

  addQrCode(code: QrCode): void {
    this.qrCodes.set(code.ticket, code);
    if (code.expiresAt === null) this.permanentCodes.set(permanentKey(code), code);
  }

  bondByOpenid(appid: string, openid: string): Bond | undefined {
    return this.bondsByOpenid.get(`${appid} ${openid}`);
  }

  /** Forgets an account's bonds and codes. */
  forgetAccount(appid: string): void {
    for (const [key, bond] of this.bonds) {
      if (bond.appid !== appid) continue;
      this.bonds.delete(key);
      this.bondsByOpenid.delete(`${appid} ${bond.openid}`);
    }
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
