import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";

/** A secret as a table keeps it: `<key id>.<nonce>.<tag>.<ciphertext>`, base64url. */
export type Sealed = string & { readonly __sealed?: never };

/**
 * Names a key without telling anything about it, so that what was made with another key can say so.
 *
 * @returns 8 characters of base64url
 */
export function keyIdOf(key: string | Uint8Array): string {
  return createHash("sha256").update("key id:").update(key).digest("base64url").slice(0, 8);
}

/**
 * Seals secrets with AES-256-GCM (NIST SP 800-38D: 96-bit random nonce, 128-bit tag). `context` is bound to the text,
 * so a sealed value copied to another row or column doesn't open there. A ring of keys: the first one seals, any one
 * opens.
 */
export class Secrets {
  /** Whose seals are up to date. */
  readonly keyId: string;
  readonly #sealing: Buffer;
  readonly #keys: ReadonlyMap<string, Buffer>;

  /** @param keys 32 bytes in base64 each, the newest first */
  constructor(keys: readonly string[]) {
    const buffers = keys.map((key) => Buffer.from(key, "base64"));
    const [first] = buffers;
    if (first === undefined || buffers.some((key) => key.length !== 32)) {
      throw new RangeError("each secret key must be 32 bytes");
    }
    this.#sealing = first;
    this.keyId = keyIdOf(first);
    this.#keys = new Map(buffers.map((key) => [keyIdOf(key), key]));
  }

  /**
   * Keys for one purpose, each made of one of the ring (RFC 2104, by a label), the newest first: what
   * is signed or looked up with one tells nothing of the others, nor of what is sealed.
   */
  keysFor(purpose: string): readonly string[] {
    return [...this.#keys.values()].map((key) =>
      createHmac("sha256", key).update("key for ").update(purpose).digest("base64url"),
    );
  }

  seal(text: string, context: string): Sealed {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#sealing, nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return [this.keyId, ...[nonce, cipher.getAuthTag(), body].map((part) => part.toString("base64url"))].join(".");
  }

  /** @throws Error if the value was sealed with a key that isn't here, or for another context, or was changed */
  open(sealed: Sealed, context: string): string {
    const [keyId = "", nonce, tag, body] = sealed.split(".");
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      throw new Error(`sealed with key ${keyId}, but this server holds ${[...this.#keys.keys()].join(", ")}`);
    }
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce ?? "", "base64url"), { authTagLength: 16 })
      .setAAD(Buffer.from(context))
      .setAuthTag(Buffer.from(tag ?? "", "base64url"));
    return Buffer.concat([decipher.update(Buffer.from(body ?? "", "base64url")), decipher.final()]).toString("utf8");
  }

  /** @throws Error as `open` does */
  reseal(sealed: Sealed, context: string): Sealed {
    return this.seal(this.open(sealed, context), context);
  }
}
