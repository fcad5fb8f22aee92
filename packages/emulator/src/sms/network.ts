import type { NetworkHost } from "./host.ts";
import { Trouble } from "../world/trouble.ts";
import {
  type CarriedReply,
  type CarriedText,
  type Carrier,
  CarrierAccount,
  type CarrierFault,
  NewCarrierAccount,
  type SavedCarriers,
} from "./model.ts";
import { pushReceipts, pushReply } from "./pushes.ts";
import { carrierRules, segmentsOf } from "./rules.ts";

export interface NewCarriedText {
  readonly phone: string;
  readonly signature: string;
  readonly templateId: string | null;
  readonly text: string;
  readonly reference: string;
  /** The same for all of one call, where the carrier does that. */
  readonly id?: string;
}

/** The mobile network behind all carriers: who has an account, which texts arrived, which receipts are still out. */
export class MobileNetwork {
  readonly accounts = new Map<string, CarrierAccount>();
  texts: CarriedText[] = [];
  replies: CarriedReply[] = [];
  #faults: CarrierFault[] = [];
  /** Nonces of signed requests: none is good twice. */
  readonly nonces = new Set<string>();
  /** Texts by number, newest last: limits look at them. */
  readonly #byPhone = new Map<string, CarriedText[]>();

  readonly state: NetworkHost;
  /** By account: texts whose report is known and that nobody has taken. */
  readonly #waiting = new Map<string, Set<CarriedText>>();

  constructor(state: NetworkHost) {
    this.state = state;
  }

  open(given: NewCarrierAccount): CarrierAccount {
    const parsed = NewCarrierAccount.parse(given);
    const account = CarrierAccount.parse({ ...parsed, id: parsed.id ?? this.state.nextId("carrier") });
    if (account.carrier === "emay" && Buffer.byteLength(account.secret) !== 16)
      throw new Trouble("invalid_request", "emay's secret is an AES key of 16 characters.");
    this.accounts.set(account.id, account);
    this.state.tell({ type: "text" });
    return account;
  }

  close(id: string): void {
    if (!this.accounts.delete(id)) throw new Trouble("no_such_account", `No carrier has the account ${id}.`);
    this.state.tell({ type: "text" });
  }

  byKey(carrier: Carrier, keyId: string): CarrierAccount | undefined {
    return [...this.accounts.values()].find((each) => each.carrier === carrier && each.keyId === keyId);
  }

  addFault(fault: CarrierFault): void {
    this.#faults.push({ ...fault });
  }

  faults(): CarrierFault[] {
    return this.#faults.map((fault) => ({ ...fault }));
  }

  clearFaults(): void {
    this.#faults = [];
  }

