import { performance } from "node:perf_hooks";
import { unixSeconds } from "../clock.ts";
import { type Snapshot, Snapshots } from "../memory/snapshots.ts";
import { sign } from "../wechat/crypto.ts";
import { exchange } from "../wechat/deliver.ts";
import { addQuery, type PushWork, releaseAllHeld } from "../wechat/push.ts";
import * as accounts from "./accounts.ts";
import type { Fault } from "./faults.ts";
import * as inputs from "./inputs.ts";
import type { JournalFilter } from "./journal.ts";
import type {
  Account,
  Bond,
  JournalEntry,
  Mail,
  MenuButton,
  Puppet,
  PushReport,
  QrCode,
  Template,
  TextMessage,
} from "./model.ts";
import * as mini from "./mini-program.ts";
import { menuFor } from "./menus.ts";
import { remember } from "./past.ts";
import * as people from "./people.ts";
import type { PuppetsPage } from "./puppet-book.ts";
import { sow } from "./seed.ts";
import { changeStaff } from "./staff.ts";
import type { Staff } from "./staff-shape.ts";
import * as taps from "./taps.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";
import { checkJsConfig, JsConfig, type JsConfigAnswer } from "./web-view.ts";
import { pageOf, type WorldPage } from "./world-page.ts";
import { takeText } from "./texts.ts";
import type { TokenKind } from "./tokens.ts";

export interface Waiting {
  /** false: return at once; the push goes on by itself. */
  wait?: boolean | undefined;
}

/**
 * The controls of the emulated world: what the control API does, in process. Every method takes the same input as the
 * route of its name and throws `Trouble` where the route answers an error.
 */
export class World {
  readonly state: State;
  /** The worlds that were put aside. */
  readonly kept: Snapshots;

  /** @param snapshotFolder where they are kept; null: only while it runs */
  constructor(state: State, snapshotFolder: string | null = null) {
    this.state = state;
    this.kept = new Snapshots(state, snapshotFolder);
  }

  /** Forgets everything but the clock's offset. */
  reset(): void {
    this.state.reset();
  }

  /**
   * Builds accounts, puppets and who follows whom in one call (nothing is pushed for the follows). All or nothing: the
   * Trouble names the entry that can't be, and the world is as it was.
   */
  async seed(input: inputs.SeedInput): Promise<{ accounts: Account[]; puppets: Puppet[] }> {
    return sow(this.state, inputs.SeedInput.parse(input));
  }

  clock(): { offsetMs: number; now: string } {
    return { offsetMs: this.state.clock.offsetMs, now: this.state.clock.now().toISOString() };
  }

  /** Lowers a limit, changes a fact, sets a switch; answers all that differs. @throws Trouble */
  changeRules(changes: inputs.RuleChanges): Record<string, number | string> {
    const { rules } = this.state;
    const before = rules.changes();
    try {
      for (const [id, value] of Object.entries(inputs.RuleChanges.parse(changes))) rules.change(id, value);
    } catch (error) {
      // All or nothing.
      rules.reset(before);
      if (error instanceof RangeError) throw new Trouble("invalid_request", error.message);
      throw error;
    }
    this.state.tell({ type: "world" });
    return rules.changes();
  }

  /** Turns the clock to this machine's time plus `offsetMs`. */
  setClock(offsetMs: number): { offsetMs: number; now: string } {
    this.state.clock.offsetMs = inputs.ClockInput.parse({ offsetMs }).offsetMs;
    this.state.tell({ type: "world" });
    return this.clock();
  }

  createAccount(input: inputs.NewAccount = {}): Account {
    return accounts.createAccount(this.state, inputs.NewAccount.parse(input));
  }

  accounts(): Account[] {
    return [...this.state.accounts.values()];
  }

  account(appid: string): Account {
    return this.state.account(appid);
  }

  changeAccount(appid: string, changes: inputs.AccountChanges): Account {
    const account = this.state.account(appid);
    const given = Object.entries(inputs.AccountChanges.parse(changes)).filter(([, value]) => value !== undefined);
    Object.assign(account, Object.fromEntries(given));
    this.state.tell({ type: "world" });
    return account;
  }

  deleteAccount(appid: string): void {
    accounts.deleteAccount(this.state, appid);
  }

  configurePush(appid: string, input: inputs.NewPushConfig): Promise<accounts.PushCheck | null> {
    return accounts.configurePush(this.state, appid, inputs.NewPushConfig.parse(input));
  }

  removePush(appid: string): void {
    this.state.account(appid).push = null;
    this.state.tell({ type: "world" });
  }

  addTemplate(appid: string, input: inputs.NewTemplate): Template {
    return accounts.addTemplate(this.state, this.state.account(appid), inputs.NewTemplate.parse(input));
  }

  removeTemplate(appid: string, templateId: string): void {
    accounts.removeTemplate(this.state, appid, templateId);
  }

  /** Tells of people who were there before; told again, the chats are those that were told last. */
  remember(appid: string, past: inputs.PastInput): Pick<Bond, "puppetId" | "openid" | "unionid">[] {
    return remember(this.state, this.state.account(appid), inputs.PastInput.parse(past));
  }

