import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { AccessService } from "../access/access.service.ts";
import { Rights } from "../access/rights.ts";
import { identity, identityManage, nameTaken } from "./identity.contract.ts";
import { clientSecret as secretColumn } from "./identity.sealed.ts";
import { ProviderClient } from "./provider-client.ts";

type ProviderView = Out<typeof identity.update>;
type Change = Omit<Flat<typeof identity.update>, "providerId">;
/** Roles of no group are for whoever is given an account. */
const noGroup = "";

/** The providers that people of a tenant sign in by. */
@Injectable()
export class IdentityService {
  constructor(
    private readonly runtime: Runtime,
    private readonly accounts: AccessService,
    private readonly rights: Rights,
    private readonly client: ProviderClient,
  ) {}

  list(ctx: Ctx, query: Flat<typeof identity.list>): Promise<Out<typeof identity.list>> {
    return listOf(ctx, identity.list, query, ctx.db.selectFrom("identity_provider").selectAll(), {
      present: (rows) => Promise.all(rows.map((row) => this.#shown(ctx, row))),
    });
  }

  /** @throws Fault `identity.issuer_wrong`, `identity.issuer_refused`, `identity.name_taken`, `access.beyond_own_rights`, `kit.not_found` */
  async create(ctx: Ctx, given: Flat<typeof identity.create>): Promise<ProviderView> {
    const { name, issuer, clientId, clientSecret = null, roleIds = [], groupRoles = [] } = given;
    const { enabled = true, linksByEmail = false, joins = false, domains = [], groupsClaim = null } = given;
    await this.client.demand({ issuer, clientId, clientSecret: clientSecret ?? undefined });
    const id = newId(ctx.now());
    const rules = { enabled, linksByEmail, joins, domains, groupsClaim };
    const row = { id, name, issuer, clientId, clientSecretSealed: this.#seal(id, clientSecret), ...rules };
    return ctx.tx(
      async (ctx) => {
        await this.#demandAll(ctx);
        await ctx.db.insertInto("identity_provider").values(row).execute();
        await this.#setGrants(ctx, id, roleIds, groupRoles);
        return this.#one(ctx, id);
      },
      { onUnique: nameTaken({ name, errors: [{ field: "name" }] }) },
    );
  }

  /** @throws as `create` */
  async update(ctx: Ctx, { providerId, ...change }: Flat<typeof identity.update>): Promise<ProviderView> {
    const { clientSecret, roleIds, groupRoles, ...values } = change;
    await this.#demandIssuerOf(ctx, providerId, change);
    const clientSecretSealed = clientSecret === undefined ? undefined : this.#seal(providerId, clientSecret);
    return ctx.tx(
      async (ctx) => {
        await this.#demandAll(ctx);
        const before = await this.#one(ctx, providerId);
        const row = { ...values, clientSecretSealed };
        if (Object.values(row).some((value) => value !== undefined))
          await ctx.db.updateTable("identity_provider").set(row).where("id", "=", providerId).execute();
        if (roleIds !== undefined || groupRoles !== undefined)
          await this.#setGrants(ctx, providerId, roleIds ?? before.roleIds, groupRoles ?? before.groupRoles);
        return this.#one(ctx, providerId);
      },
      { onUnique: nameTaken({ name: change.name, errors: [{ field: "name" }] }) },
    );
  }

  /** @throws Fault `kit.not_found`, `access.beyond_own_rights` */
  async delete(ctx: Ctx, { providerId }: Flat<typeof identity.delete>): Promise<void> {
    await ctx.tx(async (ctx) => {
      await this.#demandAll(ctx);
      await ctx.db
        .deleteFrom("identity_provider")
        .where("id", "=", providerId)
        .returning("id")
        .executeTakeFirstOrThrow(() => notFound());
    });
  }

  /** Those that are switched on, the oldest first. */
  enabled(ctx: Ctx): Promise<{ id: string; name: string }[]> {
    return ctx.db
      .selectFrom("identity_provider")
      .select(["id", "name"])
      .where("enabled", "=", true)
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
  }

  /** One that is switched on, with what it takes to ask there. @throws Fault `kit.not_found` */
  async open(ctx: Ctx, providerId: string) {
    const row = await ctx.db
      .selectFrom("identity_provider")
      .selectAll()
      .where("id", "=", providerId)
      .where("enabled", "=", true)
      .executeTakeFirstOrThrow(() => notFound());
    const { roleIds, groupRoles } = await this.#grants(ctx, providerId);
    return { ...row, roleIds, groupRoles, clientSecret: this.#unsealed(row) };
  }

  /** How everybody signs in may be said by those alone who hold all that they could become. */
  async #demandAll(ctx: TxCtx): Promise<void> {
    const grantor = await this.rights.begin(ctx, identityManage);
    const all = (await this.rights.grantable(ctx)).map(({ code }) => code);
    grantor.demandHeld(all, "issuer");
    grantor.demandDepartments(undefined, "issuer");
  }

  async #demandIssuerOf(ctx: Ctx, id: string, change: Change): Promise<void> {
    const { issuer, clientId, clientSecret } = change;
    if (issuer === undefined && clientId === undefined && clientSecret === undefined) return;
    const before = await ctx.db
      .selectFrom("identity_provider")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirstOrThrow(() => notFound());
    const secret = clientSecret === undefined ? this.#unsealed(before) : (clientSecret ?? undefined);
    await this.client.demand({
      issuer: issuer ?? before.issuer,
      clientId: clientId ?? before.clientId,
      clientSecret: secret,
    });
  }

  #seal(id: string, secret: string | null): string | null {
    return secret === null ? null : this.runtime.secrets.seal(secret, secretColumn.context({ id }));
  }

  #unsealed({ id, clientSecretSealed }: { id: string; clientSecretSealed: string | null }): string | undefined {
    return clientSecretSealed === null
      ? undefined
      : this.runtime.secrets.open(clientSecretSealed, secretColumn.context({ id }));
  }

