import { Injectable } from "@nestjs/common";
import { exportTypes, fileEnding } from "@zhanggui/kit/contract/export-format";
import { forbidden, invalidInput, notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/new-id";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Actor, Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { ExportWriter } from "@zhanggui/kit/server/export/writer";
import { columnsOf, queryAgain } from "@zhanggui/kit/server/http/list-export";
import { Routes } from "@zhanggui/kit/server/http/routes";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Selectable } from "kysely";
import { Rights } from "../access/rights.ts";
import type { FileType } from "../files/files.contract.ts";
import { FilesService } from "../files/files.service.ts";
import { StorageService } from "../files/storage.service.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { StepRunner } from "../work/step-runner.ts";
import { going, StepTable } from "../work/step-table.ts";
import { exportReady, exportStopped } from "./exports.notifications.ts";
import { keepDays } from "./exports.settings.ts";
import type { ExportsTables } from "./exports.tables.ts";
import { mayStill } from "./sameness.ts";

export type ExportRow = Selectable<ExportsTables["exports_export"]>;
export const usedBy = "exports.export";
/** Pages of a step: so much is made anew if the process dies. */
const pagesAtOnce = 20;
/** No further page once a step holds so much: rows may be long. */
const mostStepBytes = 16 * 1024 * 1024;
const dayMs = 86_400_000;

const rightsChanged: LocalizedText = {
  zh: "您的权限已减少，请重新导出",
  en: "You may see less than when it began: export anew",
};
const tooLarge: LocalizedText = {
  zh: "文件超过 4 GB，请缩小范围，或导出为 CSV",
  en: "The file is larger than 4 GB: narrow the list, or choose CSV",
};
const mayNot: LocalizedText = { zh: "您已没有查看此列表的权限", en: "You may no longer see this list" };
export const exportSteps = new StepTable("exports_export", "exports.step", {
  [forbidden.code]: mayNot,
  [invalidInput.code]: {
    zh: "列表的筛选条件已失效，请重新筛选",
    en: "The filters of the list no longer work: filter it again",
  },
  [notFound.code]: { zh: "此列表已不可用", en: "This list is no longer available" },
});

/** Makes exports, step by step: what a step made, and how far the export is, hold together or not at all. */
@Injectable()
export class Maker extends StepRunner<"exports_export"> {
  constructor(
    runtime: Runtime,
    rights: Rights,
    private readonly routes: Routes,
    private readonly files: FilesService,
    private readonly storage: StorageService,
    private readonly settings: SettingsService,
    private readonly notifications: NotificationsService,
  ) {
    super(exportSteps, runtime, rights);
  }

  protected override async step(ctx: Ctx, row: ExportRow): Promise<LocalizedText | undefined> {
    const as = await this.demandRequester(ctx, row);
    const writer = this.#writer(row, as.actor);
    if (writer === undefined) return rightsChanged;
    if (row.isRead) await this.#finish(ctx, row, writer);
    else await this.#more(as, row, writer);
    return undefined;
  }

  protected override reasonOf(error: unknown): LocalizedText | undefined {
    return error instanceof RangeError ? tooLarge : super.reasonOf(error);
  }

