import { bulk } from "@zhanggui/kit/contract/bulk";
import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { DailyFigures } from "@zhanggui/kit/contract/figures";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { bilingual } from "@zhanggui/kit/contract/text";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { PageQuery, pageOf } from "@zhanggui/kit/contract/page";
import { permission } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { profileRoutes } from "./profile.contract.ts";

export const audienceRead = permission("audience:read", { zh: "查看客户", en: "See people" }, [
  "operator",
  "finance",
  "reviewer",
  "developer",
]);
export const audienceWrite = permission("audience:write", { zh: "编辑客户与标签", en: "Edit people and tags" }, [
  "operator",
]);
/** Apart from the rest: whoever answers customers or looks at figures needn't be able to carry their numbers away. */
export const audienceContacts = permission(
  "audience:contacts",
  { zh: "查看和填写客户的手机号与邮箱", en: "See and enter people's phone numbers and mail addresses" },
  ["operator", "finance"],
);

/** Where a tag came from: a person's hand, a channel's code, a rule. */
export const TagSource = z.enum(["manual", "channel"]);
export const PersonTag = z
  .object({
    tagId: Id,
    name: z.string(),
    source: TagSource,
    /** The account or the channel behind it. */
    sourceName: z.string(),
    since: Instant,
  })
  .meta({ id: "PersonTag" });
export const Identity = z
  .object({
    kind: z.enum(["openid", "unionid", "phone", "mail"]),
    value: z.string(),
    /** The app that an openid belongs to. */
    wechatAppId: Id.nullable(),
    wechatAppName: z.string().nullable(),
    following: z.boolean().nullable(),
    since: Instant,
  })
  .meta({ id: "Identity" });
export const PersonSummary = z
  .object({
    id: Id,
    displayName: field(z.string(), { zh: "客户", en: "Person" }, { kind: "person", width: "192px" }),
    following: field(
      z.boolean(),
      { zh: "关注状态", en: "Following" },
      {
        filter: true,
        width: "136px",
        choices: {
          true: { zh: "关注中", en: "Following", tone: "good" },
          false: { zh: "未关注", en: "Not following", tone: "quiet" },
        },
      },
    ),
    tags: field(z.array(z.object({ tagId: Id, name: z.string() })), { zh: "标签", en: "Tags" }, { kind: "tags" }),
    /** The channel that brought them first. */
    channelName: field(z.string().nullable(), { zh: "来源渠道", en: "Came by" }, { width: "128px" }),
    phone: field(
      z.string().nullable(),
      { zh: "手机号", en: "Phone" },
      { kind: "phone", hidden: true, readBy: audienceContacts },
    ),
    mail: field(
      z.string().nullable(),
      { zh: "邮箱", en: "Mail" },
      { kind: "mail", hidden: true, readBy: audienceContacts },
    ),
    firstSeenAt: field(Instant, { zh: "首次出现", en: "First seen" }, { sort: true, filter: "range", seldom: true }),
    lastSeenAt: field(Instant, { zh: "最近活跃", en: "Last seen" }, { sort: true, filter: "range" }),
  })
  .meta({ id: "PersonSummary" });
export const Person = z
  .object({
    ...PersonSummary.shape,
    tags: z.array(PersonTag),
    /** Without phone numbers and mail addresses for whoever may not see them. */
    identities: z.array(Identity),
  })
  .meta({ id: "Person" });
export const TimelineEntry = z
  .object({
    id: Id,
    /**
     * `followed`, `unfollowed`, `scanned`, `wrote`, `tapped_menu`, `tag_added`, `tag_removed`, `identity_added`,
     * `merged`, `delivery`, `operator_reply` …
     */
    kind: z.string(),
    /** What the sentence of that kind needs: the channel's name, the text, the tag. */
    details: z.record(z.string(), z.unknown()),
    /** What was replied to it at once, and whether WeChat took that. */
    reply: z.object({ text: z.string(), state: z.enum(["taken", "doubtful"]) }).nullable(),
    traceId: z.string(),
    at: Instant,
  })
  .meta({ id: "TimelineEntry" });