  /** Stops the account's tokens at once; returns how many worked until now. */
  voidTokens(appid: string, kind?: TokenKind): number {
    const voided = this.state.tokens.void(this.state.account(appid).appid, kind);
    this.state.tell({ type: "world" });
    return voided;
  }

  /** What one of the staff does in their own client: answers an invitation, comes and goes, takes a customer. */
  changeStaff(appid: string, changes: inputs.StaffInput): Staff {
    const { account, ...what } = inputs.StaffInput.parse(changes);
    return changeStaff(this.state, this.state.account(appid), account, what);
  }

  createPuppet(input: inputs.NewPuppet = {}): Puppet {
    return people.createPuppet(this.state, inputs.NewPuppet.parse(input)).toJSON();
  }

  changePuppet(id: string, changes: inputs.PuppetChanges): Puppet {
    return people.changePuppet(this.state, id, inputs.PuppetChanges.parse(changes)).toJSON();
  }

  /** Everybody. Of very many, `puppetsPage` tells in portions. */
  puppets(): Puppet[] {
    return Array.from(this.state.puppets.values(), (puppet) => puppet.toJSON());
  }

  /** Some of them, in the order they came or the newest first. */
  puppetsPage(wanted: inputs.PuppetsWanted): Omit<PuppetsPage, "puppets"> & { puppets: Puppet[] } {
    const page = this.state.puppets.page(inputs.PuppetsWanted.parse(wanted));
    return { ...page, puppets: page.puppets.map((puppet) => puppet.toJSON()) };
  }

  follow(puppetId: string, action: inputs.FollowAction = {}): Promise<PushReport> {
    return this.answer(action, () => people.follow(this.state, puppetId, inputs.FollowAction.parse(action)));
  }

  unfollow(puppetId: string, action: inputs.FollowAction = {}): Promise<PushReport> {
    return this.answer(action, () => people.unfollow(this.state, puppetId, inputs.FollowAction.parse(action)));
  }

  scan(puppetId: string, action: inputs.ScanAction): Promise<PushReport> {
    return this.answer(action, () => people.scan(this.state, puppetId, inputs.ScanAction.parse(action)));
  }

  say(puppetId: string, action: inputs.SayAction): Promise<PushReport> {
    return this.answer(action, () => people.say(this.state, puppetId, inputs.SayAction.parse(action)));
  }

  tap(puppetId: string, action: inputs.TapAction): Promise<PushReport> {
    return this.answer(action, () => taps.tap(this.state, puppetId, inputs.TapAction.parse(action)));
  }

  sendImage(puppetId: string, action: inputs.SendImageAction = {}): Promise<PushReport> {
    return this.answer(action, () => people.sendImage(this.state, puppetId, inputs.SendImageAction.parse(action)));
  }

  sendLocation(puppetId: string, action: inputs.SendLocationAction): Promise<PushReport> {
    return this.answer(action, () =>
      people.sendLocation(this.state, puppetId, inputs.SendLocationAction.parse(action)),
    );
  }

  /** `wx.login`. */
  login(puppetId: string, action: inputs.MiniAction = {}): { code: string } {
    return mini.login(this.state, puppetId, inputs.MiniAction.parse(action));
  }

  /** The button for the phone number, agreed to. */
  sharePhone(puppetId: string, action: inputs.MiniAction = {}): { code: string } {
    return mini.sharePhone(this.state, puppetId, inputs.MiniAction.parse(action));
  }

  /** `wx.requestSubscribeMessage`. */
  subscribe(puppetId: string, action: inputs.SubscribeAction): Promise<PushReport> {
    return this.answer(action, () => mini.subscribe(this.state, puppetId, inputs.SubscribeAction.parse(action)));
  }

  /** The chat of a mini-program, opened from a page. */
  enterSession(puppetId: string, action: inputs.EnterAction = {}): Promise<PushReport> {
    return this.answer(action, () => mini.enterSession(this.state, puppetId, inputs.EnterAction.parse(action)));
  }

  /** Whether a page's `wx.config` is rightly signed, and what it may ask of the phone. */
  checkJsConfig(asked: JsConfig): JsConfigAnswer {
    return checkJsConfig(this.state, JsConfig.parse(asked));
  }

  /** The worlds that were put aside, the oldest first. */
  snapshots(): Promise<Snapshot[]> {
    return this.kept.list();
  }

  /** Puts the world aside under a name, as it is now. */
  async takeSnapshot(name: string): Promise<Snapshot> {
    const taken = await this.kept.take(inputs.SnapshotName.parse(name));
    this.state.tell({ type: "world" });
    return taken;
  }

  /** Brings that world back, its clock and randomness too; one that is damaged is refused and changes nothing. */
  restoreSnapshot(name: string): Promise<Snapshot> {
    return this.kept.restore(inputs.SnapshotName.parse(name));
  }

  async removeSnapshot(name: string): Promise<void> {
    await this.kept.remove(inputs.SnapshotName.parse(name));
    this.state.tell({ type: "world" });
  }

