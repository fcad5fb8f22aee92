import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { platformTenantId } from "@zhanggui/kit/server/queue/definition";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { sql } from "kysely";
import { operations } from "./operations.contract.ts";

type State = Out<typeof operations.listSchedules>["items"][number]["state"];
type Named = Flat<typeof operations.runSchedule>;

/** The platform's schedules as its operators see them. The kit runs them; their rows are those of its own tenant. */
@Injectable()
export class SchedulesOfPlatform {
  constructor(private readonly runtime: Runtime) {}

  list(asking: Ctx, query: Flat<typeof operations.listSchedules>): Promise<Out<typeof operations.listSchedules>> {
    const ctx = this.#platform(asking);
    const state = sql<State>`CASE WHEN kit_task.lease IS NOT NULL THEN 'running'
      WHEN kit_schedule.paused_at IS NOT NULL THEN 'paused' WHEN kit_schedule.last_error IS NOT NULL THEN 'failed'
      WHEN kit_schedule.last_at IS NULL THEN 'new' ELSE 'well' END`;
    const rows = ctx.db
      .selectFrom("kit_schedule")
      .leftJoin("kit_task", (on) =>
        on.onRef("kit_task.ref", "=", "kit_schedule.id").on("kit_task.queue", "=", "kit.schedules"),
      )
      // What an older version had, and this one knows no more, never runs.
      .where("kit_schedule.name", "in", this.runtime.schedules.names)
      .select(["kit_schedule.id", "kit_schedule.name", "cron", "timeZone", "lastAt", "tookMs"])
      .select("kit_schedule.lastError")
      .select(state.as("state"))
      // While it runs, its task is due at the end of the lease.
      // To the second: the clock of the database and this one's differ by a little.
      .select(
        sql<Date | null>`CASE WHEN kit_task.lease IS NULL
          THEN date_trunc('second', kit_task.due_at + interval '0.5 seconds') END`.as("nextAt"),
      );
    return listOf(ctx, operations.listSchedules, query, rows);
  }

  /** @throws Fault `kit.not_found`, `kit.conflict` while it runs */
  run(ctx: Ctx, { scheduleId }: Named): Promise<void> {
    return this.#change(ctx, scheduleId, (ctx) => this.runtime.schedules.request(ctx, scheduleId));
  }

  /** @throws Fault `kit.not_found`, `kit.conflict` if it is paused already */
  pause(ctx: Ctx, { scheduleId }: Named): Promise<void> {
    return this.#change(ctx, scheduleId, (ctx) => this.runtime.schedules.pause(ctx, scheduleId));
  }

  /** @throws Fault `kit.not_found`, `kit.conflict` if it isn't paused */
  resume(ctx: Ctx, { scheduleId }: Named): Promise<void> {
    return this.#change(ctx, scheduleId, (ctx) => this.runtime.schedules.resume(ctx, scheduleId));
  }

  #change(asking: Ctx, scheduleId: string, change: (ctx: TxCtx) => Promise<boolean>): Promise<void> {
    return this.#platform(asking).tx(async (ctx) => {
      const row = await ctx.db.selectFrom("kit_schedule").select("id").where("id", "=", scheduleId).executeTakeFirst();
      if (row === undefined) throw notFound();
      if (!(await change(ctx))) throw conflict();
    });
  }

  /** The same caller, in the place of the platform's own rows. */
  #platform({ actor, traceId, source, signal }: Ctx): Ctx {
    return this.runtime.ctx(platformTenantId, { actor, traceId, source, signal });
  }
}
