import { Injectable } from "@nestjs/common";
import { accountNeeded, conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { Tenants } from "../access/tenants.ts";
import { FilesService } from "../files/files.service.ts";
import { StorageService } from "../files/storage.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import {
  archives,
  archiveTooLarge,
  mostBytes,
  mostKept,
  mostUnfinished,
  tooLargeDetails,
  tooManyKept,
} from "./archives.contract.ts";
import { deleteParts } from "./archives.jobs.ts";
import { keepDays } from "./archives.settings.ts";
import { safeName, uniqueNames } from "./internal/names.ts";
import { type ArchiveRow, archiveSteps, Packer, usedBy } from "./packer.ts";

type ArchiveView = Out<typeof archives.get>;
const linkMinutes = 10;
const dayMs = 86_400_000;

/** Several files as one zip, as whoever asked for it sees, fetches and deletes it. */
@Injectable()
export class ArchivesService {
  constructor(
    private readonly packer: Packer,
    private readonly files: FilesService,
    private readonly storage: StorageService,
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof archives.list>): Promise<Out<typeof archives.list>> {
    return listOf(ctx, archives.list, query, own(ctx).selectAll(), { present: (rows) => rows.map(view) });
  }

  async get(ctx: Ctx, { archiveId }: Flat<typeof archives.get>): Promise<ArchiveView> {
    return view(await find(ctx, archiveId));
  }

  /**
   * @throws Fault `kit.not_found` for a file or an export that isn't the caller's; `kit.conflict` for an export that
   *   isn't made; `kit.forbidden` for one that the caller may no longer see; `archives.too_large`;
   *   `archives.too_many`; `kit.too_many_requests`
   */
  async create(ctx: Ctx, { name, fileIds, exportIds }: Flat<typeof archives.create>): Promise<ArchiveView> {
    // It is packed with what somebody may have by then.
    if (ctx.actor.kind !== "account") throw accountNeeded();
    const asked = [
      ...[...new Set(fileIds)].map((fileId) => ({ fileId, exportId: null })),
      ...[...new Set(exportIds)].map((exportId) => ({ fileId: exportId, exportId })),
    ];
    const found = [];
    for (const each of asked) found.push({ ...each, file: await this.packer.demand(ctx, each) });
    if (found.reduce((sum, { file }) => sum + file.sizeBytes, 0) > mostBytes) throw archiveTooLarge(tooLargeDetails);
    const names = uniqueNames(found.map(({ file }) => file.name));
    const contents = found.map(({ file, exportId }, index) => ({
      fileId: file.id,
      name: names[index] ?? "",
      exportId,
    }));
    const days = await this.settings.get(ctx, keepDays);
    return ctx.tx(async (ctx) => {
      await ctx.lock("archives.create", ctx.actor.id);
      await archiveSteps.demandRoom(ctx, mostUnfinished);
      const kept = await own(ctx).select("id").limit(mostKept).execute();
      if (kept.length >= mostKept) throw tooManyKept({ most: mostKept });
      const made = await ctx.db
        .insertInto("archives_archive")
        .values({
          accountId: ctx.actor.id,
          name: `${safeName(name).replace(/\.zip$/i, "")}.zip`,
          contents: JSON.stringify(contents),
          traceId: ctx.traceId,
          expiresAt: new Date(ctx.now().getTime() + days * dayMs),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await ctx.queueTask(archiveSteps.queue, made.turn);
      return view(made);
    });
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that is paused or over */
  pause(ctx: Ctx, { archiveId }: Flat<typeof archives.pause>): Promise<ArchiveView> {
    return move(ctx, archiveId, "paused");
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that isn't paused */
  resume(ctx: Ctx, { archiveId }: Flat<typeof archives.resume>): Promise<ArchiveView> {
    return move(ctx, archiveId, "waiting");
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` until it is made; `kit.forbidden` to who may no longer have a part of it */
  async download(ctx: Ctx, { archiveId }: Flat<typeof archives.download>): Promise<Out<typeof archives.download>> {
    const row = await find(ctx, archiveId);
    if (row.fileId === null) throw conflict();
    if (row.expiresAt <= ctx.now()) throw notFound();
    // One's own files one may have for ever; what an export shows is for whoever may see it now.
    for (const content of row.contents) if (content.exportId !== null) await this.packer.demand(ctx, content);
    await auditAct(ctx, { kind: "exported", details: { archiveId, files: row.contents.length } });
    return this.files.linkTo(ctx, row.fileId, { minutes: linkMinutes, once: true });
  }

  /** @throws Fault `kit.not_found` */
  delete(ctx: Ctx, { archiveId }: Flat<typeof archives.delete>): Promise<Record<string, never>> {
    return ctx.tx(async (ctx) => {
      const row = await own(ctx).selectAll().where("id", "=", archiveId).forUpdate().executeTakeFirst();
      if (row === undefined) throw notFound();
      await this.#drop(ctx, row);
      return {};
    });
  }

  /** What is kept no longer goes, and parts of what has gone. */
  tend(): Promise<void> {
    return this.tenants.eachWritable(async (ctx) => {
      await archiveSteps.expire(ctx, (ctx, row) => this.#drop(ctx, row));
      const before = new Date(ctx.now().getTime() - dayMs);
      for await (const work of this.storage.worksBefore(ctx.tenantId, before, "archives")) {
        const row = await ctx.db.selectFrom("archives_archive").select("id").where("id", "=", work).executeTakeFirst();
        if (row === undefined) await this.storage.deleteParts(ctx.tenantId, work, "archives");
      }
    });
  }

  async deleteParts({ tenantId }: Ctx, { archiveId }: { readonly archiveId: string }): Promise<void> {
    await this.storage.deleteParts(tenantId, archiveId, "archives");
  }

  async #drop(ctx: TxCtx, { id, fileId }: ArchiveRow): Promise<void> {
    if (fileId !== null) await this.files.release(ctx, fileId, { by: usedBy, ref: id });
    await ctx.db.deleteFrom("archives_archive").where("id", "=", id).execute();
    await ctx.enqueue(deleteParts, { archiveId: id });
  }
}

async function move(ctx: Ctx, id: string, to: "paused" | "waiting"): Promise<ArchiveView> {
  return ctx.tx(async (ctx) => {
    await find(ctx, id);
    return view(await archiveSteps.move(ctx, id, to));
  });
}

function own(ctx: Ctx) {
  return ctx.db.selectFrom("archives_archive").where("accountId", "=", ctx.actor.id);
}

/** @throws Fault `kit.not_found`, also for another account's */
async function find(ctx: Ctx, archiveId: string): Promise<ArchiveRow> {
  const row = await own(ctx).selectAll().where("id", "=", archiveId).executeTakeFirst();
  if (row === undefined) throw notFound();
  return row;
}

function view<Row extends Pick<ArchiveRow, "contents" | "parts" | "fileId">>({ contents, parts, ...row }: Row) {
  const packed = row.fileId === null ? parts.length : contents.length;
  return { ...row, files: contents.length, packed };
}
