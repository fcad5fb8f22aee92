import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** A secret as a table keeps it: `<key id>.<nonce>.<tag>.<ciphertext>`, base64url. */
export type Sealed = string & { readonly __sealed?: never };

/**
 * Seals secrets with AES-256-GCM (NIST SP 800-38D: 96-bit random nonce, 128-bit tag). `context` is bound to the text,
 * so a sealed value copied to another row or column doesn't open there.
 */
export class Secrets {
  readonly #keyId: string;
  readonly #key: Buffer;

  /** @param key 32 bytes in base64 */
  constructor(key: string) {
    this.#key = Buffer.from(key, "base64");
    if (this.#key.length !== 32) throw new RangeError("the secret key must be 32 bytes");
    // Names the key without telling anything about it, so that a database opened with the wrong key says so.
    this.#keyId = createHash("sha256").update("key id:").update(this.#key).digest("base64url").slice(0, 8);
  }

  seal(text: string, context: string): Sealed {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return [this.#keyId, ...[nonce, cipher.getAuthTag(), body].map((part) => part.toString("base64url"))].join(".");
  }

  /** @throws Error if the value was sealed with another key or for another context, or was changed */
  open(sealed: Sealed, context: string): string {
    const [keyId, nonce, tag, body] = sealed.split(".");
    if (keyId !== this.#keyId) throw new Error(`sealed with key ${keyId}, but this server holds key ${this.#keyId}`);
    const decipher = createDecipheriv("aes-256-gcm", this.#key, Buffer.from(nonce ?? "", "base64url"))
      .setAAD(Buffer.from(context))
      .setAuthTag(Buffer.from(tag ?? "", "base64url"));
    return Buffer.concat([decipher.update(Buffer.from(body ?? "", "base64url")), decipher.final()]).toString("utf8");
  }
}
