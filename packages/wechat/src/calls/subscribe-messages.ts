import { z } from "zod";
import { assertBetween, atMostOnce, Done, get, idempotent, LongId, post, read } from "../call.ts";

const page = "miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message";

/** Keywords of a template, templates of a mini-program, titles of one page, characters of `sceneDesc`. */
export const subscribeLimits = { fewestKeywords: 2, keywords: 5, titles: 30, sceneCharacters: 15 } as const;

export const categories = get("/wxaapi/newtmpl/getcategory", {
  page: `${page}/getCategory`,
  effect: read,
  reply: z.object({ data: z.array(z.object({ id: z.number(), name: z.string() })) }).transform(({ data }) => data),
});

/** `type` 2 is sent once for each consent, 3 for as long as the user likes. */
export const libraryTitles = get("/wxaapi/newtmpl/getpubtemplatetitles", {
  page: `${page}/getPubTemplateTitleList`,
  effect: read,
  request({ categoryIds, offset, count }: { categoryIds: readonly number[]; offset: number; count: number }) {
    assertBetween("count", count, 1, subscribeLimits.titles);
    return { query: { ids: categoryIds.join(","), start: String(offset), limit: String(count) } };
  },
  reply: z
    .object({
      count: z.number(),
      data: z.array(z.object({ tid: z.number(), title: z.string(), type: z.number(), categoryId: z.string() })),
    })
    .transform(({ count, data }) => ({ total: count, titles: data })),
});

/** The keywords of a template of the library, with what each may hold (`rule`: `thing`, `time`, `amount` …). */
export const libraryKeywords = get("/wxaapi/newtmpl/getpubtemplatekeywords", {
  page: `${page}/getPubTemplateKeyWordsById`,
  effect: read,
  request: ({ tid }: { tid: number }) => ({ query: { tid: String(tid) } }),
  reply: z
    .object({
      data: z.array(z.object({ kid: z.number(), name: z.string(), example: z.string(), rule: z.string() })),
    })
    .transform(({ data }) => data),
});

const SubscribeTemplate = z
  .object({
    priTmplId: z.string(),
    title: z.string(),
    content: z.string(),
    example: z.string().optional(),
    type: z.number(),
  })
  .transform(({ priTmplId, title, content, example, type }) => ({
    templateId: priTmplId,
    title,
    /** A line for each keyword: `名称:{{thing1.DATA}}`. */
    content,
    example: example ?? "",
    type,
  }));
export type SubscribeTemplate = z.output<typeof SubscribeTemplate>;

/** The mini-program's own templates. */
export const subscribeTemplates = get("/wxaapi/newtmpl/gettemplate", {
  page: `${page}/getMessageTemplateList`,
  effect: read,
  reply: z.object({ data: z.array(SubscribeTemplate) }).transform(({ data }) => data),
});

/** Makes a template of the library the mini-program's own. The same keywords twice make two: ask before a repeat. */
export const addSubscribeTemplate = post("/wxaapi/newtmpl/addtemplate", {
  page: `${page}/addMessageTemplate`,
  effect: atMostOnce,
  request({ tid, kids, sceneDesc }: { tid: number; kids: readonly number[]; sceneDesc: string }) {
    assertBetween("the number of keywords", kids.length, subscribeLimits.fewestKeywords, subscribeLimits.keywords);
    assertBetween("the scene's characters", sceneDesc.length, 0, subscribeLimits.sceneCharacters);
    return { body: { tid: String(tid), kidList: kids, sceneDesc } };
  },
  reply: z.object({ priTmplId: z.string() }).transform(({ priTmplId }) => ({ templateId: priTmplId })),
});

export const deleteSubscribeTemplate = post("/wxaapi/newtmpl/deltemplate", {
  page: `${page}/deleteMessageTemplate`,
  effect: idempotent(40037),
  request: ({ templateId }: { templateId: string }) => ({ body: { priTmplId: templateId } }),
  reply: Done,
});

export interface SubscribeMessage {
  readonly openid: string;
  readonly templateId: string;
  /** The keywords by their names in the template, e.g. `thing1`. */
  readonly data: Readonly<Record<string, string>>;
  /** Without a leading slash. */
  readonly page?: string | undefined;
  readonly version?: "formal" | "trial" | "developer" | undefined;
}

/** Uses one consent up (43101: there is none). `msgId` comes back in subscribe_msg_sent_event. */
export const sendSubscribeMessage = post("/cgi-bin/message/subscribe/send", {
  page: `${page}/sendMessage`,
  effect: atMostOnce,
  request: ({ openid, templateId, data, page, version }: SubscribeMessage) => ({
    body: {
      touser: openid,
      template_id: templateId,
      page,
      miniprogram_state: version,
      data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, { value }])),
    },
  }),
  reply: z
    .object({ msgid: LongId.optional() })
    .transform(({ msgid }): { msgId: string | undefined } => ({ msgId: msgid })),
});
