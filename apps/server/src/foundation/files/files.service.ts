import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { reaches } from "@zhanggui/kit/server/data-scope";
import { listOf } from "@zhanggui/kit/server/list";
import { PlanLimits } from "@zhanggui/kit/server/plan-limits";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { searchIn } from "@zhanggui/kit/server/search";
import type { Selectable } from "kysely";
import { AccessService } from "../access/access.service.ts";
import { Rights } from "../access/rights.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { files, filesManage, type FileType, inUse, linkOver, overQuota } from "./files.contract.ts";
import { deleteBytes } from "./files.jobs.ts";
import { megabytesLimit } from "./files.limits.ts";
import { quotaMegabytes } from "./files.settings.ts";
import type { FilesTables } from "./files.tables.ts";
import { collected, measured, megabyte, peek, rangeOf } from "./internal/bytes.ts";
import { headBytes, kindOf } from "./internal/content-type.ts";
import { anyTimes, nobodys, type Pass, Passes } from "./internal/passes.ts";
import { isPicture, redrawn } from "./internal/pictures.ts";
import { type Scanned, Scanner } from "./scanner.ts";
import type { ByteRange } from "./storage.ts";
import { StorageService } from "./storage.service.ts";

export type FileRow = Selectable<FilesTables["files_file"]>;
type FileView = Out<typeof files.upload>;
type Content = Out<typeof files.download>;
type Range = Pick<Flat<typeof files.download>, "headers">;

export interface NewFile {
  readonly name: string;
  readonly type: FileType;
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly expiresAt?: Date;
}
/** What a file is kept for: `exports.export`, and which one; what people call it. */
export interface Use {
  readonly by: `${string}.${string}`;
  readonly ref: string;
  readonly label: LocalizedText;
}

/** No page of anybody's may make something of a file's bytes: it is saved, and that is all. */
const policy = "default-src 'none'; sandbox";

/** Files of a tenant: rows here, bytes in the storage. */
@Injectable()
export class FilesService {
  readonly #passes: Passes;

  constructor(
    private readonly runtime: Runtime,
    private readonly accounts: AccessService,
    private readonly rights: Rights,
    private readonly storage: StorageService,
    private readonly settings: SettingsService,
    private readonly scanner: Scanner,
    private readonly limits: PlanLimits,
  ) {
    this.#passes = new Passes(runtime.env.SECRET_KEYS);
  }

