import { Injectable } from "@nestjs/common";
import { formFor, project } from "@zhanggui/forms/access";
import { summaryOf, tellAnswers } from "@zhanggui/forms/answer-words";
import { accept, accessToMade, formOfSchema, type MadeForm } from "@zhanggui/forms/made-form";
import type { Form } from "@zhanggui/forms/form";
import type { Values } from "@zhanggui/forms/values";
import type { StreamOut } from "@zhanggui/kit/contract/body";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { bilingual, languageOf } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { AccessService } from "../access/access.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { type Answer, fileOf } from "./answers-file.ts";
import { closed, forms, versionOver, wrongAnswers } from "./forms.contract.ts";
import { answered } from "./forms.events.ts";
import { FormsService, type FormRow } from "./forms.service.ts";
import { olderVersionHours } from "./forms.settings.ts";
import { Versions, type VersionRow } from "./versions.ts";

const hourMs = 3_600_000;
const rowsAtOnce = 500;

/** What people answered. What somebody may not see of a version stays hidden from them in its answers for ever. */
@Injectable()
export class Answers {
  constructor(
    private readonly forms: FormsService,
    private readonly versions: Versions,
    private readonly accounts: AccessService,
    private readonly settings: SettingsService,
  ) {}

  /** @throws Fault `kit.not_found`, `forms.closed` */
  async open(ctx: Ctx, { formId }: Flat<typeof forms.open>): Promise<Out<typeof forms.open>> {
    const { id, name, version } = opened(await this.forms.demand(ctx, formId));
    const { made } = await this.versions.version(ctx, formId, version);
    return { id, name, version, form: seenBy(ctx, made) };
  }

  /** @throws Fault `kit.not_found`, `forms.closed`, `forms.version_over`, `forms.wrong_answers` */
  async answer(ctx: Ctx, { formId, version, answers }: Flat<typeof forms.answer>): Promise<Out<typeof forms.answer>> {
    const hours = await this.settings.get(ctx, olderVersionHours);
    return ctx.tx(async (ctx) => {
      // Held until it is written, so that nobody deletes the form in between; others answer meanwhile.
      const row = await ctx.db
        .selectFrom("forms_form")
        .selectAll()
        .where("id", "=", formId)
        .forKeyShare()
        .executeTakeFirstOrThrow(() => notFound());
      const form = opened(row);
      const { made } = await this.versions.version(ctx, formId, version);
      if (version < form.version) {
        const next = await this.versions.version(ctx, formId, version + 1);
        if (next.publishedAt.getTime() + hours * hourMs <= ctx.now().getTime())
          throw versionOver({ version: form.version });
      }
      const { values, errors } = accept(made, answers, accessToMade(made, ctx.actor.permissions));
      if (errors.length > 0) {
        const places = errors.map(({ path, text }) => ({
          field: path === "" ? "answers" : `answers.${path}`,
          message: bilingual(text),
        }));
        throw wrongAnswers({ errors: places });
      }
      const { id, answeredAt } = await ctx.db
        .insertInto("forms_answer")
        .values({ formId, version, accountId: ctx.actor.id, answers: JSON.stringify(values), answeredAt: ctx.now() })
        .returning(["id", "answeredAt"])
        .executeTakeFirstOrThrow();
      await ctx.emit(answered, { formId, answerId: id, version, accountId: ctx.actor.id });
      return { id, version, answeredAt };
    });
  }

  async list(ctx: Ctx, query: Flat<typeof forms.listAnswers>): Promise<Out<typeof forms.listAnswers>> {
    const { id } = await this.forms.demand(ctx, query.formId);
    const rows = ctx.db.selectFrom("forms_answer").selectAll().where("formId", "=", id);
    return listOf(ctx, forms.listAnswers, query, rows, {
      present: async (rows) => {
        const made = await this.#madeBy(ctx, id, rows);
        const names = await this.#names(ctx, rows);
        return rows.map((row) => {
          const form = made.get(row.version);
          const seen = form === undefined ? [] : tellAnswers(seenBy(ctx, form), seenIn(ctx, form, row.answers));
          return { ...row, summary: summaryOf(seen), accountName: names.get(row.accountId) ?? "" };
        });
      },
    });
  }

