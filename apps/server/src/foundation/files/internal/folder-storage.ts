import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { assertKey, type ByteRange, NothingStored, type Storage, type Stored } from "../storage.ts";

/** What is still being written lies here, under a name of its own, until it is whole. */
const incoming = ".incoming";

/** A folder of this machine, or one that all of the server's processes see. */
export class FolderStorage implements Storage {
  readonly place: string;

  constructor(folder: string) {
    this.place = resolve(folder);
  }

  /** Written beside, brought to the disk, renamed: whoever reads finds the old or the new, whatever dies meanwhile. */
  async put(key: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    const target = this.#path(key);
    const beside = join(this.place, incoming, randomUUID());
    await mkdir(dirname(beside), { recursive: true });
    const file = await open(beside, "wx");
    try {
      let sizeBytes = 0;
      try {
        for await (const chunk of bytes) {
          await file.writeFile(chunk);
          sizeBytes += chunk.length;
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await mkdir(dirname(target), { recursive: true });
      await rename(beside, target);
      await syncFolder(dirname(target));
      return sizeBytes;
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }

  async *get(key: string, range?: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const stream = createReadStream(this.#path(key), range);
    try {
      yield* stream as AsyncIterable<Buffer>;
    } catch (error) {
      throw isMissing(error) ? new NothingStored(key) : error;
    } finally {
      stream.destroy();
    }
  }

  async stat(key: string): Promise<Stored | undefined> {
    try {
      const found = await stat(this.#path(key));
      return found.isFile() ? { sizeBytes: found.size, modifiedAt: found.mtime } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async *list(prefix: string): AsyncGenerator<Stored & { readonly key: string }, void, undefined> {
    const entries = await readdir(this.#path(prefix), { withFileTypes: true }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const entry of entries) {
      const key = `${prefix}/${entry.name}`;
      if (entry.isDirectory()) yield* this.list(key);
      else {
        const found = await this.stat(key);
        if (found !== undefined) yield { key, ...found };
      }
    }
  }

  async deleteTorn(before: Date): Promise<void> {
    const folder = join(this.place, incoming);
    for (const name of await readdir(folder).catch(() => [])) {
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found !== undefined && found.mtime < before) await rm(join(folder, name), { force: true });
    }
  }

  #path(key: string): string {
    assertKey(key);
    return join(this.place, key);
  }
}

/** The rename itself has to reach the disk, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
