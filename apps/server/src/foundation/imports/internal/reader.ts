import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { ImportRoute } from "@zhanggui/kit/server/http/imported-rows";
import { FilesService } from "../../files/files.service.ts";
import { StorageService } from "../../files/storage.service.ts";
import { SettingsService } from "../../settings/settings.service.ts";
import { maxRows } from "../imports.settings.ts";
import { headsOf, type Mapping, proposed } from "./mapping.ts";
import { RowGuard, type RawRow } from "./raw-rows.ts";
import { type RowPart, RowParts } from "./row-parts.ts";
import { type ImportRow } from "./steps.ts";
import { TextFile } from "./text-file.ts";
import { Unreadable } from "./unreadable.ts";
import { Workbook } from "./workbook.ts";

/** What a file holds, once it is read from end to end. */
export interface ReadFile {
  readonly heads: string[];
  readonly mapping: Mapping;
  readonly parts: RowPart[];
  readonly rows: number;
  readonly format: ImportRow["format"];
}

/** Reads files into rows: the first row that holds something are the heads, whatever follows is data. */
@Injectable()
export class Reader {
  constructor(
    private readonly files: FilesService,
    private readonly storage: StorageService,
    private readonly settings: SettingsService,
  ) {}

  /** @throws Unreadable */
  async read(ctx: Ctx, row: ImportRow, route: ImportRoute): Promise<ReadFile> {
    const most = await this.settings.get(ctx, maxRows);
    const text = row.format === "xlsx" ? undefined : new TextFile(this.files.bytesOf(ctx, row.fileId));
    const source = text === undefined ? await this.#workbookRows(ctx, row) : text.rows();
    const guard = new RowGuard();
    let heads: RawRow | undefined;
    let columns = 0;
    let rows = 0;
    const data = async function* (): AsyncGenerator<RawRow, void, undefined> {
      for await (const each of source) {
        ctx.signal.throwIfAborted();
        const { number, cells } = guard.checked(each);
        columns = Math.max(columns, cells.length);
        if (heads === undefined) {
          heads = each;
          continue;
        }
        if ((rows += 1) > most) throw tooManyRows(most);
        yield { number, cells };
      }
    };
    const parts = await new RowParts(this.storage, ctx, row.id).write(data(), () => ctx.now());
    if (heads === undefined || rows === 0)
      throw new Unreadable({
        zh: "文件里没有数据：第一行是列名，其后是数据",
        en: "The file has no rows below its heads",
      });
    const names = headsOf(heads.cells, columns);
    const format = text === undefined ? "xlsx" : text.encoding === "gbk" ? "csv-gbk" : "csv";
    return { heads: names, mapping: proposed(names, route, ctx.actor), parts, rows, format };
  }

  async #workbookRows(ctx: Ctx, { fileId, sizeBytes }: ImportRow): Promise<AsyncIterable<RawRow>> {
    const range = (start: number, end: number) => this.files.bytesOf(ctx, fileId, { start, end });
    return (await Workbook.open(range, sizeBytes)).rows();
  }
}

function tooManyRows(most: number): Unreadable {
  const limit = most.toLocaleString("en");
  return new Unreadable({
    zh: `文件超过 ${limit} 行：请分成几个文件，或请管理员调高设置 imports.maxRows`,
    en: `The file has more than ${limit} rows: divide it, or have imports.maxRows raised`,
  });
}
