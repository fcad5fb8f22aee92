import { multipart, redirect } from "@zhanggui/kit/contract/body";
import { Browser, browsers } from "@zhanggui/kit/contract/browser";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission, publicAccess } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { accessRead } from "../access/roles.contract.ts";

export const linksRead = permission("links:read", { zh: "查看短链接", en: "See short links" }, ["operator"], {
  isScoped: true,
});
export const linksWrite = permission("links:write", { zh: "管理短链接", en: "Manage short links" }, ["operator"], {
  isScoped: true,
});

export const slugTaken = fault("links.slug_taken", 409, {
  zh: "后缀“{slug}”已被使用或保留，请换一个。",
  en: "The ending “{slug}” is taken or reserved; choose another.",
});
export const badDestination = fault("links.bad_destination", 422, {
  zh: "不能跳转到“{url}”：请填写公网域名的 http(s) 链接（不含账号密码），或 weixin:// 链接。",
  en: "“{url}” can't be led to: give an http(s) address of a public domain, without a user name, or a weixin:// one.",
});
export const domainNotAllowed = fault("links.domain_not_allowed", 422, {
  zh: "不允许跳转到 {domain}，请先把它加入设置 links.allowedDomains。",
  en: "{domain} may not be led to; add it to the setting links.allowedDomains first.",
});
export const linkOver = fault("links.over", 410, { zh: "这个链接已失效。", en: "This link is no longer valid." });

const Destination = z.string().trim().min(1).max(2048);
/** Letters are told apart by their case. */
const Slug = z.string().regex(/^[A-Za-z0-9_-]{3,40}$/, {
  error: bilingual({ zh: "3 到 40 个字母、数字、_ 或 -", en: "3 to 40 letters, digits, _ or -" }),
});
const states = {
  active: { zh: "有效", en: "Active", tone: "good" },
  disabled: { zh: "已停用", en: "Disabled", tone: "quiet" },
  expired: { zh: "已过期", en: "Expired", tone: "warn" },
  used_up: { zh: "次数已用完", en: "Used up", tone: "warn" },
} as const;
const State = z.enum(["active", "disabled", "expired", "used_up"]);
const Rule = z.object({
  browser: field(Browser, { zh: "用什么打开", en: "Opened with" }, { choices: browsers }),
  url: field(Destination, { zh: "跳转到", en: "Leads to" }, { kind: "link" }),
});

const ownerLabel = { zh: "归属人", en: "Owner" };

export const Link = z
  .object({
    id: Id,
    shortUrl: field(z.url(), { zh: "短链接", en: "Short link" }),
    title: field(oneLine(60).nullable(), { zh: "标题", en: "Title" }),
    url: field(Destination, { zh: "目标地址", en: "Leads to" }, { kind: "link" }),
    state: field(State, { zh: "状态", en: "State" }, { filter: true, unindexed: true, choices: states }),
    clicks: field(z.int(), { zh: "点击", en: "Clicks" }, { sort: true, filter: "range", total: true }),
    owner: field(Named.nullable(), ownerLabel, { kind: "account" }),
    expiresAt: field(Instant.nullable(), { zh: "失效时间", en: "Expires" }, { sort: true, filter: "range" }),
    maxClicks: field(z.int().min(1).max(1_000_000).nullable(), { zh: "次数上限", en: "Click limit" }, { hidden: true }),
    hasPassword: field(z.boolean(), { zh: "需要密码", en: "Asks for a password" }, { hidden: true }),
    rules: z.array(Rule),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", filter: "range", hidden: true }),
  })
  .meta({ id: "Link" });

export type LinkRule = z.output<typeof Rule>;

const Given = Link.pick({ url: true, title: true, expiresAt: true, maxClicks: true })
  .partial({ title: true, expiresAt: true, maxClicks: true })
  .extend({
    password: field(z.string().min(6).max(128).nullish(), { zh: "访问密码", en: "Password" }, { input: "password" }),
    rules: field(z.array(Rule).max(10).optional(), { zh: "跳转规则", en: "Other destinations by browser" }),
  });

