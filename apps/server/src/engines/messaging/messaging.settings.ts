import { oneLine } from "@zhanggui/kit/contract/one-line";
import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";
import { type Prune, retention, rowsOf } from "@zhanggui/kit/server/retention";

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

export const keepDeliveries = retention(
  "messaging.keepDeliveriesDays",
  365,
  { zh: "发送记录、每一步的说明和微信回执", en: "deliveries, with their steps and receipts," },
  deliveries,
  rowsOf("messaging_receipt", "receivedAt"),
);
