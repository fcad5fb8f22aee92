import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { reaches } from "@zhanggui/kit/server/data-scope";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { Routes } from "@zhanggui/kit/server/http/routes";
import { listOf } from "@zhanggui/kit/server/list";
import { permissionsOf } from "@zhanggui/kit/contract/permission";
import { AccessService } from "../access/access.service.ts";
import { goneAction, type RunRow, runSteps } from "./runner.ts";
import { work, workManage } from "./work.contract.ts";

type RunView = Out<typeof work.pause>;

/** What the server goes on with, as people see it, pause it and call it off. */
@Injectable()
export class WorkService {
  /** The id of each list's route. */
  readonly #lists: ReadonlyMap<object, string>;

  constructor(
    private readonly routes: Routes,
    private readonly accounts: AccessService,
    { contracts }: Declarations,
  ) {
    const all = contracts.flatMap((contract) => Object.values(contract));
    this.#lists = new Map(all.flatMap(({ id, list }) => (list === undefined ? [] : [[list, id]])));
  }

  list(ctx: Ctx, query: Flat<typeof work.list>): Promise<Out<typeof work.list>> {
    return listOf(ctx, work.list, query, seen(ctx).selectAll(), {
      filters: { isOwn: (rows, isOwn) => rows("item.accountId", isOwn ? "=" : "!=", ctx.actor.id) },
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /** @throws Fault `kit.not_found`, also for another account's to whoever may not see it */
  async get(ctx: Ctx, { runId }: Flat<typeof work.get>): Promise<Out<typeof work.get>> {
    const row = await seen(ctx).selectAll().where("id", "=", runId).executeTakeFirst();
    if (row === undefined) throw notFound();
    const { failures, query, body } = this.#detail(ctx, row);
    return { ...(await this.#one(ctx, row)), failures, query, body };
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that is paused or over */
  pause(ctx: Ctx, { runId }: Flat<typeof work.pause>): Promise<RunView> {
    return this.#move(ctx, runId, "paused");
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that isn't paused */
  resume(ctx: Ctx, { runId }: Flat<typeof work.resume>): Promise<RunView> {
    return this.#move(ctx, runId, "waiting");
  }

  /** @throws Fault `kit.not_found`; `kit.conflict` for one that is over */
  cancel(ctx: Ctx, { runId }: Flat<typeof work.cancel>): Promise<RunView> {
    return this.#move(ctx, runId, "cancelled");
  }

  async #move(ctx: Ctx, id: string, to: "paused" | "waiting" | "cancelled"): Promise<RunView> {
    const row = await ctx.tx(async (ctx) => {
      const known = await seen(ctx).select("id").where("id", "=", id).executeTakeFirst();
      if (known === undefined) throw notFound();
      return runSteps.move(ctx, id, to);
    });
    return this.#one(ctx, row);
  }

  async #one(ctx: Ctx, row: RunRow): Promise<RunView> {
    const [run] = await this.#shown(ctx, [row]);
    if (run === undefined) throw notFound();
    return run;
  }

  async #shown(ctx: Ctx, rows: readonly RunRow[]): Promise<RunView[]> {
    const ids = rows.map(({ accountId }) => accountId);
    const names = await this.accounts.names(ctx, ids);
    return rows.map(({ accountId, passed, ...row }) => {
      const bulk = this.routes.bulkRoutes.get(row.route)?.bulk;
      return {
        ...row,
        list: (bulk && this.#lists.get(bulk.list)) ?? "",
        action: bulk?.label ?? goneAction,
        noun: bulk?.list.noun ?? { zh: "项", en: "row", plural: "rows" },
        passed: Object.entries(passed).map(([reason, count]) => ({ why: bulk?.passes[reason] ?? goneAction, count })),
        accountName: names.get(accountId) ?? "",
        isOwn: accountId === ctx.actor.id,
      };
    });
  }

  /** Names of rows, why they failed, and searches: for whoever asked, while they may see the list. */
  #detail({ actor }: Ctx, { accountId, route: id, asked, failures }: RunRow) {
    const route = this.routes.bulkRoutes.get(id);
    const needed = route === undefined ? [] : permissionsOf(route.access);
    const maySee = accountId === actor.id && needed.some((each) => reaches(actor, each));
    if (!maySee) return { failures: [], query: null, body: null };
    const { ids: _ids, all: _all, except: _except, preview: _preview, ...body } = asked.body;
    return { failures, query: asked.query, body };
  }
}

/** One's own, and everybody's for whoever may manage them. */
function seen(ctx: Ctx) {
  const runs = ctx.db.selectFrom("work_run");
  return reaches(ctx.actor, workManage) ? runs : runs.where("accountId", "=", ctx.actor.id);
}
