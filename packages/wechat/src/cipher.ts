import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";

/**
 * Message encryption as WeChat documents it: AES-256-CBC, key = Base64(EncodingAESKey + "="), the key's first 16 bytes
 * as the initial vector, PKCS#7 padding to 32 bytes, over random(16) + length(4, big endian) + message + appid. Source:
 * developers.weixin.qq.com, "消息加解密说明" (service account guide), read 2026-11.
 *
 * CBC carries no authentication: a changed ciphertext may decrypt to other text. So callers verify `msg_signature`,
 * which covers the ciphertext, before they decrypt. That order also keeps the distinct errors below from being an
 * oracle.
 */
const encodingAesKeyPattern = /^[A-Za-z0-9+/]{43}$/;
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const blockBytes = 16;
const paddingBytes = 32;
const randomLength = 16;
const headBytes = randomLength + 4;

/**
 * `bad_key`: the EncodingAESKey isn't 43 Base64 characters. `malformed`: the ciphertext isn't Base64. `truncated`: it
 * is too short, not whole blocks, or shorter than its own length says. `bad_padding`: another key, or damaged.
 * `wrong_app`: meant for another appid.
 */
export type CipherFailure = "bad_key" | "malformed" | "truncated" | "bad_padding" | "wrong_app";

export class CipherError extends Error {
  readonly reason: CipherFailure;

  constructor(reason: CipherFailure, message: string) {
    super(message);
    this.name = "CipherError";
    this.reason = reason;
  }
}

export interface CipherKeys {
  readonly appId: string;
  /** 43 characters, as shown on the account's page. */
  readonly encodingAesKey: string;
}

/** Encrypts `message` to Base64. `random` (16 bytes) is for published vectors only. Throws CipherError `bad_key`. */
export function encryptMessage(message: string, keys: CipherKeys, random: Buffer = randomBytes(randomLength)): string {
  const { key, initialVector } = secretOf(keys.encodingAesKey);
  if (random.length !== randomLength) throw new RangeError(`random must be ${randomLength} bytes`);
  const text = Buffer.from(message, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const unpadded = Buffer.concat([random, length, text, Buffer.from(keys.appId, "utf8")]);
  const padding = paddingBytes - (unpadded.length % paddingBytes);
  const cipher = createCipheriv("aes-256-cbc", key, initialVector).setAutoPadding(false);
  return Buffer.concat([
    cipher.update(unpadded),
    cipher.update(Buffer.alloc(padding, padding)),
    cipher.final(),
  ]).toString("base64");
}

/** Decrypts Base64 text to the message's bytes (UTF-8, not yet checked to be). Throws CipherError. */
export function decryptMessage(encrypted: string, keys: CipherKeys): Buffer {
  const { key, initialVector } = secretOf(keys.encodingAesKey);
  if (!base64Pattern.test(encrypted)) throw new CipherError("malformed", "the ciphertext is not Base64");
  const ciphertext = Buffer.from(encrypted, "base64");
  if (ciphertext.length === 0 || ciphertext.length % blockBytes !== 0) {
    throw new CipherError("truncated", "the ciphertext is not a whole number of blocks");
  }
  const decipher = createDecipheriv("aes-256-cbc", key, initialVector).setAutoPadding(false);
  const plain = withoutPadding(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  if (plain.length < headBytes) throw new CipherError("truncated", "the ciphertext holds no message");
  const end = headBytes + plain.readUInt32BE(randomLength);
  if (end > plain.length) throw new CipherError("truncated", "the message is shorter than its length says");
  if (!plain.subarray(end).equals(Buffer.from(keys.appId, "utf8"))) {
    throw new CipherError("wrong_app", "the message is meant for another appid");
  }
  return plain.subarray(headBytes, end);
}

/** Whether an EncodingAESKey has the form WeChat gives (43 Base64 characters). */
export function isEncodingAesKey(text: string): boolean {
  return encodingAesKeyPattern.test(text);
}

interface Secret {
  readonly key: KeyObject;
  readonly initialVector: Buffer;
}
/** Making a key out of its bytes takes as long as a message's encryption: those of the last accounts are kept. */
const secrets = new Map<string, Secret>();
const secretsKept = 100;

function secretOf(encodingAesKey: string): Secret {
  const known = secrets.get(encodingAesKey);
  if (known !== undefined) return known;
  if (!isEncodingAesKey(encodingAesKey)) {
    throw new CipherError("bad_key", "the EncodingAESKey must be 43 Base64 characters");
  }
  const key = Buffer.from(`${encodingAesKey}=`, "base64");
  const secret = { key: createSecretKey(key), initialVector: key.subarray(0, blockBytes) };
  const [oldest] = secrets.size < secretsKept ? [] : secrets.keys();
  if (oldest !== undefined) secrets.delete(oldest);
  secrets.set(encodingAesKey, secret);
  return secret;
}

function withoutPadding(padded: Buffer): Buffer {
  const padding = padded.at(-1) ?? 0;
  const isPadding = (byte: number): boolean => byte === padding;
  if (padding < 1 || padding > paddingBytes || padding > padded.length || !padded.subarray(-padding).every(isPadding)) {
    throw new CipherError("bad_padding", "the padding is wrong: another EncodingAESKey, or a damaged message");
  }
  return padded.subarray(0, padded.length - padding);
}
