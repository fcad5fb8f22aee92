import { byteStream } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound, preconditionFailed } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { anyOf, permission } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { switched } from "@zhanggui/kit/contract/switched";
import { Instant, Zone } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const formsDesign = permission("forms:design", { zh: "设计表单", en: "Design forms" }, [
  "operator",
  "process_manager",
]);
export const formsAnswer = permission("forms:answer", { zh: "填写表单", en: "Fill in forms" }, [
  "operator",
  "finance",
  "reviewer",
  "process_operator",
]);
export const formsRead = permission("forms:read", { zh: "查看表单答卷", en: "See answers to forms" }, [
  "operator",
  "process_operator",
]);
const anyUse = anyOf(formsAnswer, formsDesign, formsRead);

export const nameTaken = fault("forms.name_taken", 409, {
  zh: "已有名为“{name}”的表单。",
  en: "There is a form called “{name}” already.",
});
/** `at` is a JSON pointer into the draft. */
export const badDraft = fault("forms.bad_draft", 422, {
  zh: "表单还不能这样保存或发布：{problemZh}。",
  en: "The form can't be saved or published like this: {problemEn}.",
});
export const unchanged = fault("forms.unchanged", 409, {
  zh: "与已发布的第 {version} 版相同，没有需要发布的更改。",
  en: "This is the same as version {version}, which is published: there is nothing new to publish.",
});
export const closed = fault("forms.closed", 409, {
  zh: "这个表单没有开放填写：尚未发布或已停用。",
  en: "This form can't be filled in: it isn't published yet, or is switched off.",
});
export const versionOver = fault("forms.version_over", 409, {
  zh: "这份表单已更新到第 {version} 版，请核对新内容后再提交。",
  en: "This form has been updated to version {version}. Check it and submit it again.",
});
export const wrongAnswers = fault("forms.wrong_answers", 422, {
  zh: "有几处需要修改，请看标出的字段。",
  en: "Something needs correcting; see the fields that are marked.",
});
export const hasAnswers = fault("forms.has_answers", 409, {
  zh: "已有人填写，不能删除；可以停用它。",
  en: "Somebody has filled it in, so it can't be deleted; you can switch it off.",
});

const example = {
  schema: { type: "object", required: ["name"], properties: { name: { type: "string", maxLength: 20 } } },
  ui: { fields: { name: { label: { zh: "姓名", en: "Name" } } } },
  form: {
    fields: [
      {
        name: "name",
        label: { zh: "姓名", en: "Name" },
        kind: "text",
        input: "text",
        isRequired: true,
        isNullable: false,
        maxLength: 20,
      },
    ],
  },
  answers: { name: "阿青" },
};

/** JSON Schema 2020-12 and a UI schema: what forms take is looked through by `@zhanggui/forms`. */
const MadeForm = z
  .object({
    schema: z.unknown().meta({
      description: "JSON Schema 2020-12, without the keywords that combine schemas",
      examples: [example.schema],
    }),
    ui: z
      .unknown()
      .meta({ description: "Labels, choices, conditions, steps, rights", examples: [example.ui] })
      .optional(),
  })
  .strict()
  .meta({ id: "MadeForm" });
/** Room for a form as large as they may be, in any script. */
const largest = 2 * 1024 * 1024;
const Number = z.coerce.number().int().min(1).max(2_147_483_647);
const name = field(oneLine(60), { zh: "名称", en: "Name" });
const version = field(z.int().nullable(), { zh: "已发布", en: "Published" }, { kind: "version", width: "96px" });

