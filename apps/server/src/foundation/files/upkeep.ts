import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Tenants } from "../access/tenants.ts";
import { FilesService } from "./files.service.ts";
import { StorageService } from "./storage.service.ts";
import { Uploads } from "./uploads.ts";

/** So long a file waits for something to use it, and bytes for their row. */
const waitsMs = 24 * 3_600_000;
const batch = 500;

/** Keeps rows and bytes together: neither stays without the other. */
@Injectable()
export class Upkeep {
  constructor(
    private readonly tenants: Tenants,
    private readonly files: FilesService,
    private readonly storage: StorageService,
    private readonly uploads: Uploads,
  ) {}

  async deleteBytes({ tenantId }: Ctx, { fileIds }: { readonly fileIds: readonly string[] }): Promise<void> {
    for (const fileId of fileIds) await this.storage.deleteFile(tenantId, fileId);
  }

  /** Files that are over, that nothing uses, and that never came in whole. */
  purge(): Promise<void> {
    return this.tenants.eachWritable(async (ctx) => {
      const before = new Date(ctx.now().getTime() - waitsMs);
      await this.uploads.tend(ctx);
      await ctx.db.deleteFrom("files_pass").where("expiresAt", "<", ctx.now()).execute();
      for (let gone = batch; gone === batch;) {
        gone = await ctx.tx(async (ctx) => {
          const rows = await ctx.db
            .selectFrom("files_file")
            .select("id")
            .where((eb) =>
              eb.or([
                eb("expiresAt", "<", ctx.now()),
                // What people uploaded they keep until they delete it; what the server made goes with its use.
                eb.and([eb("uses", "=", 0), eb("accountId", "is", null), eb("createdAt", "<", before)]),
                eb.and([eb("uses", "=", 0), eb("state", "=", "incoming"), eb("createdAt", "<", before)]),
              ]),
            )
            .orderBy("id")
            .limit(batch)
            .forUpdate()
            .skipLocked()
            .execute();
          await this.files.drop(
            ctx,
            rows.map(({ id }) => id),
          );
          return rows.length;
        });
      }
    });
  }

  /** Bytes that no row knows of: of a back-up that was brought in, a deletion that was lost, a process that died. */
  sweep(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const before = new Date(ctx.now().getTime() - waitsMs);
      await this.storage.deleteTorn(before);
      let ids = new Set<string>();
      for await (const id of this.storage.filesBefore(ctx.tenantId, before)) {
        ids.add(id);
        if (ids.size >= batch) {
          await this.#deleteUnknown(ctx, ids);
          ids = new Set();
        }
      }
      await this.#deleteUnknown(ctx, ids);
    });
  }

  async #deleteUnknown(ctx: Ctx, ids: ReadonlySet<string>): Promise<void> {
    if (ids.size === 0) return;
    const rows = await ctx.db
      .selectFrom("files_file")
      .select("id")
      .where("id", "in", [...ids])
      .execute();
    const known = new Set(rows.map(({ id }) => id));
    for (const id of ids) {
      if (known.has(id)) continue;
      ctx.log.warn({ file: id }, "bytes that no row knew of were deleted");
      await this.storage.deleteFile(ctx.tenantId, id);
    }
  }
}
