import { type Prune, retention } from "@zhanggui/kit/server/retention";

/** With their attempts. What is still to go out stays, however old. */
const deliveries: Prune = async (ctx, { beforeId, limit }) => {
  const old = await ctx.db
    .selectFrom("webhooks_delivery")
    .select("id")
    .where("id", "<", beforeId)
    .where("state", "in", ["delivered", "failed"])
    .orderBy("id")
    .limit(limit)
    .execute();
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  await ctx.db.deleteFrom("webhooks_delivery").where("id", "in", ids).execute();
  return ids.length;
};

export const keepDeliveries = retention(
  "webhooks.keepDeliveriesDays",
  90,
  { zh: "Webhook 投递记录", en: "webhook deliveries, with their attempts," },
  deliveries,
);
