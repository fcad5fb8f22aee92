import { Injectable } from "@nestjs/common";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { openStorage } from "./open-storage.ts";
import { assertStorage, type ByteRange, type Storage } from "./storage.ts";

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
/** Whose parts they are: each module clears its own away. */
type PartsOf = "parts" | "imports" | "archives" | "uploads";

/** The server's storage, and what lies where in it: a folder for each tenant, a name for each id. */
@Injectable()
export class StorageService {
  readonly #storage: Storage;

  constructor({ env }: Runtime) {
    this.#storage = openStorage(env);
  }

  /** Where files lie. @throws OperatorError saying what is wrong with it */
  async check(): Promise<string> {
    await assertStorage(this.#storage);
    return this.#storage.place;
  }

  file(tenantId: string, fileId: string, range?: ByteRange): AsyncIterable<Uint8Array> {
    return this.#storage.get(fileKey(tenantId, fileId), range);
  }

  thumbnail(tenantId: string, fileId: string): AsyncIterable<Uint8Array> {
    return this.#storage.get(thumbnailKey(tenantId, fileId));
  }

  putFile(tenantId: string, fileId: string, bytes: Bytes): Promise<number> {
    return this.#storage.put(fileKey(tenantId, fileId), bytes);
  }

  putThumbnail(tenantId: string, fileId: string, bytes: Uint8Array): Promise<number> {
    return this.#storage.put(thumbnailKey(tenantId, fileId), [bytes]);
  }

  async deleteFile(tenantId: string, fileId: string): Promise<void> {
    await this.#storage.delete(fileKey(tenantId, fileId));
    await this.#storage.delete(thumbnailKey(tenantId, fileId));
  }

  async deleteTorn(before: Date): Promise<void> {
    await this.#storage.deleteTorn?.(before);
  }

  /** Ids of the files of a tenant that have lain there since before then. */
  async *filesBefore(tenantId: string, before: Date): AsyncGenerator<string, void, undefined> {
    for await (const { key, modifiedAt } of this.#storage.list(`files/${tenantId}`))
      if (modifiedAt < before) yield key.slice(key.lastIndexOf("/") + 1).replace(/-small$/, "");
  }

  /** What is made part by part, until it is whole: `work` is what it is made for. */
  part(tenantId: string, work: string, part: string, of: PartsOf = "parts"): AsyncIterable<Uint8Array> {
    return this.#storage.get(partKey(of, tenantId, work, part));
  }

  putPart(tenantId: string, work: string, part: string, bytes: Bytes, of: PartsOf = "parts"): Promise<number> {
    return this.#storage.put(partKey(of, tenantId, work, part), bytes);
  }

  async deletePart(tenantId: string, work: string, part: string, of: PartsOf = "parts"): Promise<void> {
    await this.#storage.delete(partKey(of, tenantId, work, part));
  }

  async deleteParts(tenantId: string, work: string, of: PartsOf = "parts"): Promise<void> {
    for await (const { key } of this.#storage.list(`${of}/${tenantId}/${work}`)) await this.#storage.delete(key);
  }

  /** What works of a tenant have parts since before then. */
  async *worksBefore(tenantId: string, before: Date, of: PartsOf = "parts"): AsyncGenerator<string, void, undefined> {
    let last = "";
    for await (const { key, modifiedAt } of this.#storage.list(`${of}/${tenantId}`)) {
      const work = key.split("/")[2] ?? "";
      if (modifiedAt < before && work !== last) yield (last = work);
    }
  }
}

function fileKey(tenantId: string, fileId: string): string {
  return `files/${tenantId}/${fileId}`;
}

function thumbnailKey(tenantId: string, fileId: string): string {
  return `${fileKey(tenantId, fileId)}-small`;
}

function partKey(of: PartsOf, tenantId: string, work: string, part: string): string {
  return `${of}/${tenantId}/${work}/${part}`;
}