export const Form = z
  .object({
    id: Id,
    name,
    enabled: switched,
    /** The latest version; null before the first. */
    version,
    isChanged: field(
      z.boolean(),
      { zh: "草稿", en: "Draft" },
      {
        choices: {
          true: { zh: "有未发布的更改", en: "Unpublished changes", tone: "info" },
          false: { zh: "已发布", en: "Published", tone: "quiet" },
        },
        width: "184px",
      },
    ),
    changedAt: field(Instant, { zh: "修改时间", en: "Changed" }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "Form" });

export const FormDraft = Form.extend({
  /** Rises with each change of the draft. */
  revision: z.int(),
  draft: MadeForm,
  hasAnswers: z.boolean(),
}).meta({ id: "FormDraft" });

const number = field(z.int(), { zh: "版本", en: "Version" }, { kind: "version" });
const Version = z
  .object({
    id: Id,
    number,
    publishedAt: field(Instant, { zh: "发布时间", en: "Published" }, { sort: "id" }),
    publishedBy: field(z.string(), { zh: "发布人", en: "Published by" }),
  })
  .meta({ id: "FormVersion" });
const WholeVersion = Version.extend({ made: MadeForm }).meta({ id: "WholeFormVersion" });

const Words = z.object({ zh: z.string(), en: z.string() }).meta({ id: "Words" });
const answerFields = {
  id: Id,
  summary: field(Words, { zh: "内容", en: "Answers" }, { kind: "words" }),
  accountName: field(z.string(), { zh: "填写人", en: "Filled in by" }),
  version: field(z.int(), { zh: "版本", en: "Version" }, { kind: "version", filter: "range" }),
  answeredAt: field(Instant, { zh: "填写时间", en: "Filled in" }, { sort: "id", filter: "range" }),
};
const Answer = z.object(answerFields).meta({ id: "FormAnswer" });
const WholeAnswer = Answer.omit({ summary: true })
  .extend({
    formName: z.string(),
    form: z.unknown().meta({
      description: "The form as this version had it, without what the caller may not see",
      examples: [example.form],
    }),
    answers: z.record(z.string(), z.unknown()).meta({ examples: [example.answers] }),
  })
  .meta({ id: "WholeFormAnswer" });

const params = z.object({ formId: Id });
const changesDraft = { access: formsDesign, effect: "change", params, ifMatch: true } as const;

const FormColumns = z.object({
  draft: field(z.unknown(), { zh: "草稿内容", en: "Draft" }),
  version: field(z.int().nullable(), { zh: "已发布版本", en: "Published version" }),
});

const followed = audits("forms", {
  forms_form: {
    list: "list",
    title: "name",
    ignored: ["revision", "published_revision", "created_at", "changed_at"],
    fields: FormColumns,
  },
});

export const forms = contract(followed, {
  list: list("/forms", {
    item: Form,
    noun: { zh: "表单", en: "form", plural: "forms" },
    access: anyUse,
    summary: "Forms, page by page; who may only fill them in sees those that are open",
    sort: "-createdAt",
    search: { zh: "名称的一部分", en: "Part of a name" },
  }),
  create: route.post("/forms", {
    summary: "Begin a form: blank, or as the draft of another is",
    access: formsDesign,
    effect: "change",
    idempotent: true,
    body: z.object({
      name,
      copyOf: field(Id.optional(), { zh: "复制自", en: "Copied from" }, { kind: "madeForm" }),
    }),
    reply: FormDraft,
    faults: [notFound, nameTaken],
  }),
  get: route.get("/forms/:formId", {
    // Not as an ETag: a browser would keep the reply, and not learn that the draft was published.
    summary: "A form with its draft; its revision goes into If-Match",
    access: formsDesign,
    params,
    reply: FormDraft,
    faults: [notFound],
  }),
  getAbout: route.get("/forms/:formId/about", {
    summary: "A form without what it asks: what its answers are answers to",
    access: formsRead,
    params,
    reply: Form,
    faults: [notFound],
  }),
  update: route.patch("/forms/:formId", {
    summary: "Rename a form, switch it on or off",
    access: formsDesign,
    effect: "change",
    params,
    body: z.object({ name, enabled: z.boolean() }).partial(),
    reply: Form,
    faults: [notFound, nameTaken],
  }),
  delete: route.delete("/forms/:formId", {
    summary: "Delete a form that nobody has answered",
    access: formsDesign,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound, hasAnswers],
  }),
  saveDraft: route.put("/forms/:formId/draft", {
    ...changesDraft,
    summary: "Save the draft, unless somebody else has meanwhile",
    body: z.object({ draft: MadeForm }),
    reply: FormDraft,
    etag: "revision",
    faults: [notFound, preconditionFailed, badDraft],
    bodyLimitBytes: largest,
  }),
  takeBack: route.post("/forms/:formId/draft/take-back", {
    ...changesDraft,
    summary: "Make an old version the draft again",
    body: z.object({ number: z.int().min(1) }),
    reply: FormDraft,
    etag: "revision",
    faults: [notFound, preconditionFailed],
  }),
  publish: route.post("/forms/:formId/versions", {
    ...changesDraft,
    summary: "Publish the draft as the next version, which never changes again",
    reply: Version,
    faults: [notFound, preconditionFailed, badDraft, unchanged],
  }),
  listVersions: list("/forms/:formId/versions", {
    item: Version,
    noun: { zh: "版本", en: "version", plural: "versions" },
    access: formsDesign,
    sort: "-publishedAt",
    params,
    faults: [notFound],
  }),
  getVersion: route.get("/forms/:formId/versions/:number", {
    summary: "A version, whole",
    access: formsDesign,
    params: params.extend({ number: Number }),
    reply: WholeVersion,
    faults: [notFound],
  }),
  open: route.get("/forms/:formId/open", {
    summary: "The latest version to be filled in, without what the caller may not see",
    access: formsAnswer,
    params,
    reply: z.object({
      id: Id,
      name: z.string(),
      version: z.int(),
      form: z.unknown().meta({ description: "Fields, groups and steps as plain data", examples: [example.form] }),
    }),
    faults: [notFound, closed],
  }),
  answer: route.post("/forms/:formId/answers", {
    summary: "Answer a form; an older version is taken for `forms.olderVersionHours` after a newer one",
    access: formsAnswer,
    effect: "change",
    idempotent: true,
    params,
    body: z.object({ version: z.int().min(1), answers: z.unknown() }),
    reply: z.object({ id: Id, version: z.int(), answeredAt: Instant }),
    faults: [notFound, closed, versionOver, wrongAnswers],
    limit: { perMinute: 120, by: "account" },
    bodyLimitBytes: largest,
  }),
  listAnswers: list("/forms/:formId/answers", {
    item: Answer,
    noun: { zh: "答卷", en: "answer", plural: "answers" },
    access: formsRead,
    sort: "-answeredAt",
    params,
    faults: [notFound],
  }),
  getAnswer: route.get("/forms/:formId/answers/:answerId", {
    summary: "An answer, as its version of the form had it",
    access: formsRead,
    params: params.extend({ answerId: Id }),
    reply: WholeAnswer,
    faults: [notFound],
  }),
  exportAnswers: route.get("/forms/:formId/export", {
    summary: "All answers as a CSV file, a column for each field of any version that was answered, and of the latest",
    access: formsRead,
    params,
    query: z.object({ zone: Zone.optional() }),
    headers: z.object({ "accept-language": z.string().optional() }),
    reply: byteStream,
    faults: [notFound],
  }),
});
