import { Injectable } from "@nestjs/common";
import { madeFormProblem } from "@zhanggui/forms/made-form-guard";
import type { MadeForm } from "@zhanggui/forms/made-form";
import { type Misfit, within } from "@zhanggui/forms/words";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { listOf } from "@zhanggui/kit/server/list";
import type { Selectable } from "kysely";
import { AccessService } from "../access/access.service.ts";
import { forms, unchanged } from "./forms.contract.ts";
import { FormsService, refusedDraft } from "./forms.service.ts";
import type { FormsTables } from "./forms.tables.ts";

export type VersionRow = Selectable<FormsTables["forms_version"]>;

/** What became of drafts: versions, which never change. */
@Injectable()
export class Versions {
  readonly #rights: ReadonlySet<string>;

  constructor(
    private readonly forms: FormsService,
    private readonly accounts: AccessService,
    { permissions }: Declarations,
  ) {
    this.#rights = new Set(permissions.map(({ code }) => code));
  }

  async list(ctx: Ctx, query: Flat<typeof forms.listVersions>): Promise<Out<typeof forms.listVersions>> {
    const { id } = await this.forms.demand(ctx, query.formId);
    const all = ctx.db
      .selectFrom("forms_version")
      .select(["id", "formId", "number", "publishedAt", "publishedBy as accountId"])
      .where("formId", "=", id);
    return listOf(ctx, forms.listVersions, query, all, {
      present: async (rows) => {
        const names = await this.accounts.names(
          ctx,
          rows.map(({ accountId }) => accountId),
        );
        return rows.map((row) => ({ ...row, publishedBy: names.get(row.accountId) ?? "" }));
      },
    });
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { formId, number }: Flat<typeof forms.getVersion>): Promise<Out<typeof forms.getVersion>> {
    const row = await this.version(ctx, formId, number);
    const names = await this.accounts.names(ctx, [row.publishedBy]);
    return { ...row, publishedBy: names.get(row.publishedBy) ?? "" };
  }

  /** @throws Fault `kit.not_found`, `kit.precondition_failed`, `forms.bad_draft`, `forms.unchanged` */
  async publish(ctx: Ctx, { formId, ifMatch }: Flat<typeof forms.publish>): Promise<Out<typeof forms.publish>> {
    const row = await ctx.tx(async (ctx) => {
      const form = await this.forms.lock(ctx, formId);
      ifMatch.demand(form.revision);
      const problem = madeFormProblem(form.draft) ?? this.#unknownRight(form.draft);
      if (problem !== undefined) throw refusedDraft(problem);
      const made = JSON.stringify(form.draft);
      const number = (form.version ?? 0) + 1;
      if (form.version !== null) {
        const latest = await this.version(ctx, formId, form.version);
        if (JSON.stringify(latest.made) === made) throw unchanged({ version: form.version });
      }
      await ctx.db
        .updateTable("forms_form")
        .set({ version: number, publishedRevision: form.revision })
        .where("id", "=", formId)
        .execute();
      return ctx.db
        .insertInto("forms_version")
        .values({ formId, number, made, publishedBy: ctx.actor.id, publishedAt: ctx.now() })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    return { ...row, publishedBy: ctx.actor.name };
  }

  /** @throws Fault `kit.not_found`, `kit.precondition_failed` */
  async takeBack(
    ctx: Ctx,
    { formId, number, ifMatch }: Flat<typeof forms.takeBack>,
  ): Promise<Out<typeof forms.takeBack>> {
    return ctx.tx(async (ctx) => {
      const form = await this.forms.lock(ctx, formId);
      ifMatch.demand(form.revision);
      const { made } = await this.version(ctx, formId, number);
      const row = await this.forms.replaceDraft(ctx, form, made);
      return this.forms.withDraft(ctx, row);
    });
  }

  /** @throws Fault `kit.not_found` */
  async version(ctx: Ctx, formId: string, number: number): Promise<VersionRow> {
    return ctx.db
      .selectFrom("forms_version")
      .selectAll()
      .where("formId", "=", formId)
      .where("number", "=", number)
      .executeTakeFirstOrThrow(() => notFound());
  }

  /** A right that nobody can have would hide a field from everybody for ever. */
  #unknownRight({ ui = {} }: MadeForm): Misfit | undefined {
    for (const [path, { readBy, writeBy }] of Object.entries(ui.fields ?? {})) {
      const unknown = [readBy, writeBy].find((right) => right !== undefined && !this.#rights.has(right));
      if (unknown !== undefined) {
        const text = { zh: `没有名为“${unknown}”的权限`, en: `there is no right called “${unknown}”` };
        return within(["ui", "fields", path], text);
      }
    }
    return undefined;
  }
}