  list(ctx: Ctx, query: Flat<typeof files.list>): Promise<Out<typeof files.list>> {
    return listOf(ctx, files.list, query, seen(ctx).selectAll(), {
      search: (part) => searchIn(ctx, "files_file", "name", part),
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /**
   * @throws Fault `files.not_taken`, `files.wrong_name`, `files.bad_picture`, `files.too_large`, `files.over_quota`,
   *   `files.infected`, `files.not_scanned`
   */
  async upload(ctx: Ctx, { name, stream }: Flat<typeof files.upload>): Promise<FileView> {
    const { head, all } = await peek(stream, headBytes);
    const { type, mostMegabytes } = kindOf(head, name);
    const { bytes: seen, verdict } = this.scanner.through(measured(all, mostMegabytes).bytes);
    const values = { name, type, accountId: ctx.actor.id, sizeBytes: mostMegabytes * megabyte };
    if (!isPicture(type)) return this.#one(ctx, await this.#store(ctx, { ...values, bytes: seen, verdict }));
    const original = await collected(seen);
    await verdict();
    const { bytes, thumbnail } = await redrawn(original, type);
    return this.#one(ctx, await this.#store(ctx, { ...values, sizeBytes: bytes.length, bytes: [bytes], thumbnail }));
  }

  /** Keeps what the server made. It goes after a day unless something uses it by then. */
  keep(ctx: Ctx, file: NewFile): Promise<FileRow> {
    return this.#store(ctx, file);
  }

  /** @throws Fault `kit.not_found` for a file that has gone meanwhile */
  async use(ctx: TxCtx, fileId: string, { by: usedBy, ref, label }: Use): Promise<void> {
    const { numInsertedOrUpdatedRows = 0n } = await ctx.db
      .insertInto("files_use")
      .columns(["fileId", "usedBy", "ref", "label"])
      .expression(({ selectFrom, val }) =>
        selectFrom("files_file")
          .select(["id", val(usedBy).as("usedBy"), val(ref).as("ref"), val(JSON.stringify(label)).as("label")] as never)
          .where("id", "=", fileId)
          .where("state", "=", "ready"),
      )
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 0n) throw notFound();
    await this.#count(ctx, fileId, 1);
  }

  /** What used it needs it no longer; the file goes if nothing else does. */
  async release(ctx: TxCtx, fileId: string, { by, ref }: Pick<Use, "by" | "ref">): Promise<void> {
    const { numDeletedRows } = await ctx.db
      .deleteFrom("files_use")
      .where("fileId", "=", fileId)
      .where("usedBy", "=", by)
      .where("ref", "=", ref)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return;
    const left = await this.#count(ctx, fileId, -1);
    if (left === 0) await this.drop(ctx, [fileId]);
  }

  /** @throws Fault `kit.not_found`, also for another account's; `files.in_use` */
  delete(ctx: Ctx, { fileId }: Flat<typeof files.delete>): Promise<Record<string, never>> {
    return ctx.tx(async (ctx) => {
      const row = await seen(ctx).selectAll().where("id", "=", fileId).forUpdate().executeTakeFirst();
      if (row === undefined) throw notFound();
      if (row.uses > 0) throw inUse();
      await this.drop(ctx, [fileId]);
      return {};
    });
  }

  /** Takes the rows away, and the bytes once that holds: a row without bytes would be a promise that is broken. */
  async drop(ctx: TxCtx, fileIds: readonly string[]): Promise<void> {
    if (fileIds.length === 0) return;
    await ctx.db.deleteFrom("files_file").where("id", "in", fileIds).execute();
    await ctx.enqueue(deleteBytes, { fileIds: [...fileIds] });
  }

  /** One's own: what files hold isn't for whoever keeps order among them. @throws Fault `kit.not_found`, `files.bad_range` */
  async download(ctx: Ctx, { fileId, headers }: Flat<typeof files.download>): Promise<Content> {
    return this.#content(await this.own(ctx, fileId), headers);
  }

  async thumbnail(ctx: Ctx, { fileId }: Flat<typeof files.thumbnail>): Promise<Content> {
    const row = await this.own(ctx, fileId);
    if (!row.hasThumbnail) throw notFound();
    const { tenantId, id, sha256 } = row;
    return {
      body: { contentType: "image/webp", stream: this.storage.thumbnail(tenantId, id) },
      headers: { ...headersOf(sha256), "cache-control": "private, max-age=86400" },
    };
  }

  async link(ctx: Ctx, { fileId, ...given }: Flat<typeof files.link>): Promise<Out<typeof files.link>> {
    await this.own(ctx, fileId);
    return this.linkTo(ctx, fileId, given);
  }

  /** An address for a file, whoever is asking: its caller has seen to that. */
  async linkTo(ctx: Ctx, fileId: string, { minutes, once }: { readonly minutes: number; readonly once: boolean }) {
    const expiresAt = new Date(ctx.now().getTime() + minutes * 60_000);
    const passId = once ? newId(ctx.now()) : anyTimes;
    if (once) await ctx.db.insertInto("files_pass").values({ id: passId, fileId, expiresAt }).execute();
    const { id, kind } = ctx.actor;
    const accountId = kind === "account" ? id : nobodys;
    const pass = this.#passes.sign({ tenantId: ctx.tenantId, fileId, accountId, expiresAt, passId });
    return { url: `${this.runtime.env.PUBLIC_URL}/f/${pass}`, expiresAt };
  }

  /**
   * What a link leads to, as long as whoever it was given to may still sign in. A link for one download that breaks off
   * is good again: nobody has the file by it.
   *
   * @throws Fault `files.link_over`, `kit.not_found`, `files.bad_range`
   */
  async open(visitor: Ctx, { pass: text, headers, isHead }: Flat<typeof files.open>): Promise<Content> {
    const pass = this.#passes.read(text);
    if (pass === undefined) throw notFound();
    if (pass.expiresAt <= visitor.now()) throw linkOver();
    const ctx = this.runtime.ctx(pass.tenantId, { traceId: visitor.traceId, signal: visitor.signal });
    if (pass.accountId !== nobodys && (await this.rights.actor(ctx, pass.accountId)) === undefined) throw linkOver();
    const row = await ready(ctx).where("id", "=", pass.fileId).executeTakeFirst();
    if (row === undefined) throw notFound();
    const content = this.#content(row, headers);
    if (pass.passId === anyTimes || isHead) return content;
    const { numDeletedRows } = await ctx.db.deleteFrom("files_pass").where("id", "=", pass.passId).executeTakeFirst();
    if (numDeletedRows === 0n) throw linkOver();
    const { stream } = content.body;
    return { ...content, body: { ...content.body, stream: unlessWhole(stream, () => this.#giveBack(pass)) } };
  }

  async #giveBack({ tenantId, passId: id, fileId, expiresAt }: Pass): Promise<void> {
    // Whoever went away has aborted the call's own ctx.
    const ctx = this.runtime.ctx(tenantId);
    const again = ctx.db.insertInto("files_pass").values({ id, fileId, expiresAt });
    await again.onConflict((on) => on.doNothing()).execute();
  }

  /** Bytes of a file for another module of the server. */
  bytesOf(ctx: Ctx, fileId: string, range?: ByteRange): AsyncIterable<Uint8Array> {
    return this.storage.file(ctx.tenantId, fileId, range);
  }

  /** A file, whoever is asking: its caller has seen to that. @throws Fault `kit.not_found` */
  async find(ctx: Ctx, fileId: string): Promise<FileRow> {
    const row = await ready(ctx).where("id", "=", fileId).executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
  }

  /** What the caller uploaded. @throws Fault `kit.not_found`, also for another account's */
  async own(ctx: Ctx, fileId: string): Promise<FileRow> {
    const row = await ready(ctx).where("id", "=", fileId).where("accountId", "=", ctx.actor.id).executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
  }

  #content({ tenantId, id, name, type, sizeBytes, sha256 }: FileRow, { range: asked }: Range["headers"]): Content {
    const range = rangeOf(asked, sizeBytes);
    const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
    const part = range && { status: 206 as const };
    const stream = this.storage.file(tenantId, id, range);
    const contentType = type.startsWith("text/") ? "application/octet-stream" : type;
    return {
      body: { ...part, contentType, stream, lengthBytes: end - start + 1, fileName: name },
      headers: {
        ...headersOf(sha256),
        "accept-ranges": "bytes",
        ...(range && { "content-range": `bytes ${start}-${end}/${sizeBytes}` }),
      },
    };
  }

  /** The row first, so that whatever breaks, somebody knows of the bytes. What fails leaves neither. */
  async #store(
    ctx: Ctx,
    {
      bytes,
      thumbnail,
      verdict,
      ...values
    }: Omit<NewFile, "bytes"> & {
      readonly bytes: NewFile["bytes"] | Iterable<Uint8Array>;
      readonly thumbnail?: Buffer | undefined;
      /** What is awaited before anybody has it. */
      readonly verdict?: Scanned["verdict"];
      readonly accountId?: string;
      /** What is set aside for it until it is known how long it is; left out for what the server makes. */
      readonly sizeBytes?: number;
    },
  ): Promise<FileRow> {
    const id = await ctx.tx(async (ctx) => {
      if (values.sizeBytes !== undefined) await this.demandRoom(ctx, values.sizeBytes);
      const row = ctx.db.insertInto("files_file").values(values).returning("id");
      return (await row.executeTakeFirstOrThrow()).id;
    });
    try {
      const through = measured(bytes);
      await this.storage.putFile(ctx.tenantId, id, through.bytes);
      if (thumbnail !== undefined) await this.storage.putThumbnail(ctx.tenantId, id, thumbnail);
      await verdict?.();
      // Of somebody who has gone nobody will ask for it.
      ctx.signal.throwIfAborted();
      return await ctx.db
        .updateTable("files_file")
        .set({ ...through.told(), hasThumbnail: thumbnail !== undefined, state: "ready" })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
    } catch (error) {
      // The caller may have gone, and its signal with it: this is the server's own to clean.
      await this.runtime.ctx(ctx.tenantId, { traceId: ctx.traceId }).tx((ctx) => this.drop(ctx, [id]));
      throw error;
    }
  }

  /**
   * Uploads of a tenant ask one after the other, so that many at once take no more than there is.
   *
   * @throws Fault `files.over_quota`, `kit.limit_reached`
   */
  async demandRoom(ctx: TxCtx, bytes: number): Promise<void> {
    await this.limits.demand(ctx, megabytesLimit, bytes / megabyte);
    const megabytes = await this.settings.get(ctx, quotaMegabytes);
    if (megabytes === 0) return;
    const [{ taken } = { taken: 0 }] = await this.afterOthers(
      ctx,
      () => ctx.sql<{ taken: number }>`SELECT coalesce(sum(size_bytes), 0)::float8 AS taken FROM files_file`,
    );
    if (taken + bytes > megabytes * megabyte) throw overQuota({ megabytes });
  }

  /** What all files of the ctx's tenant take. */
  async megabytes(ctx: Ctx): Promise<number> {
    const [row] = await ctx.sql<{ taken: number }>`
      SELECT coalesce(sum(size_bytes), 0)::float8 AS taken FROM files_file`;
    return (row?.taken ?? 0) / megabyte;
  }

  /** Whoever looks how much room there is does so one after the other, until they have taken theirs. */
  async afterOthers<Result>(ctx: TxCtx, look: () => Promise<Result>): Promise<Result> {
    await ctx.lock("files.quota", "");
    return look();
  }

  async #count(ctx: TxCtx, fileId: string, by: 1 | -1): Promise<number> {
    const row = await ctx.db
      .updateTable("files_file")
      .set(({ eb }) => ({ uses: eb("uses", "+", by) }))
      .where("id", "=", fileId)
      .returning("uses")
      .executeTakeFirstOrThrow();
    return row.uses;
  }

  async #one(ctx: Ctx, row: FileRow): Promise<FileView> {
    const [file] = await this.#shown(ctx, [row]);
    if (file === undefined) throw notFound();
    return file;
  }

