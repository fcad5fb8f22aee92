import { Injectable } from "@nestjs/common";
import { draftProblem } from "@zhanggui/forms/made-form-guard";
import type { MadeForm } from "@zhanggui/forms/made-form";
import type { Misfit } from "@zhanggui/forms/words";
import { type Fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { scopeOf } from "@zhanggui/kit/server/data-scope";
import { listOf } from "@zhanggui/kit/server/list";
import { searchFew } from "@zhanggui/kit/server/search";
import type { Selectable } from "kysely";
import { badDraft, forms, formsDesign, formsRead, hasAnswers, nameTaken } from "./forms.contract.ts";
import type { FormsTables } from "./forms.tables.ts";

export type FormRow = Selectable<FormsTables["forms_form"]>;
type Draft = Out<typeof forms.get>;

const listed = ["id", "name", "enabled", "version", "revision", "publishedRevision", "changedAt", "createdAt"] as const;
const blankForm: MadeForm = { schema: { type: "object", properties: {} }, ui: { fields: {} } };

/** Forms and their drafts. */
@Injectable()
export class FormsService {
  list(ctx: Ctx, query: Flat<typeof forms.list>): Promise<Out<typeof forms.list>> {
    const seesAll = [formsDesign, formsRead].some((each) => scopeOf(ctx.actor, each) !== undefined);
    // Without the drafts: a page of them would be megabytes.
    const all = ctx.db.selectFrom("forms_form").select([...listed]);
    const open = seesAll ? all : all.where("enabled", "=", true).where("version", "is not", null);
    return listOf(ctx, forms.list, query, open, {
      search: (part) => searchFew(ctx, "forms_form", ["name"], part),
      present: (rows) => rows.map((row) => shown(row)),
    });
  }

  /** @throws Fault `forms.name_taken`; `kit.not_found` for a form to copy that isn't there */
  async create(ctx: Ctx, { name, copyOf }: Flat<typeof forms.create>): Promise<Draft> {
    return ctx.tx(
      async (ctx) => {
        const draft = copyOf === undefined ? blankForm : (await this.demand(ctx, copyOf)).draft;
        const row = await ctx.db
          .insertInto("forms_form")
          .values({ name, draft: JSON.stringify(draft) })
          .returningAll()
          .executeTakeFirstOrThrow();
        return { ...shown(row), revision: row.revision, draft: row.draft, hasAnswers: false };
      },
      { onUnique: { forms_form_name: taken(name) } },
    );
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { formId }: Flat<typeof forms.get>): Promise<Draft> {
    return this.withDraft(ctx, await this.demand(ctx, formId));
  }

  /** @throws Fault `kit.not_found` */
  async about(ctx: Ctx, { formId }: Flat<typeof forms.getAbout>): Promise<Out<typeof forms.getAbout>> {
    return shown(await this.demand(ctx, formId));
  }

  /** @throws Fault `kit.not_found`, `forms.name_taken` */
  async update(ctx: Ctx, { formId, ...change }: Flat<typeof forms.update>): Promise<Out<typeof forms.update>> {
    const row = await ctx.tx(
      (ctx) =>
        ctx.db
          .updateTable("forms_form")
          // A change of nothing is one too.
          .set((eb) => ({ version: eb.ref("version"), ...change }))
          .where("id", "=", formId)
          .returningAll()
          .executeTakeFirstOrThrow(() => notFound()),
      { onUnique: { forms_form_name: taken(change.name ?? "") } },
    );
    return shown(row);
  }

  /** @throws Fault `kit.not_found`, `forms.has_answers` */
  async delete(ctx: Ctx, { formId }: Flat<typeof forms.delete>): Promise<void> {
    await ctx.tx(async (ctx) => {
      // Whoever answers holds the row's key: no answer comes between.
      await ctx.db
        .selectFrom("forms_form")
        .select("id")
        .where("id", "=", formId)
        .forUpdate()
        .executeTakeFirstOrThrow(() => notFound());
      if (await this.isAnswered(ctx, formId)) throw hasAnswers();
      await ctx.db.deleteFrom("forms_form").where("id", "=", formId).execute();
    });
  }

  /** @throws Fault `kit.not_found`, `kit.precondition_failed`, `forms.bad_draft` */
  async saveDraft(ctx: Ctx, { formId, draft, ifMatch }: Flat<typeof forms.saveDraft>): Promise<Draft> {
    const problem = draftProblem(draft);
    if (problem !== undefined) throw refusedDraft(problem);
    return ctx.tx(async (ctx) => {
      const row = await this.lock(ctx, formId);
      ifMatch.demand(row.revision);
      return this.withDraft(ctx, await this.replaceDraft(ctx, row, draft as MadeForm));
    });
  }

  /** The row is locked. What is there already is no change. */
  async replaceDraft(ctx: TxCtx, row: FormRow, draft: MadeForm): Promise<FormRow> {
    const text = JSON.stringify(draft);
    if (text === JSON.stringify(row.draft)) return row;
    const revision = row.revision + 1;
    // What is as the latest version has it again is published already.
    const latest = await ctx.db
      .selectFrom("forms_version")
      .select("made")
      .where("formId", "=", row.id)
      .where("number", "=", row.version ?? 0)
      .executeTakeFirst();
    const isPublished = latest !== undefined && JSON.stringify(latest.made) === text;
    return ctx.db
      .updateTable("forms_form")
      .set({ draft: text, revision, changedAt: ctx.now(), ...(isPublished ? { publishedRevision: revision } : {}) })
      .where("id", "=", row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async withDraft(ctx: Ctx, row: FormRow): Promise<Draft> {
    const { revision, draft } = row;
    return { ...shown(row), revision, draft, hasAnswers: await this.isAnswered(ctx, row.id) };
  }

  async isAnswered(ctx: Ctx, formId: string): Promise<boolean> {
    const first = await ctx.db.selectFrom("forms_answer").select("id").where("formId", "=", formId).limit(1).execute();
    return first.length > 0;
  }

  /** @throws Fault `kit.not_found` */
  async demand(ctx: Ctx, formId: string): Promise<FormRow> {
    return ctx.db
      .selectFrom("forms_form")
      .selectAll()
      .where("id", "=", formId)
      .executeTakeFirstOrThrow(() => notFound());
  }

  /** For whoever changes the draft: one after the other, while people answer. @throws Fault `kit.not_found` */
  async lock(ctx: TxCtx, formId: string): Promise<FormRow> {
    return ctx.db
      .selectFrom("forms_form")
      .selectAll()
      .where("id", "=", formId)
      .forNoKeyUpdate()
      .executeTakeFirstOrThrow(() => notFound());
  }
}

/** With where it stands, for a designer to lead there. */
export function refusedDraft({ at, ...text }: Misfit): Fault {
  const details = { at, problemZh: text.zh, problemEn: text.en };
  return badDraft({ ...details, errors: [{ field: `draft${at}`, message: bilingual(text) }] });
}

function taken(name: string): Fault {
  return nameTaken({ name, errors: [{ field: "name" }] });
}

function shown({
  revision,
  publishedRevision,
  ...row
}: Pick<FormRow, (typeof listed)[number]>): Out<typeof forms.update> {
  return { ...row, isChanged: revision !== publishedRevision };
}
