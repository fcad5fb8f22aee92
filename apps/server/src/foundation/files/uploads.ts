import { createHash, type Hash } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import { conflict, invalidInput, notFound, unsupportedMediaType } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Selectable } from "kysely";
import { checksumMismatch, files, fileTooLarge, tooManyPieces, tooManyUploads, tusVersion } from "./files.contract.ts";
import { FilesService } from "./files.service.ts";
import type { FilesTables } from "./files.tables.ts";
import { megabyte } from "./internal/bytes.ts";
import { StorageService } from "./storage.service.ts";

type UploadRow = Selectable<FilesTables["files_upload"]>;

/** tus 1.0.0, with the extensions creation, expiration, checksum and termination (tus.io/protocols). */
const version = "1.0.0";
const extensions = "creation,expiration,checksum,termination";
const algorithms = ["sha1", "sha256", "md5"];
/** As large as any kind of file may be. */
const mostMegabytes = 100;
const mostUnfinished = 20;
/** Of 100 MB in pieces of 100 kB; a piece is a file of the storage, and together they are read at the end. */
const mostPieces = 1000;
const keepMs = 24 * 3_600_000;
const ofParts = "uploads";

/** Uploads that come piece by piece, and go on where they were when a connection breaks. */
@Injectable()
export class Uploads {
  constructor(
    private readonly runtime: Runtime,
    private readonly files: FilesService,
    private readonly storage: StorageService,
  ) {}

  /** @throws Fault `files.tus_version`, `kit.invalid_input`, `files.too_large`, `files.over_quota`, `files.too_many_uploads` */
  async begin(ctx: Ctx, { headers }: Flat<typeof files.beginUpload>): Promise<Out<typeof files.beginUpload>> {
    assertVersion(headers);
    const sizeBytes = Number(headers["upload-length"]);
    if (sizeBytes > mostMegabytes * megabyte) throw fileTooLarge({ megabytes: mostMegabytes });
    const name = nameIn(headers["upload-metadata"]);
    const expiresAt = new Date(ctx.now().getTime() + keepMs);
    const { id } = await ctx.tx(async (ctx) => {
      await ctx.lock("files.uploads", ctx.actor.id);
      const own = ctx.db.selectFrom("files_upload").select("id").where("accountId", "=", ctx.actor.id);
      const unfinished = await own.where("fileId", "is", null).limit(mostUnfinished).execute();
      if (unfinished.length >= mostUnfinished) throw tooManyUploads({ count: mostUnfinished });
      // Of all who have begun each may take what it has declared.
      const [{ begun } = { begun: 0 }] = await this.files.afterOthers(
        ctx,
        () => ctx.sql<{ begun: number }>`
          SELECT coalesce(sum(size_bytes), 0)::float8 AS begun FROM files_upload WHERE file_id IS NULL`,
      );
      await this.files.demandRoom(ctx, sizeBytes + begun);
      return ctx.db
        .insertInto("files_upload")
        .values({ accountId: ctx.actor.id, name, sizeBytes, expiresAt })
        .returning("id")
        .executeTakeFirstOrThrow();
    });
    const location = `${this.runtime.env.PUBLIC_URL}/api/uploads/${id}`;
    const about = { ...told(0, expiresAt), location, "tus-version": version, "tus-extension": extensions };
    return { body: { status: 201, contentType: "text/plain", body: "" }, headers: about };
  }

  /** How far it is: what a HEAD asks. @throws Fault `kit.not_found`, `files.tus_version` */
  async state(ctx: Ctx, { uploadId, headers }: Flat<typeof files.getUpload>): Promise<Out<typeof files.getUpload>> {
    assertVersion(headers);
    const row = await find(ctx, uploadId);
    const about = {
      ...told(row.offsetBytes, row.expiresAt),
      "upload-length": String(row.sizeBytes),
      "cache-control": "no-store",
      ...(row.fileId === null ? {} : { "upload-file": row.fileId }),
    };
    return { body: { status: 200, contentType: "text/plain", body: "" }, headers: about };
  }

