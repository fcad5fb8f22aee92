/** A sentence in both languages. */
export interface Sentence {
  readonly zh: string;
  readonly en: string;
}

/**
 * Why a carrier refused, by what follows from it:
 * - `recipient`: the number is wrong, blocked or has opted out. No carrier helps.
 * - `recipient_limit`: this number had too many. Another carrier would get round a limit that protects people: never.
 * - `template`: this template or signature isn't approved at this account; at another it may be.
 * - `values`: what was put in isn't allowed: too long, a link, a word. Of this text alone.
 * - `account`: no money, no right, a wrong key, a quota of the day. Nothing goes by this account until somebody acts.
 * - `window`: not at this time of day.
 * - `busy`: too many calls at once. Soon again.
 * - `request`: the call itself was malformed, which is a mistake of ours or of the settings.
 */
export type Refusal =
  | "recipient"
  | "recipient_limit"
  | "template"
  | "values"
  | "account"
  | "window"
  | "busy"
  | "request";

export type Sent =
  | { readonly kind: "accepted"; readonly id: string; readonly segments?: number | undefined }
  /** It certainly isn't sent. */
  | { readonly kind: "refused"; readonly why: Refusal; readonly code: string; readonly message: string }
  /** Nobody took the call: it certainly isn't sent, and the account can't be reached. */
  | { readonly kind: "unreached"; readonly reason: string }
  /** It may or may not have been sent. */
  | { readonly kind: "unknown"; readonly reason: string };

/** One text to one number. */
export interface Text {
  /** `+8613800000000` */
  readonly to: string;
  /** Without the brackets around it. */
  readonly signature: string;
  /** What the carrier calls the template; empty where it has none. */
  readonly templateId: string;
  /** By the carrier's names: Tencent's are `1`, `2` … */
  readonly parameters: Readonly<Record<string, string>>;
  /** The whole text, without its signature. */
  readonly text: string;
  /** Ours, at most 36 characters: it comes back with receipts where the carrier does that. */
  readonly reference: string;
}

/** What became of a text in the end. */
export interface Receipt {
  readonly id: string;
  readonly to: string;
  readonly reference: string;
  readonly delivered: boolean;
  /** The network's own: `DELIVRD`, `UNDELIV`, `MK:0001` … */
  readonly code: string;
  readonly at: Date;
}

/** What somebody answered. */
export interface Reply {
  readonly from: string;
  readonly signature: string;
  readonly text: string;
  readonly at: Date;
}

export interface Credentials {
  /** Tencent's SecretId, Aliyun's AccessKeyId, emay's appId. */
  readonly keyId: string;
  readonly secret: string;
  /** Tencent's SmsSdkAppId; empty at others. */
  readonly sdkAppId: string;
}

/** An account at a carrier, and what a call needs besides. */
export interface Access {
  /** Where its API is. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly now: () => Date;
  /** Ends the call: what it came to is then `unknown`. */
  readonly signal: AbortSignal;
}

export interface Callback {
  readonly receipts: readonly Receipt[];
  readonly replies: readonly Reply[];
}

/** A text that may have been sent. */
export interface Asked {
  readonly to: string;
  readonly reference: string;
  /** When its call went out. */
  readonly at: Date;
}

/** What a query found out about a text whose sending ended as `unknown`. */
export type Found =
  | { readonly kind: "taken"; readonly receipt?: Receipt | undefined }
  /** The carrier keeps everything that it took, and this isn't among it. */
  | { readonly kind: "not_taken" }
  /** It can't be told. */
  | { readonly kind: "unclear" };

/** A carrier of text messages: one file declares one. */
export interface SmsProvider {
  /** Stable, lower case: it stands in tables. */
  readonly name: string;
  readonly label: Sentence;
  /** Its API, unless an account says otherwise. */
  readonly url: string;
  /** Whether an account has an application's id besides its key. */
  readonly needsAppId: boolean;
  /** What its secrets look like, where that is known. */
  readonly secret?: RegExp;
  /** Numbers that one call takes, all with the same template, parameters and signature. */
  readonly batch: number;
  /** Whether it wants the name of an approved template; else any text goes that begins with an approved signature. */
  readonly hasTemplates: boolean;
  /** Never rejects: one outcome for each text, in order. */
  send(access: Access, texts: readonly Text[]): Promise<readonly Sent[]>;
  /** Reads what is pushed to the account's address. Undefined: it is none of the carrier's. */
  readCallback?(body: string, now: Date): Callback | undefined;
  /** What the carrier wants to hear when a push was taken. */
  readonly taken?: string;
  /** Fetches receipts that weren't pushed, each once. @throws CarrierError, Error when it can't be reached */
  pullReceipts?(access: Access): Promise<readonly Receipt[]>;
  /** As `pullReceipts`, what people answered. */
  pullReplies?(access: Access): Promise<readonly Reply[]>;
  /** What became of a text that may have been sent. @throws as `pullReceipts` */
  query?(access: Access, text: Asked): Promise<Found>;
  /** Whether key and secret are right, at no cost and without sending. @throws as `pullReceipts` */
  check(access: Access): Promise<void>;
}

/** A call that sends nothing was refused. */
export class CarrierError extends Error {
  override readonly name = "CarrierError";
  readonly code: string;
  readonly why: Refusal;

  constructor(why: Refusal, code: string, message: string) {
    super(message === code ? code : `${code}: ${message}`);
    this.code = code;
    this.why = why;
  }
}
