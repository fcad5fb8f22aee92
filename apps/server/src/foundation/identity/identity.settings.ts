import { field } from "@zhanggui/kit/contract/field";
import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

export const passwordsForOwnersOnly = setting(
  "identity.passwordsForOwnersOnly",
  z.boolean(),
  false,
  { zh: "只有负责人可以用密码登录", en: "Only owners sign in with a password" },
  {
    help: {
      zh: "其他人须用统一登录；没有启用的统一登录时不生效。负责人总可以用密码，以防对方系统故障。",
      en: "The others use single sign-on, where a provider is enabled. Owners always can, should it fail.",
    },
  },
);

const secondFactor = { zh: "强制两步验证", en: "Demanded two-step sign-in" };
const demandedOf = {
  nobody: { zh: "不强制", en: "Nobody" },
  weighty: { zh: "有重要权限的人", en: "Whoever holds weighty permissions" },
  everybody: { zh: "所有人", en: "Everybody" },
} as const;
export const secondFactorOf = setting(
  "identity.secondFactorOf",
  field(
    z.enum(["nobody", "weighty", "everybody"]),
    { zh: "谁必须使用两步验证", en: "Who has to use two-step sign-in" },
    { choices: demandedOf },
  ),
  "nobody",
  { zh: "谁必须使用两步验证", en: "Who has to use two-step sign-in" },
  {
    group: secondFactor,
    help: {
      zh: "重要权限包括管理账号、API 密钥、设置、统一登录、企业和运维，以及以他人身份操作。宽限期过后，没有启用的人下次登录时须先完成设置，否则无法进行任何操作。修改此项前，您自己须已启用。通过统一登录进入的人由对方系统验证，API 密钥不受影响。",
      en: "Weighty are the permissions to manage accounts, API keys, settings, single sign-on, businesses and the server, and to act in others' names. After the days of grace whoever has none sets it up at the next sign-in and can do nothing else before. You need your own to demand it. Who comes by single sign-on is asked there, and API keys go on.",
    },
  },
);
export const secondFactorGraceDays = setting(
  "identity.secondFactorGraceDays",
  z.int().min(0).max(90),
  7,
  { zh: "两步验证的宽限期（天）", en: "Days of grace to set it up" },
  {
    group: secondFactor,
    help: {
      zh: "从上一项最近一次修改时算起。在此期间，尚未启用的人会在每个页面顶部看到截止日期。",
      en: "Counted from when the demand was last changed. Until then, whoever has none reads the date above every page.",
    },
  },
);
