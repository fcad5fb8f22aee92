import { Injectable } from "@nestjs/common";
import { accountNeeded, conflict, notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { reaches } from "@zhanggui/kit/server/data-scope";
import { listOf } from "@zhanggui/kit/server/list";
import { AccessService } from "../access/access.service.ts";
import { Tenants } from "../access/tenants.ts";
import { FilesService } from "../files/files.service.ts";
import { StorageService } from "../files/storage.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { fileTooLong, imports, importsManage, mostFailures, mostUnfinished, notATable } from "./imports.contract.ts";
import { deleteParts } from "./imports.jobs.ts";
import { keepDays, maxMegabytes } from "./imports.settings.ts";
import { Batches } from "./internal/batches.ts";
import { errorFile } from "./internal/error-file.ts";
import { sampleRows } from "./internal/limits.ts";
import { RowMapper } from "./internal/mapping.ts";
import { RowParts } from "./internal/row-parts.ts";
import { importSteps, type ImportRow } from "./internal/steps.ts";
import { formatOf, Targets } from "./targets.ts";

type ImportView = Out<typeof imports.pause>;
type Detail = Out<typeof imports.get>;
const usedBy = "imports.import";
const errorsOf = "imports.errors";
const linkMinutes = 10;
const dayMs = 86_400_000;
const megabyte = 1024 * 1024;
const sweptAfterMs = dayMs;

/** Imports as whoever began them checks, runs, stops and forgets them. */
@Injectable()
export class ImportsService {
  constructor(
    private readonly targets: Targets,
    private readonly batches: Batches,
    private readonly files: FilesService,
    private readonly storage: StorageService,
    private readonly accounts: AccessService,
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof imports.list>): Promise<Out<typeof imports.list>> {
    return listOf(ctx, imports.list, query, seen(ctx).selectAll(), {
      filters: { isOwn: (rows, isOwn) => rows("item.accountId", isOwn ? "=" : "!=", ctx.actor.id) },
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /**
   * @throws Fault `imports.no_such_target`; `kit.forbidden` to whoever may not add such things; `kit.not_found` for
   *   another's file; `imports.not_a_table`, `imports.file_too_large`; `kit.too_many_requests`
   */
  async create(ctx: Ctx, { target, fileId, language, zone }: Flat<typeof imports.create>): Promise<ImportView> {
    // It goes on with what somebody may do by then.
    if (ctx.actor.kind !== "account") throw accountNeeded();
    this.targets.find(ctx, target);
    const file = await this.files.own(ctx, fileId);
    const format = formatOf(file.type);
    if (format === undefined) throw notATable();
    const megabytes = await this.settings.get(ctx, maxMegabytes);
    if (file.sizeBytes > megabytes * megabyte) throw fileTooLong({ megabytes });
    const days = await this.settings.get(ctx, keepDays);
    const { zh, en } = this.targets.nameOf(target);
    const clock = zone ?? (await this.tenants.get(ctx.tenantId)).zone;
    const row = await ctx.tx(async (ctx) => {
      await ctx.lock("imports.create", ctx.actor.id);
      await importSteps.demandRoom(ctx, mostUnfinished);
      const made = await ctx.db
        .insertInto("imports_import")
        .values({
          accountId: ctx.actor.id,
          target,
          fileId,
          fileName: file.name,
          sizeBytes: file.sizeBytes,
          sha256: file.sha256 ?? "",
          format,
          language,
          zone: clock,
          traceId: ctx.traceId,
          expiresAt: new Date(ctx.now().getTime() + days * dayMs),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await this.files.use(ctx, fileId, {
        by: usedBy,
        ref: made.id,
        label: { zh: `导入：${zh}`, en: `Import: ${en}` },
      });
      await ctx.queueTask(importSteps.queue, made.turn);
      return made;
    });
    return this.#one(ctx, row);
  }

  /** @throws Fault `kit.not_found`, also for another account's to whoever may not see it */
  async get(ctx: Ctx, { importId }: Flat<typeof imports.get>): Promise<Detail> {
    const row = await seen(ctx).selectAll().where("id", "=", importId).executeTakeFirst();
    if (row === undefined) throw notFound();
    const view = await this.#one(ctx, row);
    if (row.accountId !== ctx.actor.id)
      return { ...view, heads: [], mapping: [], sample: [], failures: [], before: null };
    const failures = await ctx.db
      .selectFrom("imports_failure")
      .select(["row", "errors"])
      .where("importId", "=", importId)
      .orderBy("row")
      .limit(mostFailures)
      .execute();
    const sample = (await this.#sample(ctx, row)).map(({ number, cells }) => ({
      row: number,
      cells: row.heads.map((_, index) => String(cells[index] ?? "").slice(0, 200)),
    }));
    const { heads, mapping } = row;
    return { ...view, heads, mapping, sample, failures, before: await this.#before(ctx, row) };
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` before the file is read; `imports.bad_mapping`; `kit.forbidden` */
  async preview(ctx: Ctx, { importId, mapping }: Flat<typeof imports.preview>): Promise<Out<typeof imports.preview>> {
    const row = await ownRow(ctx, importId);
    if (row.parts.length === 0) throw conflict();
    const mapper = this.#mapper(ctx, row, mapping);
    const found = this.batches.errorsOf(ctx, mapper, await this.#sample(ctx, row));
    return { items: found.filter(({ errors }) => errors.length > 0) };
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` unless it waits for this; `imports.bad_mapping`; `kit.forbidden` */
  async check(ctx: Ctx, { importId, mapping, existing }: Flat<typeof imports.check>): Promise<ImportView> {
    return this.#begin(ctx, importId, (row) => {
      this.#mapper(ctx, row, mapping);
      return { phase: "checking", mapping: JSON.stringify(mapping), existing, checked: null };
    });
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that wasn't checked; `kit.forbidden` */
  run(ctx: Ctx, { importId }: Flat<typeof imports.run>): Promise<ImportView> {
    return this.#begin(ctx, importId, (row) => {
      if (row.checked === null) throw conflict();
      this.#mapper(ctx, row, row.mapping);
      return { phase: "importing" };
    });
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that is paused or over */
  pause(ctx: Ctx, { importId }: Flat<typeof imports.pause>): Promise<ImportView> {
    return this.#move(ctx, importId, "paused");
  }

  /**
   * Also what has failed, once its reason is gone: with the rows that are left.
   *
   * @throws Fault `kit.not_found`; `kit.conflict` for one that is neither, or whose file couldn't be read;
   *   `kit.too_many_requests`
   */
  resume(ctx: Ctx, { importId }: Flat<typeof imports.resume>): Promise<ImportView> {
    return this.#move(ctx, importId, "waiting");
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that is over */
  cancel(ctx: Ctx, { importId }: Flat<typeof imports.cancel>): Promise<ImportView> {
    return this.#move(ctx, importId, "cancelled");
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` while rows are gone through, and where none failed */
  async errors(ctx: Ctx, { importId }: Flat<typeof imports.errors>): Promise<Out<typeof imports.errors>> {
    const row = await ownRow(ctx, importId);
    this.targets.find(ctx, row.target);
    if (row.failed === 0 || row.state === "waiting" || row.state === "running") throw conflict();
    const fileId =
      row.errorFileRows === row.failed && row.errorFileId !== null ? row.errorFileId : await this.#errors(ctx, row);
    await auditAct(ctx, { kind: "exported", details: { importId } });
    return this.files.linkTo(ctx, fileId, { minutes: linkMinutes, once: true });
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that is under way */
  delete(ctx: Ctx, { importId }: Flat<typeof imports.delete>): Promise<Record<string, never>> {
    return ctx.tx(async (ctx) => {
      const row = await own(ctx).selectAll().where("id", "=", importId).forUpdate().executeTakeFirst();
      if (row === undefined) throw notFound();
      if (row.state === "waiting" || row.state === "running") throw conflict();
      await this.#drop(ctx, row);
      return {};
    });
  }

  /** What is kept no longer goes, and rows of imports that have gone. */
  tend(): Promise<void> {
    return this.tenants.eachWritable(async (ctx) => {
      await importSteps.expire(ctx, (ctx, row) => this.#drop(ctx, row));
      const before = new Date(ctx.now().getTime() - sweptAfterMs);
      for await (const work of this.storage.worksBefore(ctx.tenantId, before, "imports")) {
        const row = await ctx.db.selectFrom("imports_import").select("id").where("id", "=", work).executeTakeFirst();
        if (row === undefined) await this.storage.deleteParts(ctx.tenantId, work, "imports");
      }
    });
  }

  async deleteParts({ tenantId }: Ctx, { importId }: { readonly importId: string }): Promise<void> {
    await this.storage.deleteParts(tenantId, importId, "imports");
  }

  /** Whether the caller may still do it, and whether the columns fit. */
  #mapper(ctx: Ctx, row: ImportRow, mapping: readonly (string | null)[]): RowMapper {
    return new RowMapper(this.targets.find(ctx, row.target), mapping, row.heads.length, row.zone, ctx.actor);
  }

  async #sample(ctx: Ctx, { id, parts }: ImportRow) {
    const [first] = parts;
    return first === undefined ? [] : (await new RowParts(this.storage, ctx, id).read(first)).slice(0, sampleRows);
  }

  async #before(ctx: Ctx, { id, target, sha256 }: ImportRow): Promise<Detail["before"]> {
    const before = await ctx.db
      .selectFrom("imports_import")
      .select(["accountId", "createdAt"])
      .where("target", "=", target)
      .where("sha256", "=", sha256)
      .where("phase", "=", "importing")
      .where("id", "<", id)
      .orderBy("id", "desc")
      .executeTakeFirst();
    if (before === undefined) return null;
    const names = await this.accounts.names(ctx, [before.accountId]);
    return { at: before.createdAt, name: names.get(before.accountId) ?? "" };
  }

  /** Begins a phase: what the one before found is forgotten. */
  async #begin(
    ctx: Ctx,
    importId: string,
    phaseOf: (row: ImportRow) => { readonly phase: ImportRow["phase"] } & object,
  ): Promise<ImportView> {
    const begun = await ctx.tx(async (ctx) => {
      const row = await own(ctx).selectAll().where("id", "=", importId).forUpdate().executeTakeFirst();
      if (row === undefined) throw notFound();
      if (row.state !== "ready") throw conflict();
      const phase = phaseOf(row);
      await ctx.lock("imports.create", ctx.actor.id);
      await importSteps.demandRoom(ctx, mostUnfinished);
      await ctx.db.deleteFrom("imports_failure").where("importId", "=", importId).execute();
      await ctx.db.deleteFrom("imports_key").where("importId", "=", importId).execute();
      await this.#releaseErrors(ctx, row);
      const turn = newId(ctx.now());
      const zero = { done: 0, created: 0, updated: 0, skipped: 0, failed: 0 };
      const now = await ctx.db
        .updateTable("imports_import")
        .set({ ...phase, ...zero, state: "waiting", turn, errorFileId: null, errorFileRows: null })
        .where("id", "=", importId)
        .returningAll()
        .executeTakeFirstOrThrow();
      await ctx.queueTask(importSteps.queue, turn);
      return now;
    });
    return this.#one(ctx, begun);
  }

  async #move(ctx: Ctx, id: string, to: "paused" | "waiting" | "cancelled"): Promise<ImportView> {
    const row = await ctx.tx(async (ctx) => {
      const known = await seen(ctx).select(["phase", "state"]).where("id", "=", id).executeTakeFirst();
      if (known === undefined) throw notFound();
      if (known.state === "failed") {
        if (known.phase === "reading") throw conflict();
        await ctx.lock("imports.create", ctx.actor.id);
        await importSteps.demandRoom(ctx, mostUnfinished);
      }
      return importSteps.move(ctx, id, to);
    });
    return this.#one(ctx, row);
  }

  async #errors(ctx: Ctx, row: ImportRow): Promise<string> {
    const file = await this.files.keep(ctx, await errorFile(ctx, this.storage, row));
    const { zh, en } = this.targets.nameOf(row.target);
    return ctx.tx(async (ctx) => {
      const now = await own(ctx).selectAll().where("id", "=", row.id).forUpdate().executeTakeFirst();
      if (now === undefined) throw notFound();
      await this.#releaseErrors(ctx, now);
      const label = { zh: `导入失败的行：${zh}`, en: `Rows that failed: ${en}` };
      await this.files.use(ctx, file.id, { by: errorsOf, ref: row.id, label });
      const change = { errorFileId: file.id, errorFileRows: row.failed };
      await ctx.db.updateTable("imports_import").set(change).where("id", "=", row.id).execute();
      return file.id;
    });
  }

  async #releaseErrors(ctx: TxCtx, { id, errorFileId }: ImportRow): Promise<void> {
    if (errorFileId !== null) await this.files.release(ctx, errorFileId, { by: errorsOf, ref: id });
  }

  async #drop(ctx: TxCtx, row: ImportRow): Promise<void> {
    await this.#releaseErrors(ctx, row);
    await this.files.release(ctx, row.fileId, { by: usedBy, ref: row.id });
    await ctx.db.deleteFrom("imports_import").where("id", "=", row.id).execute();
    await ctx.enqueue(deleteParts, { importId: row.id });
  }

  async #one(ctx: Ctx, row: ImportRow): Promise<ImportView> {
    const [shown] = await this.#shown(ctx, [row]);
    if (shown === undefined) throw notFound();
    return shown;
  }

  async #shown(ctx: Ctx, rows: readonly ImportRow[]): Promise<ImportView[]> {
    const names = await this.accounts.names(
      ctx,
      rows.map(({ accountId }) => accountId),
    );
    return rows.map(({ accountId, ...row }) => ({
      ...row,
      list: this.targets.listOf(row.target),
      noun: this.targets.nounOf(row.target),
      accountName: names.get(accountId) ?? "",
      isOwn: accountId === ctx.actor.id,
    }));
  }
}

function own(ctx: Ctx) {
  return ctx.db.selectFrom("imports_import").where("accountId", "=", ctx.actor.id);
}

/** @throws Fault `kit.not_found`, also for another account's */
async function ownRow(ctx: Ctx, importId: string): Promise<ImportRow> {
  const row = await own(ctx).selectAll().where("id", "=", importId).executeTakeFirst();
  if (row === undefined) throw notFound();
  return row;
}

/** One's own, and everybody's for whoever may manage them. */
function seen(ctx: Ctx) {
  const rows = ctx.db.selectFrom("imports_import");
  return reaches(ctx.actor, importsManage) ? rows : rows.where("accountId", "=", ctx.actor.id);
}