  /** The first that fits and is of the call, or of the report; counted down. */
  takeFault({ id, carrier }: CarrierAccount, of: "call" | "report"): CarrierFault | undefined {
    const fault = this.#faults.find(
      (each) =>
        (each.report !== undefined) === (of === "report") &&
        (each.carrier ?? carrier) === carrier &&
        (each.accountId ?? id) === id,
    );
    if (fault === undefined) return undefined;
    fault.count -= 1;
    if (fault.count <= 0) this.#faults = this.#faults.filter((each) => each !== fault);
    return fault;
  }

  /** Texts that this number got by this account since then. */
  lately({ id }: CarrierAccount, phone: string, withinMs: number): CarriedText[] {
    const since = this.state.now() - withinMs;
    return (this.#byPhone.get(phone) ?? []).filter(({ accountId, at }) => accountId === id && at > since);
  }

  /** Takes a text: it is paid for, stands on the phone, and its receipt follows. */
  take(account: CarrierAccount, { id, ...given }: NewCarriedText): CarriedText {
    const segments = segmentsOf(given.text);
    account.balance -= segments;
    const serial = this.state.count("carried");
    const text: CarriedText = {
      ...given,
      id: id ?? this.newId(account.carrier, serial),
      accountId: account.id,
      carrier: account.carrier,
      at: this.state.now(),
      segments,
      report: null,
      pushes: 0,
      taken: false,
    };
    this.texts.push(text);
    this.#index(text);
    const fault = this.takeFault(account, "report");
    if (fault?.report !== undefined) this.report(text, fault.report);
    else if (account.receipts === "auto") this.report(text, "DELIVRD");
    this.state.tell({ type: "text" });
    return text;
  }

  /** A serial number in the carrier's form. */
  newId(carrier: Carrier, serial = this.state.count("carried")): string {
    if (carrier === "aliyun") return `${900_619_700_000_000 + serial}^0`;
    if (carrier === "tencent") return `2640:${1_046_000_000 + serial}${this.state.random.hex(6)}`;
    return String(17_000_000_000_000_000n + BigInt(serial));
  }

  /** What the phone's network says in the end: `DELIVRD` (on Aliyun `DELIVERED`), or why not. */
  report(text: CarriedText, code: string): void {
    const delivered = /^DELIV(?:RD|ERED)$/.test(code);
    text.report = { code, delivered, at: this.state.now() };
    this.#wait(text);
    this.state.tell({ type: "text" });
    void this.push();
  }

  text(id: string, phone?: string): CarriedText {
    const found = this.texts.find((each) => each.id === id && (phone ?? each.phone) === each.phone);
    if (found === undefined) throw new Trouble("no_such_text", `No text has the id ${id}.`);
    return found;
  }

  #pushing: Promise<void> | undefined;
  #isDirty = false;

  /** Pushes every receipt and reply that nobody took yet. What comes meanwhile has a round of its own. */
  push(): Promise<void> {
    this.#isDirty = true;
    this.#pushing ??= this.#pushRounds();
    return this.#pushing;
  }

  async #pushRounds(): Promise<void> {
    try {
      while (this.#isDirty && !this.state.stopping.signal.aborted) {
        this.#isDirty = false;
        await this.#pushAll();
      }
    } finally {
      // With the last look, or whoever comes in between would be told that somebody is at it.
      this.#pushing = undefined;
    }
  }

  async #pushAll(): Promise<void> {
    await Promise.resolve();
    for (const account of this.accounts.values()) {
      if (account.receiptUrl === null) continue;
      for (;;) {
        const due = this.waiting(account)
          .filter(({ pushes }) => pushes < carrierRules.pushTries[account.carrier])
          .slice(0, carrierRules.receiptsAtOnce);
        if (due.length === 0 || this.state.stopping.signal.aborted) break;
        await pushReceipts(this.state, account, account.receiptUrl, due);
      }
    }
    for (const reply of this.replies.filter(({ taken }) => !taken)) {
      const account = this.accounts.get(reply.accountId);
      if (account?.replyUrl) await pushReply(this.state, account, account.replyUrl, reply);
    }
  }

  /** Receipts that are known and that nobody has. */
  waiting({ id }: CarrierAccount): CarriedText[] {
    const waiting = this.#waiting.get(id) ?? new Set();
    for (const text of waiting) if (text.taken) waiting.delete(text);
    return [...waiting];
  }

  #wait(text: CarriedText): void {
    const waiting = this.#waiting.get(text.accountId) ?? new Set();
    this.#waiting.set(text.accountId, waiting.add(text));
  }

  /** Somebody answers a text. */
  async answer(given: { phone: string; text: string; accountId: string }): Promise<CarriedReply> {
    const account = this.accounts.get(given.accountId);
    if (account === undefined) throw new Trouble("no_such_account", `No carrier has the account ${given.accountId}.`);
    const last = (this.#byPhone.get(given.phone) ?? []).findLast(({ accountId }) => accountId === account.id);
    const reply: CarriedReply = {
      ...given,
      id: this.state.nextId("reply"),
      signature: last?.signature ?? account.signatures[0]?.name ?? "",
      at: this.state.now(),
      taken: false,
    };
    this.replies.push(reply);
    await this.push();
    this.state.tell({ type: "text" });
    return reply;
  }

  clear(): void {
    this.texts = [];
    this.replies = [];
    this.#byPhone.clear();
    this.#waiting.clear();
    this.state.tell({ type: "text" });
  }

  save(): SavedCarriers {
    return { accounts: [...this.accounts.values()], texts: this.texts, replies: this.replies };
  }

  restore({ accounts, texts, replies }: SavedCarriers): void {
    for (const account of accounts) this.accounts.set(account.id, account);
    this.texts = [...texts];
    this.replies = [...replies];
    for (const text of texts) {
      this.#index(text);
      if (text.report !== null && !text.taken) this.#wait(text);
    }
  }

  #index(text: CarriedText): void {
    const list = this.#byPhone.get(text.phone);
    if (list === undefined) this.#byPhone.set(text.phone, [text]);
    else list.push(text);
  }
}
