import { oneLine } from "@zhanggui/kit/contract/one-line";
import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";
import { type Prune, retention, rowsOf } from "@zhanggui/kit/server/retention";

/** The longest that a rule or the busy word may be silent to somebody: a rule's 43,200 minutes. */
const longestSilenceMs = 30 * 86_400_000;

/** Nobody likes to be called by the end of an openid. */
export const unnamedCustomer = setting(
  "messaging.unnamedCustomer",
  oneLine(20),
  "您",
  { zh: "不知道姓名时的称呼", en: "What somebody without a name is called" },
  { help: { zh: "用在发给客户的消息里。", en: "In messages to customers." } },
);

export const remindHours = setting(
  "messaging.remindHours",
  z.int().min(0).max(47),
  4,
  { zh: "提前多少小时提醒待回复的客户", en: "Remind of customers who wait (hours before)" },
  {
    help: {
      zh: "在微信不再允许回复之前这么多小时提醒；0 为不提醒。",
      en: "So long before WeChat takes no answer any more people are reminded; 0: never.",
    },
  },
);

const desk = { zh: "客服分配", en: "Conversations" };
export const assignBy = setting(
  "messaging.assignBy",
  z.enum(["nobody", "turns"]),
  "nobody",
  { zh: "新会话的分配", en: "Who gets new conversations" },
  {
    group: desk,
    help: {
      zh: "nobody：大家自己领取；turns：轮流分给值班的人。",
      en: "nobody: everybody takes their own; turns: those on duty, in turn.",
    },
  },
);
export const openLimit = setting(
  "messaging.openLimit",
  z.int().min(1).max(1000),
  20,
  { zh: "每人最多同时负责的会话数", en: "Most open conversations that anybody is given" },
  { group: desk },
);

const busy = { zh: "客服繁忙提示", en: "When all are busy" };
const perApp = ["platform", "tenant", "app"] as const;
export const busyWhen = setting(
  "messaging.busyWhen",
  z.enum(["never", "off_duty", "off_duty_or_late"]),
  "never",
  { zh: "什么时候发送繁忙提示", en: "When customers are told that all are busy" },
  {
    group: busy,
    levels: perApp,
    help: {
      zh: "never：不发；off_duty：没有人值班或值班的人都满了；off_duty_or_late：还包括等得太久。",
      en: "never; off_duty: nobody is on duty, or all have enough; off_duty_or_late: also whoever has waited too long.",
    },
  },
);
export const busyText = setting(
  "messaging.busyText",
  z.string().max(600),
  "现在咨询的人比较多，我们看到后会尽快回复您。",
  { zh: "客服繁忙提示语", en: "What they are told" },
  { group: busy, levels: perApp, help: { zh: "留空则不发。", en: "Left empty, nothing is sent." } },
);
export const busyAfterMinutes = setting(
  "messaging.busyAfterMinutes",
  z.int().min(1).max(1440),
  5,
  { zh: "等待多少分钟算太久", en: "Minutes after which a wait is too long" },
  { group: busy, levels: perApp },
);
export const busyEveryHours = setting(
  "messaging.busyEveryHours",
  z.int().min(1).max(48),
  12,
  { zh: "同一客户多少小时内只提示一次", en: "Hours in which nobody is told twice" },
  { group: busy, levels: perApp },
);

/** With their steps. What is still to go out stays, however old. */
const deliveries: Prune = async (ctx, { beforeId, limit }) => {
  const old = await ctx.db
    .selectFrom("messaging_delivery")
    .select("id")
    .where("id", "<", beforeId)
    .where("state", "not in", ["ready", "submitting"])
    .orderBy("id")
    .limit(limit)
    .execute();
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  await ctx.db.deleteFrom("messaging_step").where("deliveryId", "in", ids).execute();
  await ctx.db.deleteFrom("messaging_delivery").where("id", "in", ids).execute();
  return ids.length;
};

/** What is said once in so long needs its time for as long. */
const told: Prune = (ctx, old) => {
  const needed = new Date(ctx.now().getTime() - longestSilenceMs);
  return rowsOf("messaging_told", "at")(ctx, { ...old, before: needed < old.before ? needed : old.before });
};

export const keepDeliveries = retention(
  "messaging.keepDeliveriesDays",
  365,
  {
    zh: "发送记录、每一步的说明、微信回执、会话备注和限次回复的时间",
    en: "deliveries, with their steps and receipts, notes in conversations, and when what is said once in so long was said",
  },
  deliveries,
  rowsOf("messaging_receipt", "receivedAt"),
  rowsOf("messaging_note"),
  told,
);
