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
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { AccessService } from "../access/access.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { type Answer, fileOf } from "./answers-file.ts";
import { closed, forms, versionOver, wrongAnswers } from "./forms.contract.ts";
import { answered } from "./forms.events.ts";
import { FormsService, type FormRow } from "./forms.service.ts";
import { olderVersionHours } from "./forms.settings.ts";
import { Versions } from "./versions.ts";

const hourMs = 3_600_000;
const rowsAtOnce = 500;
/** So many wrong fields are named: more than anybody reads at once. */
const mostErrors = 100;

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
    return { id, name, version, form: seenBy(ctx, made).form };
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
        const places = errors.slice(0, mostErrors).map(({ path, text }) => ({
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
        const versions = await this.#seenVersions(ctx, id, rows);
        const names = await this.#names(ctx, rows);
        return rows.map((row) => {
          const seen = versions.get(row.version);
          const told = seen === undefined ? [] : tellAnswers(seen.form, seen.answersOf(row));
          return { ...row, summary: summaryOf(told), accountName: names.get(row.accountId) ?? "" };
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
    const seen = seenBy(ctx, made);
    return {
      ...row,
      formName: name,
      accountName: names.get(row.accountId) ?? "",
      form: seen.form,
      answers: seen.answersOf(row),
    };
  }

  /** @throws Fault `kit.not_found` */
  async export(ctx: Ctx, { formId, zone, headers }: Flat<typeof forms.exportAnswers>): Promise<StreamOut> {
    const { name } = await this.forms.demand(ctx, formId);
    const versions = await this.#seenVersions(ctx, formId, await this.#answeredVersions(ctx, formId));
    await auditAct(ctx, { kind: "exported", thing: { kind: "forms_form", id: formId, title: name } });
    return fileOf({
      name,
      language: languageOf(headers["accept-language"]),
      zone,
      forms: new Map([...versions].map(([number, { form }]) => [number, form])),
      rows: this.#everyAnswer(ctx, formId, versions),
    });
  }

  /** The newest first, batch by batch: no form has too many for memory. */
  async *#everyAnswer(
    ctx: Ctx,
    formId: string,
    versions: ReadonlyMap<number, SeenVersion>,
  ): AsyncGenerator<readonly Answer[], void, undefined> {
    for (let before: string | undefined; ;) {
      let query = ctx.db.selectFrom("forms_answer").selectAll().where("formId", "=", formId);
      if (before !== undefined) query = query.where("id", "<", before);
      const rows = await query.orderBy("id", "desc").limit(rowsAtOnce).execute();
      const names = await this.#names(ctx, rows);
      yield rows.map((row): Answer => {
        const answers = versions.get(row.version)?.answersOf(row) ?? {};
        return { ...row, accountName: names.get(row.accountId) ?? "", answers };
      });
      before = rows.at(-1)?.id;
      if (rows.length < rowsAtOnce) return;
    }
  }

  /** The latest version, and those that somebody has answered: each by a step in the index, however many answers. */
  #answeredVersions(ctx: Ctx, formId: string) {
    return ctx.sql<{ version: number }>`
      SELECT number AS version FROM forms_version WHERE form_id = ${formId} AND (
        number = (SELECT max(number) FROM forms_version WHERE form_id = ${formId})
        OR EXISTS (SELECT FROM forms_answer WHERE form_id = ${formId} AND version = forms_version.number))`;
  }

  /** The versions that these rows are of, the latest first. */
  async #seenVersions(
    ctx: Ctx,
    formId: string,
    rows: readonly { readonly version: number }[],
  ): Promise<ReadonlyMap<number, SeenVersion>> {
    if (rows.length === 0) return new Map();
    const found = await ctx.db
      .selectFrom("forms_version")
      .select(["number", "made"])
      .where("formId", "=", formId)
      .where("number", "in", [...new Set(rows.map(({ version }) => version))])
      .orderBy("number", "desc")
      .execute();
    return new Map(found.map(({ number, made }) => [number, seenBy(ctx, made)]));
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

/** A version as whoever asks may see it, made once for however many answers. */
interface SeenVersion {
  readonly form: Form;
  answersOf(row: { readonly answers: Values }): Values;
}

function seenBy({ actor }: Ctx, made: MadeForm): SeenVersion {
  const [whole, access] = [formOfSchema(made), accessToMade(made, actor.permissions)];
  return { form: formFor(whole, access), answersOf: ({ answers }) => project(whole, answers, access) };
}