export const Tag = z
  .object({
    id: Id,
    name: field(oneLine(30), { zh: "标签", en: "Tag" }, { sort: true, kind: "text" }),
    people: field(z.int(), { zh: "客户数", en: "People" }, { kind: "counted" }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id" }),
  })
  .meta({ id: "Tag" });

export const tagTaken = fault("audience.tag_taken", 409, {
  zh: "已有名为“{name}”的标签。",
  en: "There is a tag called “{name}” already.",
});

export const contactTaken = fault("audience.contact_taken", 409, {
  zh: "这个手机号或邮箱已属于其他客户。",
  en: "This phone number or mail address is another person's already.",
});

const Name = oneLine(60);
const Phone = z
  .string()
  .trim()
  .regex(/^\+?[0-9]{5,15}$/, { error: bilingual({ zh: "5 到 15 位数字", en: "5 to 15 digits" }) });
const Mail = z.email().max(200);
const TagNames = z.array(oneLine(30)).max(20);
const NewPerson = z.object({
  displayName: field(Name, { zh: "姓名", en: "Name" }),
  phone: field(Phone, { zh: "手机号", en: "Phone" }, { kind: "phone", readBy: audienceContacts }).optional(),
  mail: field(Mail, { zh: "邮箱", en: "Mail" }, { readBy: audienceContacts }).optional(),
  tags: field(TagNames, { zh: "标签", en: "Tags" }).optional(),
});

const tagBody = z.object({ name: oneLine(30) });
const tagParams = z.object({ tagId: Id });
const personParams = z.object({ personId: Id });

const listPeople = list("/people", {
  item: PersonSummary,
  noun: { zh: "客户", en: "person", plural: "people" },
  access: audienceRead,
  sort: "-lastSeenAt",
  live: true,
  search: { zh: "姓名、手机号、邮箱或 openid", en: "Name, phone, mail or openid" },
  filters: {
    tagId: field(Id, { zh: "标签", en: "Tag" }, { kind: "tag" }),
    firstChannelId: field(Id, { zh: "来源渠道", en: "Came by" }, { kind: "channel" }),
  },
});

const PersonColumns = z.object({ mergedInto: field(Id, { zh: "已合并到", en: "Merged into" }, { kind: "personId" }) });
const IdentityColumns = z.object({
  kind: field(z.string(), { zh: "身份类型", en: "Kind of identity" }),
  value: field(z.string(), { zh: "手机号、邮箱或 openid", en: "Phone, mail or openid" }),
});
const TagColumns = z.object({ tagId: field(Id, { zh: "标签", en: "Tag" }, { kind: "tag" }) });

const followed = audits("audience", {
  audience_person: {
    list: "listPeople",
    title: "display_name",
    masked: ["display_name"],
    byPeopleOnly: true,
    fields: PersonColumns,
    ignored: ["last_seen_at", "first_seen_at", "created_at"],
  },
  audience_identity: {
    of: "audience_person",
    key: ["person_id"],
    byPeopleOnly: true,
    noun: { zh: "客户的身份", en: "person's identity" },
    masked: ["value"],
    ignored: ["created_at"],
    fields: IdentityColumns,
  },
  audience_person_tag: {
    of: "audience_person",
    key: ["person_id"],
    byPeopleOnly: true,
    noun: { zh: "客户的标签", en: "person's tag" },
    ignored: ["created_at", "source_id", "source", "source_name"],
    fields: TagColumns,
  },
  audience_tag: { list: "listTags", title: "name", ignored: ["created_at"] },
});

export const audience = contract(followed, {
  listPeople,
  getFigures: route.get("/people/figures", {
    summary: "Who is new, by the day, and who waits for an answer while one may still be sent",
    access: audienceRead,
    reply: z.object({
      newPeople: DailyFigures,
      waiting: z.object({
        count: z.int(),
        /** There are more than were counted. */
        isMore: z.boolean(),
        /** Who has waited longest. */
        first: z.array(
          z.object({
            conversationId: Id,
            personId: Id.nullable(),
            name: z.string().nullable(),
            /** What they said last; null for what isn't text. */
            text: z.string().nullable(),
            /** When they wrote what nothing has answered. */
            since: Instant,
          }),
        ),
      }),
      hasPeople: z.boolean(),
    }),
  }),
  getPerson: route.get("/people/:personId", {
    summary: "One person with all identities and tags",
    access: audienceRead,
    params: personParams,
    reply: Person,
    faults: [notFound],
  }),
  createPerson: route.post("/people", {
    summary: "Add a person whom no app has met, by name, phone number or mail address",
    access: audienceWrite,
    effect: "change",
    idempotent: true,
    body: NewPerson,
    reply: z.object({ id: Id }),
    faults: [contactTaken],
    imports: {
      list: "listPeople",
      knownBy: ["phone", "mail"],
      update: { route: "updatePerson", id: "personId" },
      synonyms: {
        displayName: ["客户", "客户姓名", "名称", "昵称", "person", "full name", "customer"],
        phone: ["手机", "电话", "联系电话", "手机号码", "mobile", "phone number", "tel"],
        mail: ["电子邮箱", "邮件", "email", "e-mail", "mail address"],
        tags: ["客户标签", "tag", "labels"],
      },
      examples: {
        displayName: { zh: "林小满", en: "Lin Xiaoman" },
        phone: "13800004321",
        mail: "xiaoman@lantern-tea.example",
        tags: { zh: "老客户、绿茶", en: "Regular, Green tea" },
      },
    },
  }),
  ...profileRoutes(audienceRead),
  timeline: route.get("/people/:personId/timeline", {
    summary: "What a person did and what was done for them, newest first",
    access: audienceRead,
    params: personParams,
    query: PageQuery,
    reply: pageOf(TimelineEntry),
    faults: [notFound],
  }),
  updatePerson: route.patch("/people/:personId", {
    summary: "Change the name, or add a phone number, a mail address or tags",
    access: audienceWrite,
    effect: "change",
    params: personParams,
    body: z.object({
      displayName: NewPerson.shape.displayName.optional(),
      phone: field(
        Phone,
        { zh: "添加手机号", en: "Add a phone number" },
        { kind: "phone", readBy: audienceContacts },
      ).optional(),
      mail: field(Mail, { zh: "添加邮箱", en: "Add a mail address" }, { readBy: audienceContacts }).optional(),
      tags: field(TagNames, { zh: "添加标签", en: "Add tags" }).optional(),
    }),
    reply: Person,
    faults: [notFound, conflict],
  }),
  addTag: route.post("/people/:personId/tags", {
    summary: "Tag a person; a tag that doesn't exist yet is made",
    access: audienceWrite,
    effect: "change",
    params: personParams,
    body: tagBody,
    reply: Person,
    faults: [notFound],
  }),
  findByOpenid: route.post("/people/by-openid", {
    summary: "Who some openids are, by the names that people have now; those that nobody knows are left out",
    access: audienceRead,
    effect: "read",
    body: z.object({ openids: z.array(z.string().max(100)).min(1).max(200) }),
    reply: z.object({
      items: z.array(z.object({ openid: z.string(), wechatAppId: Id, personId: Id, displayName: z.string() })),
    }),
  }),
  tagPeople: bulk("/people/tags", {
    list: listPeople,
    label: { zh: "打标签", en: "Tag" },
    summary: "Tag several people at once; a tag that doesn't exist yet is made",
    access: audienceWrite,
    effect: "change",
    body: tagBody,
    passes: { tagged: { zh: "已有这个标签", en: "have the tag already" } },
  }),
  untagPeople: bulk("/people/tags/take", {
    list: listPeople,
    label: { zh: "取消标签", en: "Remove a tag" },
    summary: "Take a tag away from several people at once",
    access: audienceWrite,
    effect: "change",
    body: tagBody,
    passes: { untagged: { zh: "没有这个标签", en: "don't have the tag" } },
  }),
  removeTag: route.delete("/people/:personId/tags/:tagId", {
    summary: "Take a tag away",
    access: audienceWrite,
    effect: "change",
    params: z.object({ personId: Id, tagId: Id }),
    reply: Person,
    faults: [notFound],
  }),
  listTags: list("/tags", {
    item: Tag,
    noun: { zh: "标签", en: "tag", plural: "tags" },
    access: audienceRead,
    sort: "name",
    // Not of who has which: with each message to look at half a million of those would cost more than it tells.
    live: "audience_tag",
    search: { zh: "标签名称", en: "Part of a tag" },
  }),
  updateTag: route.patch("/tags/:tagId", {
    summary: "Call a tag something else, for everybody who has it",
    access: audienceWrite,
    effect: "change",
    params: tagParams,
    body: z.object({ name: field(oneLine(30), { zh: "名称", en: "Name" }) }),
    reply: Tag,
    faults: [notFound, tagTaken],
  }),
  deleteTag: route.delete("/tags/:tagId", {
    summary: "Delete a tag, and take it from everybody who has it",
    access: audienceWrite,
    effect: "destroy",
    params: tagParams,
    reply: z.object({}),
    faults: [notFound],
  }),
});
