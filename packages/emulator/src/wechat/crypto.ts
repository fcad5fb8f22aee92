import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

/*
 * Message encryption as WeChat's page "消息加解密说明" gives it
 * (developers.weixin.qq.com/doc/service/guide/dev/push/encryption):
 * AES-256-CBC; key = base64 of EncodingAESKey + "="; IV = the key's first 16 bytes; PKCS#7 padding to 32 bytes;
 * content = 16 random bytes, the message's length (4 bytes, big endian), the message in UTF-8, the AppID.
 */
const blockBytes = 32;
const randomBytes = 16;
const lengthBytes = 4;

/** What is wrong with an encrypted text that came from the developer. */
export class CipherProblem extends Error {}

/** SHA-1 (hexadecimal) of the parts, sorted by code point and joined: `signature` and `msg_signature`. */
export function sign(parts: readonly string[]): string {
  return createHash("sha1")
    .update([...parts].sort().join(""))
    .digest("hex");
}

/** True when `text` can be an EncodingAESKey: 43 letters and digits. */
export function isEncodingAesKey(text: string): boolean {
  return /^[A-Za-z0-9]{43}$/.test(text);
}

/** Encrypts `message`; `random` is 16 bytes. Returns base64. */
export function encrypt(message: string, options: { encodingAesKey: string; appid: string; random: Buffer }): string {
  const key = keyOf(options.encodingAesKey);
  const text = Buffer.from(message, "utf8");
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(text.length);
  const content = Buffer.concat([options.random.subarray(0, randomBytes), length, text, Buffer.from(options.appid)]);
  const cipher = createCipheriv("aes-256-cbc", key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(pad(content)), cipher.final()]).toString("base64");
}

/** Decrypts base64 `encrypted` into the message and the AppID behind it. Throws `CipherProblem`. */
export function decrypt(encrypted: string, encodingAesKey: string): { message: string; appid: string } {
  const key = keyOf(encodingAesKey);
  const bytes = Buffer.from(encrypted, "base64");
  if (bytes.length === 0 || bytes.length % 16 !== 0) throw new CipherProblem("the encrypted text isn't whole blocks");
  const decipher = createDecipheriv("aes-256-cbc", key, key.subarray(0, 16)).setAutoPadding(false);
  const content = unpad(Buffer.concat([decipher.update(bytes), decipher.final()]));
  if (content.length < randomBytes + lengthBytes) throw new CipherProblem("the decrypted text is too short");
  const messageStart = randomBytes + lengthBytes;
  const messageEnd = messageStart + content.readUInt32BE(randomBytes);
  if (messageEnd > content.length) throw new CipherProblem("the decrypted text is shorter than the length it names");
  return {
    message: content.subarray(messageStart, messageEnd).toString("utf8"),
    appid: content.subarray(messageEnd).toString("utf8"),
  };
}

function keyOf(encodingAesKey: string): Buffer {
  return Buffer.from(`${encodingAesKey}=`, "base64");
}

function pad(content: Buffer): Buffer {
  const count = blockBytes - (content.length % blockBytes);
  return Buffer.concat([content, Buffer.alloc(count, count)]);
}

function unpad(content: Buffer): Buffer {
  const count = content.at(-1) ?? 0;
  if (count < 1 || count > blockBytes || count > content.length) throw new CipherProblem("the padding is wrong");
  if (content.subarray(-count).some((byte) => byte !== count)) throw new CipherProblem("the padding is wrong");
  return content.subarray(0, content.length - count);
}
