import { CipherError, decryptMessage, encryptMessage } from "./cipher.ts";
import { decodeBody, ParseError, textOf } from "./fields.ts";
import type { Fields } from "./fields.ts";
import { parseJsonFields } from "./json.ts";
import { createdAt, MissingField, toMessage } from "./messages.ts";
import type { InboundMessage } from "./messages.ts";
import { buildReply } from "./reply.ts";
import type { PassiveReply } from "./reply.ts";
import { sign, signatureMatches } from "./signature.ts";
import { buildXml, parseXml } from "./xml.ts";

/**
 * The server's side of WeChat's message push. Source: developers.weixin.qq.com, service account guide, "消息推送" and
 * "消息加解密说明", read 2026-11.
 *
 * What a signature proves differs by mode. In **plain** mode it covers token, timestamp and nonce, not the body:
 * whoever has seen one request can send another body until the timestamp is stale. In **safe** mode `msg_signature`
 * covers the ciphertext, so the message itself is proven. In **compatible** mode both forms come in one body; only the
 * encrypted one is verified and used, since the plain fields beside it are covered by nothing. A push without the
 * encrypted part is refused there, or else leaving it out would be all an attacker needs.
 */
export type PushMode = "plain" | "compatible" | "safe";

/**
 * How often WeChat sends a message in all: when no answer comes within five seconds it asks again, with the same MsgId.
 * An answer to the last try may be lost without anybody hearing of it. Source: the page above.
 */
export const pushTries = 3;

export interface PushKeys {
  readonly appId: string;
  readonly token: string;
  /** 43 characters; required in compatible and safe mode. */
  readonly encodingAesKey?: string | undefined;
  readonly mode: PushMode;
  /** The account's `gh_…`. When given, a push to another account is refused as `wrong_app`. */
  readonly originalId?: string | undefined;
}

/**
 * Why a push is refused: `signature` it isn't from WeChat or the token differs; `stale` its timestamp is too far from
 * now; `wrong_mode` its form isn't the configured one (somebody switched the mode on one side only); `bad_key` our
 * EncodingAESKey is absent or malformed; `undecryptable` it was encrypted with another key; `wrong_app` it is meant for
 * another account; `malformed`, `entities`, `too_large` the body can't be read; `missing_field` a field without which
 * it means nothing. Answer all of them alike: the reason is for our log, not for the caller.
 */
export type PushRefusal =
  | "signature"
  | "stale"
  | "wrong_mode"
  | "bad_key"
  | "undecryptable"
  | "wrong_app"
  | "malformed"
  | "entities"
  | "too_large"
  | "missing_field";

export class PushRefused extends Error {
  readonly reason: PushRefusal;

  constructor(reason: PushRefusal, message: string) {
    super(message);
    this.name = "PushRefused";
    this.reason = reason;
  }
}

/** The query as a server gives it; a parameter given twice is an array and refused. */
export type PushQuery = Readonly<Record<string, unknown>>;

export interface OpenedPush {
  readonly message: InboundMessage;
  readonly format: "xml" | "json";
  /** Whether it came encrypted, and so whether the reply must be. */
  readonly encrypted: boolean;
  readonly nonce: string;
}

export interface PushToOpen {
  readonly query: PushQuery;
  readonly body: Uint8Array;
  /** For the refusal's text only: the body's first character tells the format. */
  readonly contentType?: string | undefined;
  readonly keys: PushKeys;
  readonly now: Date;
  readonly toleranceSeconds: number;
}

/**
 * Answers WeChat's GET check of the URL: returns the `echostr` to send back, as text/plain (it is the caller's own
 * text, so never as HTML). Throws PushRefused `missing_field`, `malformed` or `signature`.
 */
export function verifyUrl(query: PushQuery, keys: { readonly token: string }): string {
  const { timestamp, nonce } = momentOf(query);
  const echo = parameter(query, "echostr");
  if (!signatureMatches(parameter(query, "signature"), keys.token, timestamp, nonce)) {
    throw new PushRefused("signature", "the signature does not match the token");
  }
  return echo;
}

/** Verifies, decrypts and types a push. Throws PushRefused. */
export function openPush({ query, body, contentType, keys, now, toleranceSeconds }: PushToOpen): OpenedPush {
  return refusing(() => {
    const { timestamp, nonce } = momentOf(query);
    const outer = parse(body, contentType);
    const { fields, format } = keys.mode === "plain" ? openPlain(query, outer, keys) : openSealed(query, outer, keys);
    const ageSeconds = Math.abs(now.getTime() / 1_000 - Number(timestamp));
    if (ageSeconds > toleranceSeconds)
      throw new PushRefused("stale", `the timestamp is ${Math.round(ageSeconds)} s from now`);
    const message = toMessage(fields);
    // In plain mode nothing proves the body; a time that is far ahead would stay the newest for ever.
    if (createdAt(message).getTime() > now.getTime() + 86_400_000) {
      throw new PushRefused("malformed", "CreateTime is more than a day ahead");
    }
    if (keys.originalId !== undefined && message.toUserName !== keys.originalId) {
      throw new PushRefused("wrong_app", "the push is meant for another account");
    }
    return { message, format, encrypted: keys.mode !== "plain", nonce };
  });
}

