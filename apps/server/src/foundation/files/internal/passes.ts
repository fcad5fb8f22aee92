import { createHmac, timingSafeEqual } from "node:crypto";

/** What a link lets somebody download, until when. */
export interface Pass {
  readonly tenantId: string;
  readonly fileId: string;
  /** Whose link it is: it opens nothing once they are switched off. `nobodys` for what the server gives of itself. */
  readonly accountId: string;
  readonly expiresAt: Date;
  /** Of one that is good for one download. */
  readonly passId: string;
}

/** Of links that are good for many. */
export const anyTimes = "00000000-0000-0000-0000-000000000000";
export const nobodys = anyTimes;
const signatureBytes = 16;
const payloadBytes = 16 * 4 + 6;

/** Signs what a link says with HMAC-SHA-256, so that nobody who was given one can make another. */
export class Passes {
  readonly #keys: readonly Buffer[];

  /** @param keys 32 bytes in base64 each, the newest first: the first signs, any one is believed */
  constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => createHmac("sha256", Buffer.from(key, "base64")).update("links of files").digest());
  }

  sign({ tenantId, fileId, accountId, expiresAt, passId }: Pass): string {
    const time = Buffer.alloc(6);
    time.writeUIntBE(expiresAt.getTime(), 0, 6);
    const payload = Buffer.concat([...[tenantId, fileId, passId, accountId].map(bytesOf), time]);
    const [key = Buffer.alloc(0)] = this.#keys;
    return Buffer.concat([payload, signature(key, payload)]).toString("base64url");
  }

  /** Undefined for what nobody here has signed. */
  read(text: string): Pass | undefined {
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length !== payloadBytes + signatureBytes || bytes.toString("base64url") !== text) return undefined;
    const [payload, signed] = [bytes.subarray(0, payloadBytes), bytes.subarray(payloadBytes)];
    if (!this.#keys.some((key) => timingSafeEqual(signature(key, payload), signed))) return undefined;
    const ids = [0, 16, 32, 48].map((at) => idOf(payload.subarray(at, at + 16)));
    const [tenantId = "", fileId = "", passId = "", accountId = ""] = ids;
    return { tenantId, fileId, passId, accountId, expiresAt: new Date(payload.readUIntBE(64, 6)) };
  }
}

function signature(key: Buffer, payload: Buffer): Buffer {
  return createHmac("sha256", key).update(payload).digest().subarray(0, signatureBytes);
}

function bytesOf(id: string): Buffer {
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

function idOf(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
