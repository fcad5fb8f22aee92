import { exportTypes, fileEnding } from "@zhanggui/kit/contract/export-format";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { harmless } from "@zhanggui/kit/server/csv";
import { ExportWriter } from "@zhanggui/kit/server/export/writer";
import type { FileType } from "../../files/files.contract.ts";
import type { NewFile } from "../../files/files.service.ts";
import type { StorageService } from "../../files/storage.service.ts";
import { RowParts } from "./row-parts.ts";
import type { ImportRow } from "./steps.ts";

const reason = { zh: "原因", en: "Reason" };
type Row = Readonly<Record<string, unknown>>;

/**
 * The rows that failed, as they were, each with why: in the file's own format, to be mended and brought again. Nothing
 * in it is run by whoever opens it.
 */
export async function errorFile(ctx: Ctx, storage: StorageService, row: ImportRow): Promise<NewFile> {
  const { format, language, zone, heads, fileName } = row;
  const labels = [...heads.map((head) => (format === "xlsx" ? head : harmless(head))), reason[language]];
  const columns = labels.map((label, index) => {
    return { name: `${index}`, label: { zh: label, en: label }, kind: "text", isNullable: true };
  });
  const options = { format, columns, language, zone, name: reason[language] };
  // The head of a workbook says how large everything in it is: it is made twice, and never whole in memory.
  const counted = new ExportWriter(options);
  if (format === "xlsx") for await (const page of failedRows(ctx, storage, row)) counted.page(page);
  const writer = format === "xlsx" ? counted : new ExportWriter(options);
  const name = fileName.replace(/\.[^.]*$/, "").slice(0, 150);
  return {
    name: `${name} ${{ zh: "导入失败的行", en: "rows that failed" }[language]}.${fileEnding(format)}`,
    type: exportTypes[format].split(";")[0] as FileType,
    bytes: writer.file(chunks(ctx, storage, row, format === "xlsx" ? new ExportWriter(options) : writer)),
    expiresAt: row.expiresAt,
  };
}

async function* chunks(ctx: Ctx, storage: StorageService, row: ImportRow, writer: ExportWriter) {
  for await (const page of failedRows(ctx, storage, row)) yield writer.page(page);
}

/** In the order of the file, as many at once as a part has. */
async function* failedRows(ctx: Ctx, storage: StorageService, row: ImportRow): AsyncGenerator<Row[], void, undefined> {
  const parts = new RowParts(storage, ctx, row.id);
  let left = row.failed;
  for (const part of row.parts) {
    if (left === 0) return;
    const rows = await parts.read(part);
    const failures = await ctx.db
      .selectFrom("imports_failure")
      .select(["row", "errors"])
      .where("importId", "=", row.id)
      .where("row", ">=", rows[0]?.number ?? 0)
      .where("row", "<=", rows.at(-1)?.number ?? 0)
      .execute();
    if (failures.length === 0) continue;
    left -= failures.length;
    const why = new Map(failures.map(({ row: number, errors }) => [number, said(errors, row)]));
    const failed = rows.filter(({ number }) => why.has(number));
    yield failed.map(({ number, cells }) => ({
      ...Object.fromEntries(row.heads.map((_, index) => [`${index}`, cells[index] ?? ""])),
      [`${row.heads.length}`]: why.get(number),
    }));
  }
}

function said(errors: readonly { column: number | null; text: { zh: string; en: string } }[], row: ImportRow): string {
  const { heads, language } = row;
  const sentences = errors.map(({ column, text }) => {
    if (column === null) return text[language];
    return `${heads[column] ?? ""}${language === "zh" ? "：" : ": "}${text[language]}`;
  });
  return sentences.join(language === "zh" ? "；" : "; ");
}
