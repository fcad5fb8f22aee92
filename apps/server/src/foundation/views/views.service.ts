import { Injectable } from "@nestjs/common";
import { forbidden, notFound } from "@zhanggui/kit/contract/faults";
import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import { permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Flat, Out, Route } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { scopeOf } from "@zhanggui/kit/server/data-scope";
import { Declarations } from "@zhanggui/kit/server/declarations";
import type { Selectable } from "kysely";
import { AccessService } from "../access/access.service.ts";
import { demandReadable, dividedFor } from "./readable.ts";
import { mostOwn, mostShared, nameTaken, tooMany, tooManyShared, views, viewsShare } from "./views.contract.ts";
import type { ViewsTables } from "./views.tables.ts";

type Row = Selectable<ViewsTables["views_view"]>;
type ViewOut = Out<typeof views.create>;
type ListRoute = Route & { readonly list: ListInfo };

/** What accounts made of lists, to come back to. */
@Injectable()
export class ViewsService {
  readonly #lists: ReadonlyMap<string, ListRoute>;

  constructor(
    private readonly accounts: AccessService,
    { contracts }: Declarations,
  ) {
    const routes = contracts.flatMap((contract) => Object.values(contract));
    this.#lists = new Map(routes.flatMap((route) => (isList(route) ? [[route.id, route]] : [])));
  }

