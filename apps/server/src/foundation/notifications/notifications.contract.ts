import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { authenticated } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

/** More unread ones than these aren't counted. */
export const mostUnread = 99;

const Text = z.object({ zh: z.string(), en: z.string() });
const Importance = z.enum(["high", "normal"]);

export const Notification = z
  .object({
    id: Id,
    title: field(Text, { zh: "内容", en: "What happened" }, { kind: "notification" }),
    kind: field(Text, { zh: "类别", en: "Kind" }, { kind: "words" }),
    importance: Importance,
    /** The console's page about it. */
    link: z.string(),
    isRead: field(
      z.boolean(),
      { zh: "已读", en: "Read" },
      {
        filter: true,
        hidden: true,
        choices: { true: { zh: "已读", en: "Read" }, false: { zh: "未读", en: "Unread" } },
      },
    ),
    at: field(Instant, { zh: "时间", en: "When" }, { sort: true, filter: "range" }),
  })
  .meta({ id: "Notification" });

export const NotificationChoice = z
  .object({ name: z.string(), label: Text, importance: Importance, isWanted: z.boolean() })
  .meta({ id: "NotificationChoice" });

export const notifications = contract("notifications", {
  list: list("/notifications", {
    item: Notification,
    noun: { zh: "通知", en: "notification", plural: "notifications" },
    summary: "What the caller was told, page by page",
    access: authenticated,
    sort: "-at",
    live: true,
  }),
  getFigures: route.get("/notifications/figures", {
    summary: `How many the caller hasn't read, up to ${mostUnread}`,
    access: authenticated,
    reply: z.object({ unread: z.int().max(mostUnread), isMore: z.boolean() }),
  }),
  read: route.post("/notifications/read", {
    summary: "Say that some were read; those of others aren't there",
    access: authenticated,
    byThemselves: true,
    whileReadOnly: true,
    effect: "change",
    body: z.object({ ids: z.array(Id).min(1).max(200) }),
    reply: z.object({ read: z.int() }),
  }),
  readAll: route.post("/notifications/read/all", {
    summary: "Say that all were read that had come by a time: what comes while somebody reads stays unread",
    access: authenticated,
    byThemselves: true,
    whileReadOnly: true,
    effect: "change",
    body: z.object({ until: Instant }),
    reply: z.object({ read: z.int() }),
  }),
  listKinds: route.get("/notifications/kinds", {
    summary: "What the caller can be told of, and what they want to be",
    access: authenticated,
    reply: z.object({ items: z.array(NotificationChoice) }),
  }),
  choose: route.put("/notifications/kinds/:kind", {
    summary: "Want to be told of a kind, or not",
    access: authenticated,
    byThemselves: true,
    effect: "change",
    params: z.object({ kind: z.string().max(100) }),
    body: z.object({ isWanted: z.boolean() }),
    reply: NotificationChoice,
    faults: [notFound],
  }),
});
