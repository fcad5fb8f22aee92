import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { those } from "@zhanggui/kit/server/search";
import type { Selectable } from "kysely";
import { providerOf } from "./accounts.ts";
import { placesOf } from "./internal/places.ts";
import { boundTwice, codeMissing } from "./faults.contract.ts";
import { sms } from "./sms.contract.ts";
import type { SmsTables } from "./sms.tables.ts";

export type TemplateRow = Selectable<SmsTables["sms_template"]>;
type View = Out<typeof sms.createTemplate>;
type Bindings = Flat<typeof sms.createTemplate>["bindings"];
const blocked = {
  none: { zh: "没有绑定短信账号", en: "It is approved at no account" },
  off: { zh: "绑定的短信账号都已停用或被拒绝", en: "Its accounts are off, or refused it" },
};

/** Texts with places, and at which accounts they are approved. */
@Injectable()
export class SmsTemplates {
  list(ctx: Ctx, query: Flat<typeof sms.listTemplates>): Promise<Out<typeof sms.listTemplates>> {
    const rows = ctx.db.selectFrom("sms_template").selectAll().where("deletedAt", "is", null);
    return listOf(ctx, sms.listTemplates, query, rows, {
      // A business has dozens.
      search: async (part) => {
        const wanted = part.toLowerCase();
        const found = (await rows.execute()).filter(({ name, text }) =>
          `${name}\n${text}`.toLowerCase().includes(wanted),
        );
        return those(found.map(({ id }) => id));
      },
      present: (some) => this.#present(ctx, some),
    });
  }

  /** @throws Fault of its places or its bindings, `kit.not_found` for an account that isn't there */
  async create(ctx: Ctx, { bindings, ...given }: Flat<typeof sms.createTemplate>): Promise<View> {
    placesOf(given.text, given.category);
    return ctx.tx(async (ctx) => {
      const { id } = await ctx.db.insertInto("sms_template").values(given).returning("id").executeTakeFirstOrThrow();
      await this.#bind(ctx, id, bindings);
      return this.#get(ctx, id);
    });
  }

  /** @throws as `create`, `kit.not_found` */
  async update(ctx: Ctx, { templateId: id, bindings, ...change }: Flat<typeof sms.updateTemplate>): Promise<View> {
    return ctx.tx(async (ctx) => {
      // Held: two changes at once must fit each other, too.
      const before = await this.row(ctx, id, { forUpdate: true });
      placesOf(change.text ?? before.text, change.category ?? before.category);
      if (Object.values(change).some((value) => value !== undefined))
        await ctx.db.updateTable("sms_template").set(change).where("id", "=", id).execute();
      if (bindings !== undefined) {
        await ctx.db.deleteFrom("sms_binding").where("templateId", "=", id).execute();
        await this.#bind(ctx, id, bindings);
      }
      return this.#get(ctx, id);
    });
  }

  /** Its row stays: what was sent by it names it. */
  async delete(ctx: Ctx, { templateId: id }: Flat<typeof sms.deleteTemplate>): Promise<Record<string, never>> {
    await ctx.tx(async (ctx) => {
      await ctx.db
        .updateTable("sms_template")
        .set({ deletedAt: ctx.now(), enabled: false })
        .where("id", "=", id)
        .where("deletedAt", "is", null)
        .returning("id")
        .executeTakeFirstOrThrow(() => notFound());
      await ctx.db.deleteFrom("sms_binding").where("templateId", "=", id).execute();
    });
    return {};
  }

  async row(ctx: Ctx, id: string, { forUpdate = false } = {}): Promise<TemplateRow> {
    const row = ctx.db.selectFrom("sms_template").selectAll().where("id", "=", id).where("deletedAt", "is", null);
    return (forUpdate ? row.forUpdate() : row).executeTakeFirstOrThrow(() => notFound());
  }

  /** Whether an account that is on may send it. */
  async canBeSent(ctx: Ctx, id: string): Promise<boolean> {
    const [view] = await this.#present(ctx, [await this.row(ctx, id)]);
    return view?.blocked === null;
  }

  /** The template that codes go out by: the first that is on and can be sent. */
  async ofCodes(ctx: Ctx): Promise<TemplateRow | undefined> {
    return ctx.db
      .selectFrom("sms_template")
      .selectAll("sms_template")
      .where("category", "=", "code")
      .where("sms_template.enabled", "=", true)
      .where("sms_template.deletedAt", "is", null)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom("sms_binding")
            .innerJoin("sms_account", "sms_account.id", "sms_binding.accountId")
            .select("sms_binding.accountId")
            .whereRef("sms_binding.templateId", "=", "sms_template.id")
            .where("sms_binding.refusedAt", "is", null)
            .where("sms_account.enabled", "=", true),
        ),
      )
      .orderBy("sms_template.id")
      .limit(1)
      .executeTakeFirst();
  }

  async #bind(ctx: TxCtx, templateId: string, bindings: Bindings): Promise<void> {
    for (const [index, binding] of bindings.entries()) {
      const account = await ctx.db
        .selectFrom("sms_account")
        .select("provider")
        .where("id", "=", binding.accountId)
        .where("deletedAt", "is", null)
        .executeTakeFirst();
      if (account === undefined) throw notFound({ errors: [{ field: `bindings.${index}.accountId` }] });
      const { hasTemplates, label } = providerOf(account.provider);
      if (hasTemplates && !binding.code)
        throw codeMissing({ provider: label.zh, errors: [{ field: `bindings.${index}.code` }] });
      await ctx.db
        .insertInto("sms_binding")
        .values({ templateId, ...binding, code: binding.code ?? "" })
        .onConflict((on) => on.columns(["tenantId", "templateId", "accountId"]).doNothing())
        .returning("accountId")
        .executeTakeFirstOrThrow(() => boundTwice({ errors: [{ field: `bindings.${index}.accountId` }] }));
    }
  }

  async #get(ctx: Ctx, id: string): Promise<View> {
    const [view] = await this.#present(ctx, [await this.row(ctx, id)]);
    if (view === undefined) throw notFound();
    return view;
  }

  async #present(ctx: Ctx, rows: readonly TemplateRow[]): Promise<View[]> {
    const bindings = await ctx.db
      .selectFrom("sms_binding")
      .innerJoin("sms_account", "sms_account.id", "sms_binding.accountId")
      .selectAll("sms_binding")
      .select(["sms_account.name", "sms_account.enabled as isOn"])
      .orderBy("sms_account.id")
      .execute();
    return rows.map((row) => {
      const own = bindings.filter(({ templateId }) => templateId === row.id);
      const usable = own.filter(({ isOn, refusedAt }) => isOn && refusedAt === null);
      return {
        ...row,
        accounts: usable.map(({ accountId, name }) => ({ id: accountId, name })),
        blocked: usable.length > 0 ? null : own.length === 0 ? blocked.none : blocked.off,
        bindings: own.map(({ accountId, name, signature, code, zh, en }) => ({
          accountId,
          accountName: name,
          signature,
          code,
          refused: zh === null || en === null ? null : { zh, en },
        })),
      };
    });
  }
}