  async list(ctx: Ctx, { list }: Flat<typeof views.list>): Promise<ViewOut[]> {
    const readable = [...this.#lists.values()].filter(({ id, access }) => {
      return (list === undefined || id === list) && mayRead(ctx, access);
    });
    if (readable.length === 0) return [];
    const rows = await ctx.db
      .selectFrom("views_view")
      .selectAll()
      .where(
        "list",
        "in",
        readable.map(({ id }) => id),
      )
      .where((eb) => eb.or({ accountId: ctx.actor.id, isShared: true }))
      .orderBy("name")
      .orderBy("id")
      .execute();
    return this.#shown(ctx, rows);
  }

  /** @throws Fault `kit.not_found` for a list that isn't there for this account; `views.name_taken`, `views.too_many` */
  async create(ctx: Ctx, { query, ...given }: Flat<typeof views.create>): Promise<ViewOut> {
    const list = this.#lists.get(given.list);
    if (list === undefined || !mayRead(ctx, list.access)) throw notFound();
    demandReadable(ctx.actor, list.list, { query, hidden: given.hidden });
    const { id: accountId } = ctx.actor;
    return this.#named(ctx, given.name, async (ctx) => {
      await lockOwn(ctx);
      const own = await ctx.db.selectFrom("views_view").select("id").where("accountId", "=", accountId).execute();
      if (own.length >= mostOwn) throw tooMany({ most: mostOwn });
      if (given.opens) await closeOthers(ctx, given.list);
      return ctx.db
        .insertInto("views_view")
        .values({ ...given, query: JSON.stringify(query), accountId })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
  }

  /** @throws Fault `kit.not_found`, `views.name_taken`; `kit.forbidden` for somebody else's that is to open first */
  async update(ctx: Ctx, { viewId, ...change }: Flat<typeof views.update>): Promise<ViewOut> {
    const { name = "", query, hidden, opens } = change;
    return this.#named(ctx, name, async (ctx) => {
      if (opens === true) await lockOwn(ctx);
      const before = await this.#mayChange(ctx, viewId);
      const { list, accountId } = before;
      const known = this.#lists.get(list);
      if (known === undefined || !mayRead(ctx, known.access)) throw notFound();
      demandReadable(ctx.actor, known.list, change);
      if (opens !== undefined && accountId !== ctx.actor.id) throw forbidden({ permission: "views.own" });
      if (opens === true) await closeOthers(ctx, list);
      // What somebody couldn't see, they didn't mean to take out.
      const { withheld } = dividedFor(ctx.actor, known.list, before);
      return (
        ctx.db
          .updateTable("views_view")
          // A change of nothing is one too.
          .set((eb) => ({
            list: eb.ref("list"),
            ...change,
            ...(query && { query: JSON.stringify({ ...withheld.query, ...query }) }),
            ...(hidden && { hidden: [...withheld.hidden, ...hidden] }),
          }))
          .where("id", "=", viewId)
          .returningAll()
          .executeTakeFirstOrThrow(() => notFound())
      );
    });
  }

  /** @throws Fault `kit.not_found`, `views.too_many_shared` */
  async share(ctx: Ctx, { viewId, isShared }: Flat<typeof views.share>): Promise<ViewOut> {
    const row = await ctx.tx(async (ctx) => {
      const { list } = await this.#mayChange(ctx, viewId);
      await ctx.lock("views.shared", list);
      const shared = await ctx.db
        .selectFrom("views_view")
        .select("id")
        .where("list", "=", list)
        .where("isShared", "=", true)
        .where("id", "!=", viewId)
        .execute();
      if (isShared && shared.length >= mostShared) throw tooManyShared({ most: mostShared });
      return ctx.db
        .updateTable("views_view")
        .set({ isShared })
        .where("id", "=", viewId)
        .returningAll()
        .executeTakeFirstOrThrow(() => notFound());
    });
    return this.#one(ctx, row);
  }

  /** @throws Fault `kit.not_found` */
  async delete(ctx: Ctx, { viewId }: Flat<typeof views.delete>): Promise<void> {
    await ctx.tx(async (ctx) => {
      await this.#mayChange(ctx, viewId);
      await ctx.db.deleteFrom("views_view").where("id", "=", viewId).execute();
    });
  }

  /** One's own, and a shared one for whoever may share; others aren't there. @throws Fault `kit.not_found` */
  async #mayChange(ctx: TxCtx, viewId: string): Promise<Row> {
    const { actor } = ctx;
    const row = await ctx.db
      .selectFrom("views_view")
      .selectAll()
      .where("id", "=", viewId)
      .where((eb) => eb.or({ accountId: actor.id, isShared: true }))
      .forUpdate()
      .executeTakeFirstOrThrow(() => notFound());
    if (row.accountId !== actor.id) ctx.demand(viewsShare);
    return row;
  }

  async #named(ctx: Ctx, name: string, work: (ctx: TxCtx) => Promise<Row>): Promise<ViewOut> {
    const onUnique = { views_view_name: nameTaken({ name, errors: [{ field: "name" }] }) };
    return this.#one(ctx, await ctx.tx(work, { onUnique }));
  }

  async #one(ctx: Ctx, row: Row): Promise<ViewOut> {
    const [shown] = await this.#shown(ctx, [row]);
    if (shown === undefined) throw notFound();
    return shown;
  }

  async #shown(ctx: Ctx, rows: readonly Row[]): Promise<ViewOut[]> {
    const { id } = ctx.actor;
    const names = await this.accounts.names(
      ctx,
      rows.map(({ accountId }) => accountId),
    );
    return rows.map(({ accountId, opens, ...row }) => {
      const isOwn = accountId === id;
      const { given, withheld } = dividedFor(ctx.actor, this.#lists.get(row.list)?.list, row);
      const withheldCount = Object.keys(withheld.query).length + withheld.hidden.length;
      return { ...row, ...given, withheldCount, isOwn, opens: isOwn && opens, ownerName: names.get(accountId) ?? "" };
    });
  }
}

function isList(route: Route): route is ListRoute {
  return route.list !== undefined;
}

function mayRead({ actor }: Ctx, access: Route["access"]): boolean {
  return typeof access === "string" || permissionsOf(access).some((each) => scopeOf(actor, each) !== undefined);
}

/** Before any row of theirs: two changes that each want a row of the other's would wait in a circle. */
async function lockOwn(ctx: TxCtx): Promise<void> {
  await ctx.lock("views.own", ctx.actor.id);
}

/** One of an account's views opens first; `lockOwn` went before. */
async function closeOthers(ctx: TxCtx, list: string): Promise<void> {
  await ctx.db
    .updateTable("views_view")
    .set({ opens: false })
    .where("accountId", "=", ctx.actor.id)
    .where("list", "=", list)
    .where("opens", "=", true)
    .execute();
}