  /** @throws Fault `kit.not_found` */
  async get(ctx: Ctx, { formId, answerId }: Flat<typeof forms.getAnswer>): Promise<Out<typeof forms.getAnswer>> {
    const { name } = await this.forms.demand(ctx, formId);
    const row = await ctx.db
      .selectFrom("forms_answer")
      .selectAll()
      .where("formId", "=", formId)
      .where("id", "=", answerId)
      .executeTakeFirstOrThrow(() => notFound());
    const { made } = await this.versions.version(ctx, formId, row.version);
    const names = await this.#names(ctx, [row]);
    return {
      ...row,
      formName: name,
      accountName: names.get(row.accountId) ?? "",
      form: seenBy(ctx, made),
      answers: seenIn(ctx, made, row.answers),
    };
  }

  /** @throws Fault `kit.not_found` */
  async export(ctx: Ctx, { formId, zone, headers }: Flat<typeof forms.exportAnswers>): Promise<StreamOut> {
    const { name } = await this.forms.demand(ctx, formId);
    const versions = await ctx.db
      .selectFrom("forms_version")
      .selectAll()
      .where("formId", "=", formId)
      .orderBy("number", "desc")
      .execute();
    const made = new Map(versions.map(({ number, made }) => [number, made]));
    const language = languageOf(headers["accept-language"]);
    return fileOf({
      name,
      language,
      zone,
      forms: new Map([...made].map(([number, each]) => [number, seenBy(ctx, each)])),
      rows: this.#everyAnswer(ctx, formId, made),
    });
  }

  /** The newest first, batch by batch: no form has too many for memory. */
  async *#everyAnswer(
    ctx: Ctx,
    formId: string,
    made: ReadonlyMap<number, MadeForm>,
  ): AsyncGenerator<readonly Answer[], void, undefined> {
    for (let before: string | undefined; ;) {
      let query = ctx.db.selectFrom("forms_answer").selectAll().where("formId", "=", formId);
      if (before !== undefined) query = query.where("id", "<", before);
      const rows = await query.orderBy("id", "desc").limit(rowsAtOnce).execute();
      const names = await this.#names(ctx, rows);
      yield rows.map((row): Answer => {
        const form = made.get(row.version);
        const answers = form === undefined ? {} : seenIn(ctx, form, row.answers);
        return { ...row, accountName: names.get(row.accountId) ?? "", answers };
      });
      before = rows.at(-1)?.id;
      if (rows.length < rowsAtOnce) return;
    }
  }

  async #madeBy(
    ctx: Ctx,
    formId: string,
    rows: readonly { readonly version: number }[],
  ): Promise<ReadonlyMap<number, MadeForm>> {
    if (rows.length === 0) return new Map();
    const numbers = [...new Set(rows.map(({ version }) => version))];
    const found: VersionRow[] = await ctx.db
      .selectFrom("forms_version")
      .selectAll()
      .where("formId", "=", formId)
      .where("number", "in", numbers)
      .execute();
    return new Map(found.map(({ number, made }) => [number, made]));
  }

  #names(ctx: Ctx, rows: readonly { readonly accountId: string }[]): Promise<ReadonlyMap<string, string>> {
    return this.accounts.names(
      ctx,
      rows.map(({ accountId }) => accountId),
    );
  }
}

/** @throws Fault `forms.closed` */
function opened(row: FormRow): FormRow & { readonly version: number } {
  const { version, enabled } = row;
  if (version === null || !enabled) throw closed();
  return { ...row, version };
}

function seenBy({ actor }: Ctx, made: MadeForm): Form {
  return formFor(formOfSchema(made), accessToMade(made, actor.permissions));
}

function seenIn({ actor }: Ctx, made: MadeForm, answers: Values): Values {
  return project(formOfSchema(made), answers, accessToMade(made, actor.permissions));
}
