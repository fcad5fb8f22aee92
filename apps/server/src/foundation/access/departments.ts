import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import type { access } from "./access.contract.ts";
import {
  deepest,
  departmentInItself,
  departmentInUse,
  departmentNameTaken,
  departmentRoutes,
  mostDepartments,
  tooManyDepartments,
} from "./departments.contract.ts";
import { type Grantor, Rights } from "./rights.ts";

type DepartmentView = Out<typeof access.createDepartment>;
interface Placed {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
}

/** Who belongs together. What a role narrows to one's departments follows from here. */
@Injectable()
export class Departments {
  constructor(private readonly rights: Rights) {}

  list(ctx: Ctx, query: Flat<typeof access.listDepartments>): Promise<Out<typeof access.listDepartments>> {
    return listOf(ctx, departmentRoutes.listDepartments, query, departmentRows(ctx), {
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /** @throws Fault `kit.not_found` for a parent or a head that isn't there; the faults of its route */
  async create(ctx: Ctx, given: Flat<typeof access.createDepartment>): Promise<DepartmentView> {
    const { name, parentId = null, headId = null } = given;
    return ctx.tx(
      async (ctx) => {
        const grantor = await this.rights.begin(ctx);
        grantor.demandDepartments(parentId === null ? undefined : [parentId], "parentId");
        await this.#demandHead(ctx, grantor, headId);
        await demandPlace(ctx, undefined, parentId);
        const made = ctx.db.insertInto("access_department").values({ name, parentId, headId });
        const { id } = await made.returning("id").executeTakeFirstOrThrow();
        return this.#one(ctx, id);
      },
      { onUnique: departmentNameTaken({ name, errors: [{ field: "name" }] }) },
    );
  }

  /** @throws Fault `access.department_in_itself`, and the other faults of its route */
  async update(ctx: Ctx, change: Flat<typeof access.updateDepartment>): Promise<DepartmentView> {
    const { departmentId, name, parentId, headId } = change;
    return ctx.tx(
      async (ctx) => {
        const grantor = await this.rights.begin(ctx);
        const before = await this.#one(ctx, departmentId);
        grantor.demandDepartments([departmentId], "departmentId");
        if (headId !== undefined && headId !== before.head?.id) {
          await this.#demandHead(ctx, grantor, before.head?.id ?? null);
          await this.#demandHead(ctx, grantor, headId);
        }
        if (parentId !== undefined && parentId !== before.parentId) {
          // What stands below reaches less or more by it, and whoever leads what is above.
          grantor.demandDepartments(undefined, "parentId");
          await demandPlace(ctx, departmentId, parentId);
        }
        if (name !== undefined || parentId !== undefined || headId !== undefined) {
          const changed = ctx.db.updateTable("access_department").set({ name, parentId, headId });
          await changed.where("id", "=", departmentId).execute();
        }
        return this.#one(ctx, departmentId);
      },
      { onUnique: departmentNameTaken({ name, errors: [{ field: "name" }] }) },
    );
  }

  /** @throws Fault `access.department_in_use` */
  async delete(ctx: Ctx, { departmentId }: Flat<typeof access.deleteDepartment>): Promise<void> {
    await ctx.tx(async (ctx) => {
      const grantor = await this.rights.begin(ctx);
      const { members } = await this.#one(ctx, departmentId);
      grantor.demandDepartments([departmentId], "departmentId");
      const below = await ctx.db
        .selectFrom("access_department")
        .select("id")
        .where("parentId", "=", departmentId)
        .execute();
      if (members > 0 || below.length > 0) throw departmentInUse({ accounts: members, departments: below.length });
      await ctx.db.deleteFrom("access_department").where("id", "=", departmentId).execute();
    });
  }

  /** The departments of accounts, by their ids. */
  async ofAccounts(ctx: Ctx, accountIds: readonly string[]) {
    return ctx.db
      .selectFrom("access_department_member")
      .innerJoin("access_department", "access_department.id", "access_department_member.departmentId")
      .select(["access_department_member.accountId", "access_department.id", "access_department.name"])
      .where("access_department_member.accountId", "in", accountIds)
      .orderBy("access_department.id")
      .execute();
  }

  /** @throws Fault `kit.not_found`; `access.beyond_own_departments` for one that they join or leave */
  async setOf(ctx: TxCtx, grantor: Grantor, accountId: string, departmentIds: readonly string[]): Promise<void> {
    const wanted = new Set(departmentIds);
    const before = (await this.ofAccounts(ctx, [accountId])).map(({ id }) => id);
    const changed = [...wanted].filter((id) => !before.includes(id)).concat(before.filter((id) => !wanted.has(id)));
    if (changed.length === 0) return;
    grantor.demandDepartments(changed, "departmentIds");
    const found = await ctx.db.selectFrom("access_department").select("id").where("id", "in", changed).execute();
    if (found.length !== changed.length) throw notFound();
    await ctx.db
      .deleteFrom("access_department_member")
      .where("accountId", "=", accountId)
      .where("departmentId", "in", changed)
      .execute();
    const rows = [...wanted].filter((id) => !before.includes(id)).map((departmentId) => ({ accountId, departmentId }));
    if (rows.length > 0) await ctx.db.insertInto("access_department_member").values(rows).execute();
  }

  /**
   * Whoever leads a department reaches what is in it: nobody gives that to an account that holds more than they do. And
   * what is its head's is reached by those in it.
   */
  async #demandHead(ctx: TxCtx, grantor: Grantor, accountId: string | null): Promise<void> {
    if (accountId === null) return;
    const account = await ctx.db
      .selectFrom("access_account")
      .select("id")
      .where("id", "=", accountId)
      .executeTakeFirst();
    if (account === undefined) throw notFound({ errors: [{ field: "headId" }] });
    await this.rights.demandOver(ctx, grantor, accountId, "headId");
  }

  async #one(ctx: Ctx, id: string): Promise<DepartmentView> {
    const row = await departmentRows(ctx)
      .where("id", "=", id)
      .executeTakeFirstOrThrow(() => notFound());
    const [shown] = await this.#shown(ctx, [row]);
    if (shown === undefined) throw notFound();
    return shown;
  }

  async #shown<Row extends Placed & { readonly headId: string | null }>(ctx: Ctx, rows: readonly Row[]) {
    const all = new Map((await departmentsIn(ctx)).map((each) => [each.id, each]));
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return [];
    const counts = await ctx.db
      .selectFrom("access_department_member")
      .select(["departmentId", ({ fn }) => fn.countAll<number>().as("members")])
      .where("departmentId", "in", ids)
      .groupBy("departmentId")
      .execute();
    const heads = rows.flatMap(({ headId }) => headId ?? []);
    const names =
      heads.length === 0
        ? []
        : await ctx.db.selectFrom("access_account").select(["id", "displayName"]).where("id", "in", heads).execute();
    return rows.map(({ headId, ...row }) => ({
      ...row,
      path: pathOf(all, row).map(({ name }) => name),
      head: headId === null ? null : { id: headId, name: names.find(({ id }) => id === headId)?.displayName ?? "" },
      members: Number(counts.find(({ departmentId }) => departmentId === row.id)?.members ?? 0),
    }));
  }
}