  async #setGrants(
    ctx: TxCtx,
    providerId: string,
    roleIds: readonly string[],
    groupRoles: ProviderView["groupRoles"],
  ): Promise<void> {
    const wanted = [...roleIds.map((roleId) => ({ group: noGroup, roleId })), ...groupRoles];
    const unique = new Map(wanted.map((each) => [`${each.roleId} ${each.group}`, each]));
    await ctx.db.deleteFrom("identity_grant").where("providerId", "=", providerId).execute();
    if (unique.size === 0) return;
    const known = await this.accounts.rolesAmong(
      ctx,
      wanted.map(({ roleId }) => roleId),
    );
    if (wanted.some(({ roleId }) => !known.has(roleId))) throw notFound();
    const rows = [...unique.values()].map(({ group, roleId }) => ({ providerId, groupName: group, roleId }));
    await ctx.db.insertInto("identity_grant").values(rows).execute();
  }

  async #one(ctx: Ctx, id: string): Promise<ProviderView> {
    const row = await ctx.db
      .selectFrom("identity_provider")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirstOrThrow(() => notFound());
    return this.#shown(ctx, row);
  }

  /** A business has one or two. */
  async #shown<Row extends { readonly id: string; readonly clientSecretSealed: string | null }>(ctx: Ctx, row: Row) {
    const counted = ctx.db
      .selectFrom("identity_subject")
      .select(({ fn }) => fn.count<number>("accountId").distinct().as("accounts"))
      .where("providerId", "=", row.id);
    const { accounts } = await counted.executeTakeFirstOrThrow();
    const grants = await this.#grants(ctx, row.id);
    return { ...row, ...grants, hasSecret: row.clientSecretSealed !== null, accounts: Number(accounts) };
  }

  async #grants(ctx: Ctx, providerId: string) {
    const all = await ctx.db
      .selectFrom("identity_grant")
      .select(["groupName", "roleId"])
      .where("providerId", "=", providerId)
      .orderBy("groupName")
      .orderBy("roleId")
      .execute();
    // A role may be deleted since.
    const known = await this.accounts.rolesAmong(
      ctx,
      all.map(({ roleId }) => roleId),
    );
    const rows = all.filter(({ roleId }) => known.has(roleId));
    const [ofNone, ofGroups] = [
      rows.filter(({ groupName }) => groupName === noGroup),
      rows.filter(({ groupName }) => groupName !== noGroup),
    ];
    return {
      roleIds: ofNone.map(({ roleId }) => roleId),
      groupRoles: ofGroups.map(({ groupName, roleId }) => ({ group: groupName, roleId })),
    };
  }
}
