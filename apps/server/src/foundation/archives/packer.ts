import { Readable } from "node:stream";
import { constants, crc32, createDeflateRaw } from "node:zlib";
import { Injectable } from "@nestjs/common";
import { conflict, forbidden, notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { type ZipEntry, zipOf } from "@zhanggui/kit/server/export/zip";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Selectable } from "kysely";
import { Rights } from "../access/rights.ts";
import { ExportsService } from "../exports/exports.service.ts";
import { FilesService } from "../files/files.service.ts";
import { StorageService } from "../files/storage.service.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { StepRunner } from "../work/step-runner.ts";
import { going, StepTable } from "../work/step-table.ts";
import { archiveReady, archiveStopped } from "./archives.notifications.ts";
import type { ArchivesTables } from "./archives.tables.ts";

export type ArchiveRow = Selectable<ArchivesTables["archives_archive"]>;
type Content = ArchiveRow["contents"][number];
type Part = ArchiveRow["parts"][number];

export const usedBy = "archives.archive";
const mayNot: LocalizedText = {
  zh: "发起人已没有其中某个文件的权限",
  en: "Whoever asked for it may no longer have one of the files",
};
const gone: LocalizedText = { zh: "其中某个文件已被删除", en: "One of the files is gone" };
export const archiveSteps = new StepTable("archives_archive", "archives.step", {
  [forbidden.code]: mayNot,
  [notFound.code]: gone,
  [conflict.code]: gone,
});
/** Packed already: trying again costs time and saves nothing. */
const packedTypes = /^(?:image\/(?!svg)|video\/|audio\/|application\/(?:zip|pdf|vnd\.openxmlformats))/;

/** Packs files, one in each step: what is packed is a part, and any process goes on behind the last one. */
@Injectable()
export class Packer extends StepRunner<"archives_archive"> {
  constructor(
    runtime: Runtime,
    rights: Rights,
    private readonly files: FilesService,
    private readonly exports: ExportsService,
    private readonly storage: StorageService,
    private readonly notifications: NotificationsService,
  ) {
    super(archiveSteps, runtime, rights);
  }

  /** Whether somebody may have what goes into it. @throws Fault `kit.not_found`, `kit.conflict`, `kit.forbidden` */
  async demand(ctx: Ctx, { fileId, exportId }: Pick<Content, "fileId" | "exportId">) {
    if (exportId === null) return this.files.own(ctx, fileId);
    const made = await this.exports.made(ctx, exportId);
    return this.files.find(ctx, made.fileId);
  }

  protected override async step(ctx: Ctx, row: ArchiveRow): Promise<undefined> {
    const as = await this.demandRequester(ctx, row);
    const next = row.contents[row.parts.length];
    if (next === undefined) await this.#finish(ctx, row);
    else await this.#pack(as, row, next);
  }

  async #pack(ctx: Ctx, row: ArchiveRow, content: Content): Promise<void> {
    const { id: fileId, type } = await this.demand(ctx, content);
    const told = { crc: 0, rawBytes: 0 };
    const source = this.files.bytesOf(ctx, fileId);
    const raw = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of source) {
        ctx.signal.throwIfAborted();
        told.crc = crc32(chunk, told.crc);
        told.rawBytes += chunk.length;
        yield chunk;
      }
    };
    const deflate = createDeflateRaw({ level: packedTypes.test(type) ? constants.Z_NO_COMPRESSION : 6 });
    const input = Readable.from(raw(), { objectMode: false });
    input.once("error", (error) => deflate.destroy(error));
    const part = newId(ctx.now());
    const packedBytes = await this.storage.putPart(ctx.tenantId, row.id, part, input.pipe(deflate), "archives");
    const parts: Part[] = [...row.parts, { id: part, ...told, packedBytes }];
    // One that was paused meanwhile keeps what is packed; one that was called off or goes on elsewhere doesn't want it.
    const { numUpdatedRows } = await ctx.db
      .updateTable("archives_archive")
      .set({ parts: JSON.stringify(parts), sizeBytes: row.sizeBytes + packedBytes })
      .where("turn", "=", row.turn)
      .where("state", "in", [...going, "paused"])
      .where(({ fn }) => fn<number>("jsonb_array_length", ["parts"]), "=", row.parts.length)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) await this.storage.deletePart(ctx.tenantId, row.id, part, "archives");
  }

  /** Puts the parts together. The file and the row that leads to it hold together. */
  async #finish(ctx: Ctx, row: ArchiveRow): Promise<void> {
    const file = await this.files.keep(ctx, {
      name: row.name,
      type: "application/zip",
      bytes: zipOf(this.#entries(row), { zip64: true }),
      expiresAt: row.expiresAt,
    });
    await ctx.tx(async (ctx) => {
      const change = { fileId: file.id, sizeBytes: file.sizeBytes };
      const done = await this.steps.end(ctx, row.turn, undefined, change);
      // Called off meanwhile, or paused at the very end: then it is put together again.
      if (done === undefined) return this.files.drop(ctx, [file.id]);
      await this.files.use(ctx, file.id, { by: usedBy, ref: row.id, label: { zh: "压缩包", en: "Zip" } });
      const told = { to: { accountIds: [row.accountId] }, key: row.id };
      const { id: archiveId, name, contents } = row;
      await this.notifications.notify(ctx, archiveReady, { archiveId, name, files: contents.length }, told);
      return undefined;
    });
    await this.storage.deleteParts(ctx.tenantId, row.id, "archives");
  }

  *#entries({ tenantId, id, contents, parts }: ArchiveRow): Generator<ZipEntry, void, undefined> {
    for (const [index, { id: part, ...sizes }] of parts.entries()) {
      const packed = this.storage.part(tenantId, id, part, "archives");
      yield { name: contents[index]?.name ?? "", ...sizes, packed };
    }
  }

  protected override async end(ctx: TxCtx, turn: string, why: LocalizedText): Promise<void> {
    const row = await this.steps.end(ctx, turn, why);
    if (row === undefined) return;
    const told = { to: { accountIds: [row.accountId] }, key: row.id };
    await this.notifications.notify(ctx, archiveStopped, { archiveId: row.id, name: row.name, why }, told);
  }
}