  /**
   * Takes what comes, as far as it comes: of a connection that breaks, what arrived is kept, unless a checksum was to
   * tell that it is whole. With its last piece it becomes a file.
   *
   * @throws Fault `kit.not_found`, `kit.conflict` for another offset, `files.checksum_mismatch`, and what an upload does
   */
  async send(
    ctx: Ctx,
    { uploadId, headers, stream, contentType }: Flat<typeof files.sendUpload>,
  ): Promise<Out<typeof files.sendUpload>> {
    assertVersion(headers);
    if (!/^application\/offset\+octet-stream\b/i.test(contentType))
      throw unsupportedMediaType({ expected: "application/offset+octet-stream" });
    const row = await find(ctx, uploadId);
    const offset = Number(headers["upload-offset"]);
    if (row.offsetBytes !== offset) throw conflict();
    if (row.parts.length >= mostPieces) throw tooManyPieces({ count: mostPieces });
    // Whoever went away in the middle has sent something all the same.
    const own = this.runtime.ctx(ctx.tenantId, { actor: ctx.actor, traceId: ctx.traceId });
    const checksum = checksumOf(headers["upload-checksum"]);
    const piece = new Piece(stream, row.sizeBytes - offset, checksum?.hash);
    const part = newId(ctx.now());
    const bytes = await this.storage.putPart(ctx.tenantId, uploadId, part, piece.bytes(), ofParts);
    const isWrong = checksum !== undefined && (piece.isBroken || piece.digest() !== checksum.expected);
    if (bytes === 0 || isWrong || piece.isTooLong) await this.storage.deletePart(ctx.tenantId, uploadId, part, ofParts);
    if (piece.isTooLong)
      throw invalidInput({ errors: [{ field: "headers.Upload-Offset", message: "too many bytes" }] });
    if (isWrong) throw checksumMismatch();
    const now = bytes === 0 ? row : await this.#advance(own, row, part, bytes);
    const fileId = now.offsetBytes === now.sizeBytes && !piece.isBroken ? await this.#finish(ctx, now) : null;
    const about = { ...told(now.offsetBytes, now.expiresAt), ...(fileId === null ? {} : { "upload-file": fileId }) };
    return { body: { status: 204, contentType: "text/plain", body: "" }, headers: about };
  }

  /** @throws Fault `kit.not_found`, `files.tus_version` */
  async end(ctx: Ctx, { uploadId, headers }: Flat<typeof files.endUpload>): Promise<Out<typeof files.endUpload>> {
    assertVersion(headers);
    const row = await find(ctx, uploadId);
    await this.#drop(ctx, row.id);
    return { body: { status: 204, contentType: "text/plain", body: "" }, headers: { "tus-resumable": version } };
  }

  /** What was begun and never came in whole, and pieces that nobody knows of. */
  async tend(ctx: Ctx): Promise<void> {
    const rows = await ctx.db.selectFrom("files_upload").select("id").where("expiresAt", "<", ctx.now()).execute();
    for (const { id } of rows) await this.#drop(ctx, id);
    const before = new Date(ctx.now().getTime() - keepMs);
    for await (const work of this.storage.worksBefore(ctx.tenantId, before, ofParts)) {
      const row = await ctx.db.selectFrom("files_upload").select("id").where("id", "=", work).executeTakeFirst();
      if (row === undefined) await this.storage.deleteParts(ctx.tenantId, work, ofParts);
    }
  }

