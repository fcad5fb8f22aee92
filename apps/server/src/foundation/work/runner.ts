import { Injectable } from "@nestjs/common";
import { forbidden, invalidInput, notFound } from "@zhanggui/kit/contract/faults";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { BulkAsked, BulkRunner } from "@zhanggui/kit/server/http/bulk-runs";
import { Routes } from "@zhanggui/kit/server/http/routes";
import type { Task } from "@zhanggui/kit/server/queue/definition";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Selectable } from "kysely";
import { Rights } from "../access/rights.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { patientFrom, StepRunner } from "./step-runner.ts";
import { StepTable } from "./step-table.ts";
import { mostFailures, mostUnfinished } from "./work.contract.ts";
import { workEnded, workStopped } from "./work.notifications.ts";
import type { WorkTables } from "./work.tables.ts";

export type RunRow = Selectable<WorkTables["work_run"]>;

/** What a run is called whose action a newer version doesn't have any more. */
export const goneAction: LocalizedText = { zh: "已不可用的操作", en: "An action that isn't there any more" };

export const runSteps = new StepTable("work_run", "work.step", {
  [forbidden.code]: {
    zh: "发起人已没有做这件事的权限",
    en: "Whoever started it no longer has permission to do this",
  },
  [invalidInput.code]: {
    zh: "列表的筛选条件已失效，请重新筛选后再操作",
    en: "The filters of the list no longer work: filter it again and start anew",
  },
  [notFound.code]: { zh: "此操作已不可用", en: "This action is no longer available" },
});

/** Takes bulk actions over from whoever asked, and works them off step by step. */
@Injectable()
export class Runner extends StepRunner<"work_run"> implements BulkRunner {
  constructor(
    runtime: Runtime,
    rights: Rights,
    private readonly routes: Routes,
    private readonly notifications: NotificationsService,
  ) {
    super(runSteps, runtime, rights);
  }

  /** @throws Fault `kit.too_many_requests` for an account that has `mostUnfinished` of them */
  take(ctx: Ctx, route: string, asked: BulkAsked): Promise<{ id: string }> {
    return ctx.tx(async (ctx) => {
      const { actor, traceId } = ctx;
      await ctx.lock("work.take", actor.id);
      await runSteps.demandRoom(ctx, mostUnfinished);
      const run = await ctx.db
        .insertInto("work_run")
        .values({ accountId: actor.id, route, asked: JSON.stringify(asked), traceId })
        .returning(["id", "turn"])
        .executeTakeFirstOrThrow();
      await ctx.queueTask(runSteps.queue, run.turn);
      return run;
    });
  }

  /** In a transaction with how far the run is: what is done is done once, wherever the process dies. */
  protected override async step(ctx: Ctx, row: RunRow, { attempt }: Task): Promise<undefined> {
    const as = await this.demandRequester(ctx, row);
    await as.tx((ctx) => this.#step(ctx, row.turn, attempt >= patientFrom));
  }

  protected override callOf({ id: callId, route: act }: RunRow) {
    return { act, callId };
  }

  async #step(ctx: TxCtx, turn: string, isPatient: boolean): Promise<void> {
    const run = await this.steps.at(ctx, turn);
    if (run === undefined) return;
    const { route, asked } = run;
    const counted = run.startedAt === null ? await this.#counted(ctx, route, asked) : {};
    const after = run.after === null ? {} : { after: run.after };
    const step = await this.routes.bulkStep(ctx, route, asked, { ...after, isPatient });
    const passed = { ...run.passed };
    for (const [reason, count] of Object.entries(step.passed)) passed[reason] = (passed[reason] ?? 0) + count;
    await ctx.db
      .updateTable("work_run")
      .set({
        ...counted,
        after: step.next,
        done: run.done + step.done,
        passed: JSON.stringify(passed),
        gone: run.gone + step.gone,
        failed: run.failed + step.failed.length,
        failures: JSON.stringify([...run.failures, ...step.failed].slice(0, mostFailures)),
      })
      .where("id", "=", run.id)
      .execute();
    if (step.next === null) await this.end(ctx, turn);
  }

  async #counted(ctx: TxCtx, route: string, asked: BulkAsked) {
    const { done, passed, isMore } = await this.routes.bulkStep(ctx, route, asked, { preview: true });
    const expected = Object.values(passed).reduce((sum, count) => sum + count, done);
    return { expected, isMore, startedAt: ctx.now() };
  }

  protected override async end(ctx: TxCtx, turn: string, why?: LocalizedText): Promise<void> {
    const run = await this.steps.end(ctx, turn, why);
    if (run === undefined) return;
    const { id: runId, done, passed, gone, failed } = run;
    const outcome = why === undefined ? "done" : "failed";
    await auditAct(ctx, { outcome, details: { run: runId, done, passed, gone, failed } });
    const action = this.routes.bulkRoutes.get(run.route)?.bulk.label ?? goneAction;
    const told = { to: { accountIds: [run.accountId] }, key: runId };
    if (why === undefined) await this.notifications.notify(ctx, workEnded, { runId, action, done, failed }, told);
    else await this.notifications.notify(ctx, workStopped, { runId, action, done, why }, told);
  }
}