/** Only whoever sees the accounts finds one to hand it to. */
const OwnerId = field(Id, ownerLabel, { kind: "account", writeBy: accessRead });

const linkParams = z.object({ linkId: Id });
/** To whoever isn't a browser, a refusal is a problem as everywhere. */
const opening = {
  root: true,
  access: publicAccess,
  forPeople: true,
  params: z.object({ slug: z.string().max(100) }),
  headers: z.object({ "user-agent": z.string().optional() }),
  reply: redirect,
  faults: [notFound, linkOver],
} as const;

const LinkColumns = z.object({
  rules: Given.shape.rules,
  passwordHash: Given.shape.password,
  ownerId: OwnerId,
  disabled: field(z.boolean(), { zh: "停用", en: "Switched off" }),
});

const followed = audits("links", {
  links_link: { list: "list", title: "slug", ignored: ["words", "created_at"], fields: LinkColumns },
});

export const links = contract(followed, {
  list: list("/links", {
    item: Link,
    noun: { zh: "短链接", en: "short link", plural: "short links" },
    access: linksRead,
    sort: "-createdAt",
    owner: "ownerId",
    filters: { ownerId: field(Id, ownerLabel, { kind: "account", readBy: accessRead }) },
    search: { zh: "网址、后缀或标题的一部分", en: "Part of an address, an ending or a title" },
  }),
  create: route.post("/links", {
    summary: "Shorten an address; asked again for the same within `links.reuseMinutes`, it gives the same link",
    access: linksWrite,
    effect: "change",
    idempotent: true,
    body: Given.extend({ slug: field(Slug.optional(), { zh: "自定义后缀", en: "Custom ending" }) }),
    reply: Link,
    faults: [slugTaken, badDestination, domainNotAllowed],
    limit: { perMinute: 600, by: "account" },
    imports: {
      list: "list",
      knownBy: ["slug"],
      update: { route: "update", id: "linkId" },
      // A password in a file is known to whoever finds the file.
      without: ["password", "rules"],
      synonyms: { url: ["url", "网址", "链接", "长链接", "link", "address"], slug: ["短码", "slug", "ending"] },
      examples: {
        url: "https://lantern-tea.example/spring",
        title: { zh: "春茶上新", en: "Spring teas" },
        slug: "spring",
      },
    },
  }),
  update: route.patch("/links/:linkId", {
    summary: "Change where a link leads and for whom, or switch it off; null takes something away",
    access: linksWrite,
    effect: "change",
    params: linkParams,
    body: Given.partial().extend({ ownerId: OwnerId.optional(), disabled: z.boolean().optional() }),
    reply: Link,
    faults: [notFound, badDestination, domainNotAllowed],
  }),
  delete: route.delete("/links/:linkId", {
    summary: "Delete a link for good; nobody gets its address again",
    access: linksWrite,
    effect: "destroy",
    params: linkParams,
    reply: z.object({}),
    faults: [notFound],
  }),
  clicks: route.get("/links/:linkId/clicks", {
    summary: "How often a link was opened, in all and on each of the last days that it was",
    access: linksRead,
    params: linkParams,
    query: z.object({ days: z.coerce.number().int().min(1).max(366).default(30) }),
    reply: z.object({ clicks: z.int(), days: z.array(z.object({ day: z.iso.date(), clicks: z.int() })) }),
    faults: [notFound],
  }),
  open: route.get("/s/:slug", {
    ...opening,
    summary: "Open a link",
    tellsHead: true,
    limit: { perMinute: 600, by: "address" },
  }),
  unlock: route.post("/s/:slug", {
    ...opening,
    summary: "Open a link with its password",
    effect: "read",
    body: multipart({ fields: z.object({ password: z.string().max(128) }), files: {} }),
    limit: { perMinute: 10, by: "address" },
  }),
});
