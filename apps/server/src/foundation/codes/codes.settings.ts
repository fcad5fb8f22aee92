import { setting } from "@zhanggui/kit/contract/setting";
import { retention, rowsOf } from "@zhanggui/kit/server/retention";
import { z } from "zod";

const windows = { zh: "获取验证码的频率", en: "How often codes may be asked for" };
const proofs = { zh: "自动安全验证", en: "Automatic security check" };

/** No code is good for longer, whatever a business has set. */
export const longestMinutes = 60;
export const validMinutes = setting(
  "codes.validMinutes",
  z.int().min(1).max(longestMinutes),
  5,
  { zh: "验证码有效的分钟数", en: "Minutes that a code is valid" },
  { help: { zh: "写在发出的短信和邮件里。", en: "Messages with a code say so." } },
);
export const againSeconds = setting(
  "codes.againSeconds",
  z.int().min(10).max(3600),
  60,
  { zh: "同一号码两次获取的间隔秒数", en: "Seconds before the same address gets another code" },
  { group: windows },
);
export const perAddressHour = setting(
  "codes.perAddressHour",
  z.int().min(1).max(100),
  5,
  { zh: "同一号码每小时的次数", en: "Codes to one address in an hour" },
  { group: windows },
);
export const perAddressDay = setting(
  "codes.perAddressDay",
  z.int().min(1).max(1000),
  10,
  { zh: "同一号码每天的次数", en: "Codes to one address in a day" },
  { group: windows },
);
export const perDeviceHour = setting(
  "codes.perDeviceHour",
  z.int().min(1).max(1000),
  10,
  { zh: "同一设备每小时的次数", en: "Codes for one device in an hour" },
  { group: windows },
);
export const perNetworkHour = setting(
  "codes.perNetworkHour",
  z.int().min(1).max(10_000),
  30,
  { zh: "同一网络每小时的次数", en: "Codes for one network in an hour" },
  {
    group: windows,
    help: {
      zh: "一家门店的客户往往共用一个网络地址，设得太小会误伤。",
      en: "Guests of one shop often share an address: too few hold up people who did nothing.",
    },
  },
);
export const perBusinessHour = setting(
  "codes.perBusinessHour",
  z.int().min(1).max(100_000),
  300,
  { zh: "全企业每小时的次数", en: "Codes of the whole business in an hour" },
  {
    group: windows,
    help: {
      zh: "防止有人用大量网络和号码恶意获取，让企业为短信付费。活动前可调大。",
      en: "Whoever has many networks and numbers could have the business pay for thousands of messages. Raise it before a campaign.",
    },
  },
);

export const proofTries = setting(
  "codes.proofTries",
  z.int().min(1).max(5000),
  100,
  { zh: "计算量", en: "How much is computed" },
  {
    group: proofs,
    levels: ["platform"],
    help: {
      zh: "默认值约需手机一秒、电脑零点几秒；攻击严重时可调大。",
      en: "As it comes, a phone takes about a second. While somebody attacks, more of it makes that dearer.",
    },
  },
);
export const proofAfterFailures = setting(
  "codes.proofAfterFailures",
  z.int().min(0).max(50),
  10,
  { zh: "登录失败多少次后需要验证", en: "Failed sign-ins before a check is asked for" },
  {
    group: proofs,
    levels: ["platform"],
    help: {
      zh: "按来源网络计数；登录过的设备不受影响。0 为从不。",
      en: "Counted by network; devices that have signed in before aren't asked. 0: never.",
    },
  },
);

export const keepCodes = retention(
  "codes.keepDays",
  90,
  { zh: "验证码的发送记录", en: "records of verification codes" },
  rowsOf("codes_code"),
  rowsOf("codes_refusal", "at"),
);
