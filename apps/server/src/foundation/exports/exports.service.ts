import { Injectable } from "@nestjs/common";
import { businessDay, defaultZone } from "@zhanggui/kit/contract/business-day";
import { conflict, forbidden, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { auditAct, narrowedTo } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { columnsOf, queryAgain } from "@zhanggui/kit/server/http/list-export";
import { Routes } from "@zhanggui/kit/server/http/routes";
import { listOf } from "@zhanggui/kit/server/list";
import { Tenants } from "../access/tenants.ts";
import { FilesService } from "../files/files.service.ts";
import { StorageService } from "../files/storage.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { exports, mostUnfinished, noSuchList } from "./exports.contract.ts";
import { deleteParts } from "./exports.jobs.ts";
import { type ExportRow, exportSteps, usedBy } from "./maker.ts";
import { keepDays } from "./exports.settings.ts";
import { mayStill, rightsOf, samenessOf } from "./sameness.ts";

type ExportView = Out<typeof exports.get>;
const linkMinutes = 10;
const sweptAfterMs = 24 * 3_600_000;

/** Lists that are made into files in the background, as whoever asked for them sees, fetches and deletes them. */
@Injectable()
export class ExportsService {
  constructor(
    private readonly routes: Routes,
    private readonly files: FilesService,
    private readonly storage: StorageService,
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof exports.list>): Promise<Out<typeof exports.list>> {
    return listOf(ctx, exports.list, query, own(ctx).selectAll(), {
      present: (rows) => rows.map((row) => this.#view(row)),
    });
  }

  async get(ctx: Ctx, { exportId }: Flat<typeof exports.get>): Promise<ExportView> {
    return this.#view(await find(ctx, exportId));
  }

  /**
   * @throws Fault `exports.no_such_list`; `kit.forbidden` for a list, a filter or an order that isn't the caller's to see;
   *   `kit.invalid_input` for a query that the list doesn't take; `kit.too_many_requests`
   */
  async create(ctx: Ctx, given: Flat<typeof exports.create>): Promise<Out<typeof exports.create>> {
    const route = this.routes.lists.get(given.list);
    if (route === undefined) throw noSuchList();
    const { list, params, query, format, language, zone = defaultZone } = given;
    const asked = { params, query };
    queryAgain(route, asked, ctx.actor);
    const columns = columnsOf(route.list, given.columns, ctx.actor).map(({ name }) => name);
    if (columns.length === 0) throw forbidden({ permission: "" });
    const same = samenessOf({ list, asked, columns, format, language, zone }, ctx.actor);
    const { zone: tenantZone } = await this.tenants.get(ctx.tenantId);
    const day = businessDay(ctx.now(), tenantZone);
    return ctx.tx(async (ctx) => {
      await ctx.lock("exports.create", ctx.actor.id);
      const known = given.anew ? undefined : await sameOf(ctx, same, day);
      if (known !== undefined) return { ...this.#view(known), isReused: true };
      await exportSteps.demandRoom(ctx, mostUnfinished);
      const made = await ctx.db
        .insertInto("exports_export")
        .values({
          accountId: ctx.actor.id,
          list,
          asked: JSON.stringify(asked),
          columns: JSON.stringify(columns),
          rights: JSON.stringify(rightsOf(ctx.actor)),
          format,
          language,
          zone,
          same,
          day,
          traceId: ctx.traceId,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await ctx.queueTask(exportSteps.queue, made.turn);
      await auditAct(ctx, {
        kind: "exported",
        details: { ...params, ...narrowedTo(query ?? {}), list, format, columns },
      });
      return { ...this.#view(made), isReused: false };
    });
  }

  /** It is kept as long as a file is. @throws Fault `kit.not_found`; `kit.conflict` for one that is paused or over */
  pause(ctx: Ctx, { exportId }: Flat<typeof exports.pause>): Promise<ExportView> {
    return this.#move(ctx, exportId, "paused");
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that isn't paused */
  resume(ctx: Ctx, { exportId }: Flat<typeof exports.resume>): Promise<ExportView> {
    return this.#move(ctx, exportId, "waiting");
  }

  /** @throws Fault `kit.not_found`, also for one that is kept no longer; `kit.conflict` until it is made; `kit.forbidden` to who may no longer see what is in it */
  async download(ctx: Ctx, { exportId }: Flat<typeof exports.download>): Promise<Out<typeof exports.download>> {
    const row = await this.made(ctx, exportId);
    await auditAct(ctx, { kind: "exported", details: { exportId, list: row.list, format: row.format } });
    return this.files.linkTo(ctx, row.fileId, { minutes: linkMinutes, once: true });
  }

  /** One that is made, to whoever may still see what is in it. @throws Fault as `download` does */
  async made(ctx: Ctx, exportId: string): Promise<ExportRow & { readonly fileId: string }> {
    const row = await find(ctx, exportId);
    const { fileId } = row;
    if (fileId === null) throw conflict();
    if (row.expiresAt !== null && row.expiresAt <= ctx.now()) throw notFound();
    const route = this.routes.lists.get(row.list);
    if (route === undefined) throw notFound();
    queryAgain(route, row.asked, ctx.actor);
    const columns = columnsOf(route.list, row.columns, ctx.actor);
    if (columns.length !== row.columns.length || !mayStill(row.rights, ctx.actor)) throw forbidden({ permission: "" });
    return { ...row, fileId };
  }

  /** @throws Fault `kit.not_found` */
  delete(ctx: Ctx, { exportId }: Flat<typeof exports.delete>): Promise<Record<string, never>> {
    return ctx.tx(async (ctx) => {
      const row = await own(ctx).selectAll().where("id", "=", exportId).forUpdate().executeTakeFirst();
      if (row === undefined) throw notFound();
      await this.#drop(ctx, row);
      return {};
    });
  }

  /** What is kept no longer goes, and parts of what has gone. */
  tend(): Promise<void> {
    return this.tenants.eachWritable(async (ctx) => {
      await exportSteps.expire(ctx, (ctx, row) => this.#drop(ctx, row));
      const before = new Date(ctx.now().getTime() - sweptAfterMs);
      for await (const work of this.storage.worksBefore(ctx.tenantId, before)) {
        const row = await ctx.db.selectFrom("exports_export").select("parts").where("id", "=", work).executeTakeFirst();
        if (row === undefined || row.parts.length === 0) await this.storage.deleteParts(ctx.tenantId, work);
      }
    });
  }

  async deleteParts({ tenantId }: Ctx, { exportId }: { readonly exportId: string }): Promise<void> {
    await this.storage.deleteParts(tenantId, exportId);
  }

  async #drop(ctx: TxCtx, { id, fileId }: ExportRow): Promise<void> {
    await ctx.db.deleteFrom("exports_export").where("id", "=", id).execute();
    if (fileId !== null) await this.files.release(ctx, fileId, { by: usedBy, ref: id });
    await ctx.enqueue(deleteParts, { exportId: id });
  }

  #move(ctx: Ctx, id: string, to: "paused" | "waiting"): Promise<ExportView> {
    return ctx.tx(async (ctx) => {
      await find(ctx, id);
      const keptMs = (await this.settings.get(ctx, keepDays)) * 24 * 3_600_000;
      const expiresAt = to === "waiting" ? null : new Date(ctx.now().getTime() + keptMs);
      return this.#view(await exportSteps.move(ctx, id, to, { expiresAt }));
    });
  }

  #view(row: ExportRow): ExportView {
    const noun = this.routes.lists.get(row.list)?.list.noun;
    const what = noun === undefined ? { zh: row.list, en: row.list } : { zh: noun.zh, en: noun.plural };
    return { ...row, what };
  }
}

function own(ctx: Ctx) {
  return ctx.db.selectFrom("exports_export").where("accountId", "=", ctx.actor.id);
}

async function find(ctx: Ctx, id: string): Promise<ExportRow> {
  return own(ctx)
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirstOrThrow(() => notFound());
}

/** The latest of the day; not one that stopped, and not one that is about to go. */
function sameOf(ctx: Ctx, same: string, day: string): Promise<ExportRow | undefined> {
  return own(ctx)
    .selectAll()
    .where("same", "=", same)
    .where("day", "=", day)
    .where("state", "!=", "failed")
    .where((eb) => eb.or([eb("expiresAt", "is", null), eb("expiresAt", ">", ctx.now())]))
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
}