function departmentRows(ctx: Ctx) {
  return ctx.db.selectFrom("access_department").select(["id", "name", "parentId", "headId", "createdAt"]);
}

function departmentsIn(ctx: Ctx): Promise<Placed[]> {
  return ctx.db.selectFrom("access_department").select(["id", "name", "parentId"]).execute();
}

/** From the top, itself last. */
function pathOf(all: ReadonlyMap<string, Placed>, from: Placed): Placed[] {
  const path: Placed[] = [];
  for (let each: Placed | undefined = from; each !== undefined && path.length <= deepest + 1;) {
    path.unshift(each);
    each = each.parentId === null ? undefined : all.get(each.parentId);
  }
  return path;
}

/**
 * Under the lock of rights, so that two moves at once make no circle.
 *
 * @param moved undefined for a new one
 */
async function demandPlace(ctx: TxCtx, moved: string | undefined, parentId: string | null): Promise<void> {
  const all = new Map((await departmentsIn(ctx)).map((each) => [each.id, each]));
  const errors = [{ field: "parentId" }];
  const parent = parentId === null ? undefined : all.get(parentId);
  if (parentId !== null && parent === undefined) throw notFound({ errors });
  const above = parent === undefined ? [] : pathOf(all, parent);
  if (moved !== undefined && above.some(({ id }) => id === moved)) throw departmentInItself({ errors });
  const height = moved === undefined ? 1 : heightOf(all, moved);
  if (above.length + height > deepest) throw tooManyDepartments({ errors });
  if (moved === undefined && all.size >= mostDepartments) throw tooManyDepartments();
}

function heightOf(all: ReadonlyMap<string, Placed>, id: string): number {
  const below = [...all.values()].filter(({ parentId }) => parentId === id);
  return 1 + Math.max(0, ...below.map((each) => heightOf(all, each.id)));
}