  /** The world as its pages show it: what there are many of, in portions. */
  page(wanted: inputs.WorldWanted = {}): WorldPage {
    const { with: kept, ...page } = inputs.WorldWanted.parse(wanted);
    return pageOf(this.state, page, kept);
  }

  /** What a puppet and an account have with each other now, with the chat; they need not follow. */
  chat(puppetId: string, appid?: string): Bond {
    return this.state.bond(accounts.chooseAccount(this.state, appid), this.state.puppet(puppetId)).toJSON();
  }

  /** The menu that a puppet sees: of everybody, or of those like it. */
  menuFor(bond: Pick<Bond, "appid" | "puppetId" | "tagIds">): MenuButton[] {
    return menuFor(this.state, this.state.account(bond.appid), bond)?.button ?? [];
  }

  bonds(): Bond[] {
    return Array.from(this.state.bonds.values(), (bond) => bond.toJSON());
  }

  qrCodes(appid?: string): QrCode[] {
    return [...this.state.qrCodes.values()].filter((code) => appid === undefined || code.appid === appid);
  }

  mails(): Mail[] {
    return [...this.state.mails];
  }

  clearMails(): void {
    this.state.mails = [];
    this.state.tell({ type: "mail" });
  }

  texts(): TextMessage[] {
    const carried = this.state.carriers.texts.map(({ id, at, phone, text }) => ({ id, at, to: phone, text }));
    return [...this.state.texts, ...carried].toSorted((a, b) => a.at - b.at);
  }

  /** Takes a text message, which goes to no phone. */
  takeText(given: inputs.NewText): void {
    takeText(this.state, given);
  }

  clearTexts(): void {
    this.state.texts = [];
    this.state.carriers.clear();
  }

  journal(filter: JournalFilter = {}): JournalEntry[] {
    return this.state.journal.list(filter);
  }

  clearJournal(): void {
    this.state.journal.clear();
    this.state.tell({ type: "world" });
  }

  addFault(fault: inputs.NewFault): void {
    this.state.faults.add(inputs.NewFault.parse(fault));
    this.state.tell({ type: "world" });
  }

  faults(): Fault[] {
    return this.state.faults.list();
  }

  /** Drops the faults that are still to happen and lets go of the pushes held back. */
  clearFaults(): void {
    this.state.faults.clear();
    this.state.tell({ type: "world" });
    releaseAllHeld(this.state);
  }

  /** Resolves when no push is on its way; pushes held back are let go first. */
  settle(): Promise<void> {
    return this.state.settle();
  }

  /** Sends anything to a push url and returns the answer; nothing of the world changes. */
  async sendRaw(input: inputs.RawPush): Promise<{ status: number | null; body: string; problem: string | null }> {
    const raw = inputs.RawPush.parse(input);
    const account = raw.url !== undefined && raw.appid === undefined ? null : this.chosen(raw.appid);
    const url = raw.url ?? account?.push?.url;
    if (url === undefined) throw new Trouble("invalid_request", "The account has no push url, and none was given.");
    const query = new URLSearchParams(raw.query);
    if (raw.sign === true && account?.push) this.sign(query, account.push.token);
    const full = query.size === 0 ? url : addQuery(url, query);
    const startedAt = performance.now();
    const method = raw.method ?? "POST";
    let outcome: { status: number | null; body: string; problem: string | null };
    try {
      const answer = await exchange(full, {
        method,
        timeoutMs: this.state.pushTimeoutMs,
        signal: this.state.stopping.signal,
        ...(raw.body === undefined ? {} : { body: raw.body }),
        ...(raw.contentType === undefined ? {} : { contentType: raw.contentType }),
      });
      outcome = { ...answer, problem: null };
    } catch (error) {
      outcome = { status: null, body: "", problem: (error as Error).message };
    }
    this.state.journal.add({
      id: this.state.nextId("raw"),
      at: this.state.now(),
      kind: "push",
      appid: account?.appid ?? null,
      what: "raw",
      method,
      url: full,
      status: outcome.status,
      errcode: null,
      ms: Math.round(performance.now() - startedAt),
      tries: 1,
      request: raw.body ?? "",
      response: outcome.body,
      note: outcome.problem ?? "raw",
    });
    return outcome;
  }

  private sign(query: URLSearchParams, token: string): void {
    if (!query.has("timestamp")) query.set("timestamp", String(unixSeconds(this.state.clock.now())));
    if (!query.has("nonce")) query.set("nonce", this.state.random.digits(9));
    if (query.has("signature")) return;
    query.set("signature", sign([token, query.get("timestamp") ?? "", query.get("nonce") ?? ""]));
  }

  private chosen(appid: string | undefined): Account {
    return accounts.chooseAccount(this.state, appid);
  }

  /** The report when the push is through, or, unless the caller waits, as it stands now. */
  private async answer(action: Waiting, act: () => PushWork): Promise<PushReport> {
    const work = act();
    return action.wait === false ? structuredClone(work.report) : work.done;
  }
}