  /** Of two that send the same piece at once, one is taken. */
  async #advance(ctx: Ctx, row: UploadRow, part: string, bytes: number): Promise<UploadRow> {
    const now = await ctx.db
      .updateTable("files_upload")
      .set({
        offsetBytes: row.offsetBytes + bytes,
        parts: JSON.stringify([...row.parts, part]),
        expiresAt: new Date(ctx.now().getTime() + keepMs),
      })
      .where("id", "=", row.id)
      .where("offsetBytes", "=", row.offsetBytes)
      .returningAll()
      .executeTakeFirst();
    if (now !== undefined) return now;
    await this.storage.deletePart(ctx.tenantId, row.id, part, ofParts);
    throw conflict();
  }

  /** The pieces are an upload like any other: its kind, its space and its scan are looked at now. */
  async #finish(ctx: Ctx, row: UploadRow): Promise<string> {
    if (row.fileId !== null) return row.fileId;
    const { storage } = this;
    const stream = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (const part of row.parts) yield* storage.part(row.tenantId, row.id, part, ofParts);
    };
    try {
      const file = await this.files.upload(ctx, { name: row.name, stream: stream(), contentType: "" });
      const { numUpdatedRows } = await ctx.db
        .updateTable("files_upload")
        .set({ fileId: file.id, parts: "[]" })
        .where("id", "=", row.id)
        .where("fileId", "is", null)
        .executeTakeFirst();
      // Somebody else was first.
      if (numUpdatedRows === 0n) await ctx.tx((ctx) => this.files.drop(ctx, [file.id]));
      await storage.deleteParts(row.tenantId, row.id, ofParts);
      return (await find(ctx, row.id)).fileId ?? file.id;
    } catch (error) {
      // What isn't taken isn't taken by trying again; a scanner that is away may come back.
      if (error instanceof Fault && error.definition.status < 500) await this.#drop(ctx, row.id);
      throw error;
    }
  }

  async #drop(ctx: Ctx, id: string): Promise<void> {
    await ctx.db.deleteFrom("files_upload").where("id", "=", id).execute();
    await this.storage.deleteParts(ctx.tenantId, id, ofParts);
  }
}

/** One piece on its way: it ends where its connection does. */
class Piece {
  readonly #stream: AsyncIterable<Uint8Array>;
  readonly #hash: Hash | undefined;
  #room: number;
  isBroken = false;
  isTooLong = false;

  constructor(stream: AsyncIterable<Uint8Array>, room: number, hash: Hash | undefined) {
    this.#stream = stream;
    this.#room = room;
    this.#hash = hash;
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of this.#stream) {
        this.#room -= chunk.length;
        if (this.#room < 0) {
          this.isTooLong = true;
          return;
        }
        this.#hash?.update(chunk);
        yield chunk;
      }
    } catch (error) {
      if (error instanceof Fault) throw error;
      this.isBroken = true;
    }
  }

  digest(): string {
    return this.#hash?.digest("base64") ?? "";
  }
}

async function find(ctx: Ctx, uploadId: string): Promise<UploadRow> {
  const row = await ctx.db
    .selectFrom("files_upload")
    .selectAll()
    .where("id", "=", uploadId)
    .where("accountId", "=", ctx.actor.id)
    .where("expiresAt", ">", ctx.now())
    .executeTakeFirst();
  if (row === undefined) throw notFound();
  return row;
}

function told(offset: number, expiresAt: Date) {
  return { "tus-resumable": version, "upload-offset": String(offset), "upload-expires": expiresAt.toUTCString() };
}

function assertVersion(headers: { readonly "tus-resumable"?: string | undefined }): void {
  if (headers["tus-resumable"] !== version) throw tusVersion({ version });
}

/** `filename <base64>` among the pairs of Upload-Metadata. */
function nameIn(metadata = ""): string {
  const pairs = metadata.split(",").map((pair) => pair.trim().split(" "));
  const encoded = pairs.find(([key]) => key === "filename" || key === "name")?.[1] ?? "";
  const name = files.upload.query.shape.name.safeParse(Buffer.from(encoded, "base64").toString("utf8"));
  if (name.success) return name.data;
  throw invalidInput({ errors: [{ field: "headers.Upload-Metadata", message: "needs a filename" }] });
}

function checksumOf(header: string | undefined): { readonly hash: Hash; readonly expected: string } | undefined {
  if (header === undefined) return undefined;
  const [algorithm = "", expected = ""] = header.split(" ");
  if (algorithms.includes(algorithm)) return { hash: createHash(algorithm), expected };
  throw invalidInput({ errors: [{ field: "headers.Upload-Checksum", message: `one of ${algorithms.join(", ")}` }] });
}
