import { audits } from "@zhanggui/kit/contract/audited";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { z } from "zod";
import { appOff, wechatRefused, wechatUnreachable } from "../connect/connect.contract.ts";

export const templatesRead = permission("templates:read", { zh: "查看消息模板", en: "See message templates" }, [
  "operator",
]);
export const templatesWrite = permission(
  "templates:write",
  { zh: "添加、同步和删除消息模板", en: "Add, synchronise and delete message templates" },
  ["operator"],
);

const kinds = {
  official: { zh: "公众号模板消息", en: "Template message" },
  subscribe: { zh: "小程序订阅消息", en: "Subscription message" },
} as const;
const appLabel = { zh: "应用", en: "App" };
const AppId = field(Id, appLabel, { kind: "wechatApp" });

export const MessageTemplate = z
  .object({
    id: Id,
    title: field(z.string(), { zh: "标题", en: "Title" }, { sort: true, width: "200px" }),
    kind: field(z.enum(["official", "subscribe"]), { zh: "类型", en: "Type" }, { filter: true, choices: kinds }),
    app: field(Named, appLabel, { kind: "wechatApp" }),
    fields: field(z.array(z.object({ name: z.string(), label: z.string() })), { zh: "字段", en: "Fields" }),
    lasts: field(z.boolean(), { zh: "长期订阅", en: "Lasting" }, { hidden: true }),
    templateId: field(z.string(), { zh: "模板 ID", en: "Template ID" }, { width: "160px" }),
    content: field(z.string(), { zh: "模板内容", en: "Content" }, { hidden: true }),
    example: field(z.string(), { zh: "示例", en: "Example" }, { hidden: true }),
  })
  .meta({ id: "MessageTemplate" });

/** What became of one account: how many templates it has, or why it couldn't be read. */
const Synced = z
  .object({ app: Named, templates: z.int(), zh: z.string().nullable(), en: z.string().nullable() })
  .meta({ id: "TemplateSync" });

const params = z.object({ templateId: Id });
const ofWechat = [notFound, appOff, wechatRefused, wechatUnreachable] as const;
const followed = audits("templates", {
  templates_template: {
    list: "list",
    title: "title",
    ignored: ["seen_at", "created_at", "content", "example", "fields"],
    fields: z.object({ wechatAppId: AppId }),
  },
});

export const templates = contract(followed, {
  list: list("/wechat/templates", {
    summary: "The message templates that each account has",
    item: MessageTemplate,
    noun: { zh: "模板", en: "template", plural: "templates" },
    access: templatesRead,
    sort: "title",
    search: { zh: "标题的一部分", en: "Part of a title" },
    live: true,
    filters: { wechatAppId: AppId },
  }),
  sync: route.post("/wechat/templates/sync", {
    summary: "Read the templates of one account anew, or of all that are bound",
    access: templatesWrite,
    effect: "change",
    body: z.object({ wechatAppId: AppId.optional() }),
    reply: z.object({ items: z.array(Synced) }),
    faults: [notFound],
  }),
  categories: route.get("/wechat/templates/library/categories", {
    summary: "The categories of a mini-program, which WeChat's library of templates is looked through by",
    access: templatesRead,
    query: z.object({ wechatAppId: Id }),
    reply: z.object({ items: z.array(z.object({ id: z.int(), name: z.string() })) }),
    faults: ofWechat,
  }),
  titles: route.get("/wechat/templates/library", {
    summary: "The templates of WeChat's library in a category, thirty at a time",
    access: templatesRead,
    query: z.object({
      wechatAppId: Id,
      categoryId: z.coerce.number().int(),
      offset: z.coerce.number().int().min(0).default(0),
    }),
    reply: z.object({
      total: z.int(),
      items: z.array(z.object({ tid: z.int(), title: z.string(), lasts: z.boolean() })),
    }),
    faults: ofWechat,
  }),
  keywords: route.get("/wechat/templates/library/:tid/keywords", {
    summary: "What a template of the library may be made of, with examples",
    access: templatesRead,
    params: z.object({ tid: z.coerce.number().int() }),
    query: z.object({ wechatAppId: Id }),
    reply: z.object({
      items: z.array(z.object({ kid: z.int(), name: z.string(), example: z.string(), rule: z.string() })),
    }),
    faults: ofWechat,
  }),
  add: route.post("/wechat/templates", {
    summary: "Make a template of the library an account's own; or every mini-program's",
    access: templatesWrite,
    effect: "change",
    idempotent: true,
    body: z.object({
      wechatAppId: AppId,
      tid: z.int(),
      /** In the order in which they are shown. */
      kids: z.array(z.int()).min(2).max(5),
      sceneDesc: field(z.string().trim().max(15), { zh: "使用场景", en: "What it is for" }),
      everywhere: field(z.boolean().default(false), { zh: "添加到所有小程序", en: "Add to all mini-programs" }),
    }),
    reply: z.object({ items: z.array(Synced) }),
    faults: ofWechat,
  }),
  delete: route.delete("/wechat/templates/:templateId", {
    summary: "Delete a template at WeChat; messages that name it fail from then on",
    access: templatesWrite,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: ofWechat,
  }),
});
