import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { demandAccess } from "@zhanggui/kit/server/http/asked-before";
import type { ImportRoute } from "@zhanggui/kit/server/http/imported-rows";
import { Routes } from "@zhanggui/kit/server/http/routes";
import type { Task } from "@zhanggui/kit/server/queue/definition";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { Rights } from "../access/rights.ts";
import { StorageService } from "../files/storage.service.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { patientFrom, StepRunner } from "../work/step-runner.ts";
import { going } from "../work/step-table.ts";
import { imports } from "./imports.contract.ts";
import { importEnded, importStopped } from "./imports.notifications.ts";
import { Batches } from "./internal/batches.ts";
import { batchRows } from "./internal/limits.ts";
import { RowMapper } from "./internal/mapping.ts";
import { Reader } from "./internal/reader.ts";
import { RowParts } from "./internal/row-parts.ts";
import { importSteps, type ImportRow } from "./internal/steps.ts";
import { Unreadable } from "./internal/unreadable.ts";
import { Targets } from "./targets.ts";

/** Works imports off, step by step: a file is read in one, its rows are checked and imported a part in each. */
@Injectable()
export class Runner extends StepRunner<"imports_import"> {
  constructor(
    runtime: Runtime,
    rights: Rights,
    private readonly routes: Routes,
    private readonly storage: StorageService,
    private readonly reader: Reader,
    private readonly batches: Batches,
    private readonly targets: Targets,
    private readonly notifications: NotificationsService,
  ) {
    super(importSteps, runtime, rights);
  }

  protected override async step(ctx: Ctx, row: ImportRow, { attempt }: Task): Promise<undefined> {
    const route = this.routes.imports.get(row.target);
    if (route === undefined) throw notFound();
    if (row.phase === "reading") await this.#read(ctx, row, route);
    else await this.#part(ctx, row, route, attempt >= patientFrom);
  }

  protected override reasonOf(error: unknown): LocalizedText | undefined {
    return error instanceof Unreadable ? error.why : super.reasonOf(error);
  }

  protected override callOf({ id: callId }: ImportRow) {
    return { act: imports.run.id, callId };
  }

  async #read(ctx: Ctx, row: ImportRow, route: ImportRoute): Promise<void> {
    const as = await this.demandRequester(ctx, row);
    demandAccess(route, as.actor);
    const { heads, mapping, parts, rows, format } = await this.reader.read(as, row, route);
    // One that was paused or called off meanwhile is read again, or not.
    await ctx.db
      .updateTable("imports_import")
      .set({
        heads: JSON.stringify(heads),
        mapping: JSON.stringify(mapping),
        parts: JSON.stringify(parts),
        rows,
        format,
        state: "ready",
      })
      .where("turn", "=", row.turn)
      .where("state", "in", going)
      .execute();
  }

  async #part(ctx: Ctx, row: ImportRow, route: ImportRoute, isPatient: boolean): Promise<void> {
    let { done } = row;
    const { rows, skip } = await this.#rowsFrom(ctx, row);
    for (let at = skip; at < rows.length; at += batchRows) {
      // With the rights of the moment: whoever loses them, or is disabled, gets no further than this batch.
      const as = await this.demandRequester(ctx, row);
      demandAccess(route, as.actor);
      const mapper = new RowMapper(route, row.mapping, row.heads.length, row.zone, as.actor);
      const batch = rows.slice(at, at + batchRows);
      const now = await as.tx((ctx) => this.batches.take(ctx, { turn: row.turn, done }, mapper, batch, { isPatient }));
      if (now === undefined) return;
      done = now;
    }
    if (done >= (row.rows ?? 0)) await ((await this.asRequester(ctx, row)) ?? ctx).tx((ctx) => this.#through(ctx, row));
  }

  /** The part that the next row is in, and how many of its rows are done. */
  async #rowsFrom(ctx: Ctx, { id, parts, done }: ImportRow) {
    let skip = done;
    for (const part of parts) {
      if (skip < part.rows) return { rows: await new RowParts(this.storage, ctx, id).read(part), skip };
      skip -= part.rows;
    }
    return { rows: [], skip: 0 };
  }

  async #through(ctx: TxCtx, { turn, phase }: ImportRow): Promise<void> {
    if (phase === "importing") return this.end(ctx, turn);
    const row = await this.steps.at(ctx, turn);
    if (row === undefined) return;
    const { created, updated, skipped, failed } = row;
    await ctx.db
      .updateTable("imports_import")
      .set({ state: "ready", checked: JSON.stringify({ created, updated, skipped, failed }) })
      .where("id", "=", row.id)
      .execute();
    await ctx.db.deleteFrom("imports_key").where("importId", "=", row.id).execute();
  }

  protected override async end(ctx: TxCtx, turn: string, why?: LocalizedText): Promise<void> {
    const row = await this.steps.end(ctx, turn, why);
    if (row === undefined) return;
    const { id: importId, created, updated, skipped, failed } = row;
    const outcome = why === undefined ? "done" : "failed";
    await auditAct(ctx, { outcome, details: { importId, created, updated, skipped, failed } });
    const what = this.targets.nameOf(row.target);
    const told = { to: { accountIds: [row.accountId] }, key: importId };
    if (why === undefined)
      await this.notifications.notify(ctx, importEnded, { importId, what, created, updated, failed }, told);
    else await this.notifications.notify(ctx, importStopped, { importId, what, why }, told);
  }
}
