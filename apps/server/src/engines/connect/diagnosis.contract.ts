import { notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import type { Permission } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

/** What is looked at, in the order in which one thing depends on another. */
export const checkNames = {
  reach: { zh: "连接微信", en: "Reaching WeChat" },
  allow_list: { zh: "IP 白名单", en: "IP allow-list" },
  secret: { zh: "AppID 和 AppSecret", en: "AppID and AppSecret" },
  binding: { zh: "绑定归属", en: "Whose the account is" },
  token: { zh: "接口凭证", en: "Access token" },
  callback: { zh: "服务器地址", en: "Server address" },
  pushes: { zh: "微信推送", en: "Pushes" },
  rights: { zh: "接口权限", en: "Permissions" },
  web: { zh: "网页授权与 JS-SDK", en: "Web authorisation and JS-SDK" },
  quota: { zh: "调用次数", en: "Call quotas" },
} as const;
export type CheckName = keyof typeof checkNames;
const names = Object.keys(checkNames) as [CheckName, ...CheckName[]];

const Words = z.object({ zh: z.string(), en: z.string() });
/** What a check found, and what to do. */
export const CheckResult = z
  .object({
    /** `waiting`: nothing is wrong, it is WeChat's or somebody's turn. `unknown`: it can't be told now. */
    outcome: z.enum(["good", "waiting", "bad", "unknown"]),
    /** The cause. */
    found: Words,
    /** What to do; null: nothing. */
    remedy: Words.nullable(),
    /** What to paste at WeChat, or what was seen piece by piece. */
    values: z.array(
      z.object({ label: Words, value: z.string(), isGood: z.boolean().nullable(), isToCopy: z.boolean() }),
    ),
    /** WeChat's code, and its words for its support. */
    errcode: z.int().nullable(),
    said: z.string().nullable(),
  })
  .meta({ id: "CheckResult" });
export type CheckResult = z.output<typeof CheckResult>;

const Check = z
  .object({
    check: z.enum(names),
    /** Null: nobody has run it yet. */
    ranAt: Instant.nullable(),
    result: CheckResult.nullable(),
  })
  .meta({ id: "AppDiagnosisCheck" });

const params = z.object({ wechatAppId: Id });
const path = "/wechat/apps/:wechatAppId/diagnosis" as const;

/** @param read whoever sees apps; @param write whoever changes them */
export const diagnosisRoutes = (read: Permission, write: Permission) =>
  ({
    getDiagnosis: route.get(path, {
      summary: "What the checks of an app found when they last ran",
      access: read,
      params,
      reply: z.object({ checks: z.array(Check) }),
      faults: [notFound],
    }),
    diagnose: route.post(path, {
      summary: "Run checks of an app: cause and remedy of each",
      access: write,
      effect: "change",
      // WeChat may be slow to answer each of them, and is asked thrice.
      timeLimitMs: 90_000,
      params,
      body: z.object({
        /** Left out, all of them. */
        checks: z.array(z.enum(names)).min(1).max(names.length).optional(),
      }),
      reply: z.object({ checks: z.array(Check) }),
      faults: [notFound],
    }),
  }) as const;
