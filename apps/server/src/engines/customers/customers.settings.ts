import { setting } from "@zhanggui/kit/contract/setting";
import { type Prune, retention, rowsOf } from "@zhanggui/kit/server/retention";
import { z } from "zod";

export const takesNewcomers = setting(
  "customers.takesNewcomers",
  z.boolean(),
  true,
  { zh: "允许新客户登录", en: "Whoever isn't known yet may sign in" },
  {
    help: {
      zh: "关闭后只有已登记手机号或邮箱的客户收得到验证码；页面上的提示对所有人相同。",
      en: "Otherwise only people whose number or address is on file get a code; what the page says is the same for all.",
    },
  },
);

/** Whether ended or not: what can't be renewed any more is over. */
const sessions: Prune = async (ctx, { before, limit }) => {
  const old = await ctx.db
    .selectFrom("customers_session")
    .select("id")
    .where("expiresAt", "<", before)
    .orderBy("expiresAt")
    .limit(limit)
    .execute();
  if (old.length === 0) return 0;
  await ctx.db
    .deleteFrom("customers_session")
    .where(
      "id",
      "in",
      old.map(({ id }) => id),
    )
    .execute();
  return old.length;
};

export const keepSignIns = retention(
  "customers.keepSignInsDays",
  90,
  { zh: "客户的登录记录", en: "customers' sign-ins that are over" },
  sessions,
);
export const keepNotices = retention(
  "customers.keepNoticesDays",
  30,
  { zh: "客户页面上的动态", en: "what customers' pages were told" },
  rowsOf("customers_notice"),
);
