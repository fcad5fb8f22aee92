import { OperatorError } from "@zhanggui/kit/server/operator-error";

/** From the byte `start` to the byte `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
export interface Stored {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/**
 * Where bytes lie. What is put is there as a whole or not at all; a key that is put again is replaced at once. Keys are
 * made of ids, never of what people type.
 */
export interface Storage {
  /** @returns how many bytes were stored */
  put(key: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>;
  /** @throws NothingStored */
  get(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  stat(key: string): Promise<Stored | undefined>;
  /** What isn't there is deleted already. */
  delete(key: string): Promise<void>;
  /** What lies under `<prefix>/`, in no particular order. */
  list(prefix: string): AsyncIterable<Stored & { readonly key: string }>;
  /** What was being written when a process died, before then. Buckets clear that away by a rule of their own. */
  deleteTorn?(before: Date): Promise<void>;
  /** For people: where it is. */
  readonly place: string;
}

/**
 * Writes something, reads it back and deletes it: what is wrong is better known now than with the first file.
 *
 * @throws OperatorError saying where it is and what it answers
 */
export async function assertStorage(storage: Storage): Promise<void> {
  const key = `probe/${crypto.randomUUID()}`;
  const sent = Buffer.from("掌柜");
  try {
    await storage.put(key, [sent]);
    const back: Uint8Array[] = [];
    for await (const chunk of storage.get(key)) back.push(chunk);
    await storage.delete(key);
    if (!Buffer.concat(back).equals(sent)) throw new Error("it gives back something else than was put there");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OperatorError(
      `Files can't be kept in ${storage.place}: ${why}\n  FILES_DIR names a folder, FILES_S3_… a bucket (docs/RUNNING.md).`,
    );
  }
}

/** Nobody stored anything by this key. */
export class NothingStored extends Error {
  constructor(key: string) {
    super(`nothing is stored as ${key}`);
  }
}

/** Small letters, digits and dashes, with slashes between: no dots, so no way out of a folder. */
export function assertKey(key: string): void {
  if (!/^[0-9a-z-]+(?:\/[0-9a-z-]+)*$/.test(key)) throw new Error(`${JSON.stringify(key)} is no key of a storage`);
}