  /** Undefined if its reader may see less by now than when it began. */
  #writer({ list: id, asked, columns: names, rights, format, language, zone, writer }: ExportRow, actor: Actor) {
    const route = this.routes.lists.get(id);
    if (route === undefined) throw notFound();
    queryAgain(route, asked, actor);
    const { list } = route;
    const columns = columnsOf(list, names, actor);
    if (columns.length !== names.length || !mayStill(rights, actor)) return undefined;
    const name = language === "zh" ? list.noun.zh : list.noun.plural;
    return new ExportWriter({ format, columns, language, zone, name }, writer);
  }

  /** Reads some pages and stores them as a part; only then the row says that they are there. */
  async #more(ctx: Ctx, row: ExportRow, writer: ExportWriter): Promise<void> {
    const chunks: Uint8Array[] = [];
    let { cursor, expected } = row;
    let isRead = false;
    let held = 0;
    for (let pages = 0; pages < pagesAtOnce && held < mostStepBytes && !isRead; pages += 1) {
      ctx.signal.throwIfAborted();
      const page = await this.routes.listPage(ctx, row.list, row.asked, cursor ?? undefined);
      const chunk = writer.page(page.items);
      chunks.push(chunk);
      held += chunk.length;
      expected ??= page.total ?? null;
      cursor = page.next;
      isRead = page.next === null;
    }
    const part = newId(ctx.now());
    const bytes = await this.storage.putPart(ctx.tenantId, row.id, part, chunks);
    // One that was paused meanwhile keeps what is made; one that was called off, or goes on elsewhere, doesn't want it.
    const { numUpdatedRows } = await ctx.db
      .updateTable("exports_export")
      .set({
        cursor,
        expected,
        isRead,
        parts: JSON.stringify([...row.parts, part]),
        writer: JSON.stringify(writer.state),
        rows: writer.state.rows,
        sizeBytes: row.sizeBytes + bytes,
      })
      .where("turn", "=", row.turn)
      .where("state", "in", [...going, "paused"])
      .where("rows", "=", row.rows)
      .where("isRead", "=", false)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) await this.storage.deletePart(ctx.tenantId, row.id, part);
  }

  /** Puts the parts together. The file and the row that leads to it hold together. */
  async #finish(ctx: Ctx, row: ExportRow, writer: ExportWriter): Promise<void> {
    const name = this.#nameOf(row.list);
    const { format, language } = row;
    const { day } = row;
    const expiresAt = new Date(ctx.now().getTime() + (await this.settings.get(ctx, keepDays)) * dayMs);
    const file = await this.files.keep(ctx, {
      name: `${name[language]} ${day}.${fileEnding(format)}`,
      type: exportTypes[format].split(";")[0] as FileType,
      bytes: writer.file(this.#parts(row)),
      expiresAt,
    });
    await ctx.tx(async (ctx) => {
      const change = { fileId: file.id, parts: "[]", sizeBytes: file.sizeBytes, expiresAt };
      const done = await this.steps.end(ctx, row.turn, undefined, change);
      // Called off meanwhile, or paused at the very end: then it is put together again.
      if (done === undefined) return this.files.drop(ctx, [file.id]);
      await this.files.use(ctx, file.id, {
        by: usedBy,
        ref: row.id,
        label: { zh: `导出：${name.zh}`, en: `Export: ${name.en}` },
      });
      const notice = { to: { accountIds: [row.accountId] }, key: row.id };
      await this.notifications.notify(ctx, exportReady, { exportId: row.id, what: name, rows: row.rows }, notice);
      return undefined;
    });
    await this.storage.deleteParts(ctx.tenantId, row.id);
  }

  async *#parts({ tenantId, id, parts }: ExportRow): AsyncGenerator<Uint8Array, void, undefined> {
    for (const part of parts) yield* this.storage.part(tenantId, id, part);
  }

  protected override async end(ctx: TxCtx, turn: string, why: LocalizedText): Promise<void> {
    const expiresAt = new Date(ctx.now().getTime() + (await this.settings.get(ctx, keepDays)) * dayMs);
    const row = await this.steps.end(ctx, turn, why, { expiresAt });
    if (row === undefined) return;
    const notice = { to: { accountIds: [row.accountId] }, key: row.id };
    const told = { exportId: row.id, what: this.#nameOf(row.list), why };
    await this.notifications.notify(ctx, exportStopped, told, notice);
  }

  #nameOf(list: string): LocalizedText {
    const noun = this.routes.lists.get(list)?.list.noun;
    return noun === undefined ? { zh: list, en: list } : { zh: noun.zh, en: noun.plural };
  }
}