  async #shown(ctx: Ctx, rows: readonly FileRow[]): Promise<FileView[]> {
    const ids = rows.map(({ id }) => id);
    const uses =
      ids.length === 0 ? [] : await ctx.db.selectFrom("files_use").selectAll().where("fileId", "in", ids).execute();
    const names = await this.accounts.names(
      ctx,
      rows.flatMap(({ accountId }) => accountId ?? []),
    );
    return rows.map(({ accountId, ...row }) => ({
      ...row,
      type: row.type as FileType,
      sha256: row.sha256 ?? "",
      usedBy: uses.filter(({ fileId }) => fileId === row.id).map(({ label }) => label),
      accountName: accountId === null ? null : (names.get(accountId) ?? ""),
      isOwn: accountId === ctx.actor.id,
    }));
  }
}

function headersOf(sha256: string | null) {
  return { "content-security-policy": policy, "cache-control": "private, no-store", etag: `"${sha256 ?? ""}"` };
}

function ready(ctx: Ctx) {
  return ctx.db.selectFrom("files_file").selectAll().where("state", "=", "ready");
}

/** One's own, and everybody's for whoever may manage them. */
function seen(ctx: Ctx) {
  const rows = ctx.db.selectFrom("files_file").where("state", "=", "ready");
  return reaches(ctx.actor, filesManage) ? rows : rows.where("accountId", "=", ctx.actor.id);
}

/** Passes bytes on, and calls `broken` if whoever takes them doesn't take all. */
async function* unlessWhole(bytes: AsyncIterable<Uint8Array>, broken: () => Promise<void>): AsyncGenerator<Uint8Array> {
  let isWhole = false;
  try {
    yield* bytes;
    isWhole = true;
  } finally {
    if (!isWhole) await broken();
  }
}
