import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { bilingual } from "@zhanggui/kit/contract/text";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { PageQuery, pageOf, Total } from "@zhanggui/kit/contract/page";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const audienceRead = permission("audience:read", { zh: "查看客户", en: "See people" }, [
  "operator",
  "finance",
  "reviewer",
  "developer",
]);
export const audienceWrite = permission("audience:write", { zh: "编辑客户与标签", en: "Edit people and tags" }, [
  "operator",
]);

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
    displayName: z.string(),
    following: z.boolean(),
    /** The channel that brought them first. */
    channelName: z.string().nullable(),
    tags: z.array(z.object({ tagId: Id, name: z.string() })),
    firstSeenAt: Instant,
    lastSeenAt: Instant,
  })
  .meta({ id: "PersonSummary" });
export const Person = z
  .object({ ...PersonSummary.shape, tags: z.array(PersonTag), identities: z.array(Identity) })
  .meta({ id: "Person" });
export const TimelineEntry = z
  .object({
    id: Id,
    /**
     * `followed`, `unfollowed`, `scanned`, `wrote`, `tapped_menu`, `tag_added`, `tag_removed`, `identity_added`,
     * `merged`, `delivery` …
     */
    kind: z.string(),
    /** What the sentence of that kind needs: the channel's name, the text, the tag. */
    details: z.record(z.string(), z.unknown()),
    traceId: z.string(),
    at: Instant,
  })
  .meta({ id: "TimelineEntry" });

const personParams = z.object({ personId: Id });

export const audience = contract("audience", {
  listPeople: route.get("/people", {
    summary: "People, most recently seen first",
    access: audienceRead,
    query: PageQuery.extend({
      search: z
        .string()
        .trim()
        .max(100)
        .optional()
        .meta({ description: "Part of the name, or a whole openid, unionid, phone number or mail address" }),
      tagId: Id.optional(),
      following: z.stringbool().optional().meta({ description: "`true` or `false`" }),
    }),
    reply: pageOf(PersonSummary).extend({ total: Total }),
  }),
  getPerson: route.get("/people/:personId", {
    summary: "One person with all identities and tags",
    access: audienceRead,
    params: personParams,
    reply: Person,
    faults: [notFound],
  }),
  timeline: route.get("/people/:personId/timeline", {
    summary: "What a person did and what was done for them, newest first",
    access: audienceRead,
    params: personParams,
    query: PageQuery,
    reply: pageOf(TimelineEntry),
    faults: [notFound],
  }),
  updatePerson: route.patch("/people/:personId", {
    summary: "Change the name, or add a phone number or mail address",
    access: audienceWrite,
    effect: "change",
    params: personParams,
    body: z.object({
      displayName: oneLine(60).optional(),
      phone: z
        .string()
        .trim()
        .regex(/^\+?[0-9]{5,15}$/, { error: bilingual({ zh: "5 到 15 位数字", en: "5 to 15 digits" }) })
        .optional(),
      mail: z.email().max(200).optional(),
    }),
    reply: Person,
    faults: [notFound, conflict],
  }),
  addTag: route.post("/people/:personId/tags", {
    summary: "Tag a person; a tag that doesn't exist yet is made",
    access: audienceWrite,
    effect: "change",
    params: personParams,
    body: z.object({ name: oneLine(30) }),
    reply: Person,
    faults: [notFound],
  }),
  removeTag: route.delete("/people/:personId/tags/:tagId", {
    summary: "Take a tag away",
    access: audienceWrite,
    effect: "change",
    params: z.object({ personId: Id, tagId: Id }),
    reply: Person,
    faults: [notFound],
  }),
  listTags: route.get("/tags", {
    summary: "Tags with the number of people who have them",
    access: audienceRead,
    reply: z.object({ items: z.array(z.object({ id: Id, name: z.string(), people: z.int() })) }),
  }),
});