export interface ReplyToSeal {
  readonly push: OpenedPush;
  readonly reply: PassiveReply;
  readonly keys: PushKeys;
  readonly now: Date;
}

export interface SealedReply {
  readonly body: string;
  readonly contentType: string;
}

/**
 * Writes the passive reply in the push's own format, encrypted when the push was. `none` is the bare word `success`,
 * which WeChat takes unencrypted in every mode. Throws RangeError (articles) and CipherError `bad_key`.
 */
export function sealReply({ push, reply, keys, now }: ReplyToSeal): SealedReply {
  const { message, format, nonce } = push;
  const createTimeSeconds = Math.floor(now.getTime() / 1_000);
  const envelope = { toUserName: message.fromUserName, fromUserName: message.toUserName, createTimeSeconds, format };
  const plain = buildReply(reply, envelope);
  if (reply.type === "none") return { body: plain, contentType: "text/plain; charset=utf-8" };
  const contentType = format === "xml" ? "application/xml; charset=utf-8" : "application/json; charset=utf-8";
  if (!push.encrypted) return { body: plain, contentType };
  const encrypted = encryptMessage(plain, { appId: keys.appId, encodingAesKey: keys.encodingAesKey ?? "" });
  return {
    body: sealEnvelope(encrypted, { token: keys.token, timestampSeconds: createTimeSeconds, nonce, format }),
    contentType,
  };
}

/** The signed envelope around an encrypted reply. The nonce is the push's own, as the documentation has it. */
export function sealEnvelope(
  encrypted: string,
  {
    token,
    timestampSeconds,
    nonce,
    format,
  }: { token: string; timestampSeconds: number; nonce: string; format: "xml" | "json" },
): string {
  const fields = {
    Encrypt: encrypted,
    MsgSignature: sign(token, String(timestampSeconds), nonce, encrypted),
    TimeStamp: timestampSeconds,
    Nonce: nonce,
  };
  return format === "xml" ? buildXml(fields) : JSON.stringify(fields);
}

interface Parsed {
  readonly fields: Fields;
  readonly format: "xml" | "json";
}

function openPlain(query: PushQuery, outer: Parsed, keys: PushKeys): Parsed {
  const { timestamp, nonce } = momentOf(query);
  if (!signatureMatches(parameter(query, "signature"), keys.token, timestamp, nonce)) {
    throw new PushRefused("signature", "the signature does not match the token");
  }
  if (outer.fields["Encrypt"] !== undefined && outer.fields["MsgType"] === undefined) {
    throw new PushRefused("wrong_mode", "the push is encrypted and the account is set to plain mode");
  }
  return outer;
}

function openSealed(query: PushQuery, outer: Parsed, keys: PushKeys): Parsed {
  const { timestamp, nonce } = momentOf(query);
  const encrypted = textOf(outer.fields, "Encrypt");
  if (encrypted === undefined || query["msg_signature"] === undefined) {
    throw new PushRefused("wrong_mode", `the push is not encrypted and the account is set to ${keys.mode} mode`);
  }
  if (!signatureMatches(parameter(query, "msg_signature"), keys.token, timestamp, nonce, encrypted)) {
    throw new PushRefused("signature", "the message signature does not match the token");
  }
  const inner = decryptMessage(encrypted, { appId: keys.appId, encodingAesKey: keys.encodingAesKey ?? "" });
  // The reply goes out in the outer format; the two are the same unless somebody forged one.
  return { fields: parse(inner, undefined).fields, format: outer.format };
}

function parse(body: Uint8Array, contentType: string | undefined): Parsed {
  const text = decodeBody(body);
  const first = /[^\s\uFEFF]/.exec(text)?.[0];
  if (first === "<") return { fields: parseXml(text), format: "xml" };
  if (first === "{") return { fields: parseJsonFields(text), format: "json" };
  throw new PushRefused("malformed", `neither XML nor JSON (content type ${contentType ?? "not given"})`);
}

/**
 * Timestamp and nonce in the forms WeChat sends. The signature joins its parts without separators, so looser forms
 * would let the characters of one signed request be cut anew into another timestamp.
 */
function momentOf(query: PushQuery): { timestamp: string; nonce: string } {
  const timestamp = parameter(query, "timestamp");
  const nonce = parameter(query, "nonce");
  if (!/^\d{10}$/.test(timestamp)) throw new PushRefused("malformed", "the timestamp is not ten digits");
  if (!/^[\w-]{1,64}$/.test(nonce)) throw new PushRefused("malformed", "the nonce has an unexpected form");
  return { timestamp, nonce };
}

function parameter(query: PushQuery, name: string): string {
  const value = query[name];
  if (value === undefined || value === "") throw new PushRefused("missing_field", `the parameter ${name} is missing`);
  if (typeof value !== "string") throw new PushRefused("malformed", `the parameter ${name} is given more than once`);
  return value;
}

function refusing<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof ParseError) throw new PushRefused(error.reason, error.message);
    if (error instanceof MissingField) throw new PushRefused("missing_field", error.message);
    if (error instanceof CipherError) {
      const known = error.reason === "bad_key" || error.reason === "wrong_app" ? error.reason : "undecryptable";
      throw new PushRefused(known, error.message);
    }
    throw error;
  }
}
