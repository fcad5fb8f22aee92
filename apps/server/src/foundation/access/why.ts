import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { access } from "./access.contract.ts";
import { widest } from "@zhanggui/kit/server/data-scope";
import { AccessService } from "./access.service.ts";
import { Rights } from "./rights.ts";
import { accessWrite, unknownPermission } from "./roles.contract.ts";

/** Enough to ask one of them. */
const mostGrantors = 20;

/** Why somebody may do something, or may not. */
@Injectable()
export class Why {
  constructor(
    private readonly rights: Rights,
    private readonly accounts: AccessService,
  ) {}

  /** @throws Fault `kit.not_found`, `access.unknown_permission` */
  async explain(
    ctx: Ctx,
    { accountId, code }: Flat<typeof access.explainPermission>,
  ): Promise<Out<typeof access.explainPermission>> {
    const permission = (await this.rights.grantable(ctx)).find((each) => each.code === code);
    if (permission === undefined) throw unknownPermission({ permission: code });
    const account = await ctx.db
      .selectFrom("access_account")
      .select("state")
      .where("id", "=", accountId)
      .executeTakeFirst();
    if (account === undefined) throw notFound();
    const roles = await ctx.db
      .selectFrom("access_role")
      .leftJoin("access_account_role", (on) =>
        on.onRef("access_account_role.roleId", "=", "access_role.id").on("accountId", "=", accountId),
      )
      .select(["id", "name", "builtIn", "permissions", "dataScope", "accountId"])
      .orderBy("id")
      .execute();
    const reached = await Promise.all(roles.map((role) => this.rights.grantsOf(ctx, role)));
    const giving = roles.flatMap((role, index) => {
      const scope = reached[index]?.get(code);
      return scope === undefined ? [] : [{ ...role, scope }];
    });
    const named = (own: boolean) =>
      giving
        .filter((role) => (role.accountId !== null) === own)
        .map(({ id, name, builtIn, dataScope }) => ({ id, name, builtIn, dataScope }));
    const by = named(true);
    const scopes = giving.flatMap(({ accountId, scope }) => (accountId === null ? [] : [scope]));
    return {
      state: account.state,
      has: by.length > 0 && account.state === "enabled",
      reaches: account.state === "disabled" ? null : (widest(scopes) ?? null),
      by,
      would: named(false),
      grantors: await this.#grantors(ctx, permission),
    };
  }

  /** Whoever gives a permission manages accounts, and holds it themselves. */
  async #grantors(ctx: Ctx, permission: Parameters<Rights["holdersOf"]>[1]): Promise<{ id: string; name: string }[]> {
    const managers = await this.rights.holdersOf(ctx, accessWrite, 1000);
    const holders = new Set(await this.rights.holdersOf(ctx, permission, 1000));
    const ids = managers.filter((id) => holders.has(id)).slice(0, mostGrantors);
    const names = await this.accounts.names(ctx, ids);
    return ids.map((id) => ({ id, name: names.get(id) ?? "" }));
  }
}
