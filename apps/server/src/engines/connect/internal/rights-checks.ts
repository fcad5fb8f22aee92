import { Injectable } from "@nestjs/common";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { countMaterial } from "@zhanggui/wechat/calls/media";
import { menusOf } from "@zhanggui/wechat/calls/menus";
import { messageTemplates } from "@zhanggui/wechat/calls/template-messages";
import { followers } from "@zhanggui/wechat/calls/users";
import { TokenFailure, type WechatClient } from "@zhanggui/wechat/client";
import { WechatError } from "@zhanggui/wechat/transport";
import type { AppRow } from "../apps.ts";
import { faultOf, WechatClients } from "../clients.ts";
import type { CheckResult } from "../diagnosis.contract.ts";
import { Quota } from "../quota.ts";
import { bad, good, seen, toCopy, unknown } from "./check-results.ts";
import { wordsOf } from "./words.ts";

interface Asked {
  readonly name: string;
  readonly label: LocalizedText;
  readonly needs: LocalizedText;
  readonly ask: (client: WechatClient) => Promise<unknown>;
}
type Answer = "allowed" | "refused" | { readonly error: unknown };

/** 48001 and its siblings: the account may not make such a call. */
const notPermitted: ReadonlySet<number> = new Set([48001, 50001]);

const templatesOf = (client: WechatClient): Promise<unknown> => client.call(messageTemplates);
/**
 * A read of each set of permissions, whatever it answers. Which kind of account has which: "接口权限说明", doc/offiaccount/
 * Getting_Started/Explanation_of_interface_privileges (copies of 2019-03 and 2023-11).
 */
const sets = [
  {
    name: "menu",
    label: { zh: "自定义菜单", en: "Custom menus" },
    needs: { zh: "服务号，或已认证的订阅号", en: "a service account, or a verified subscription account" },
    ask: (client) => menusOf(client),
  },
  {
    name: "users",
    label: { zh: "用户管理", en: "User management" },
    needs: { zh: "已认证的公众号", en: "a verified account" },
    ask: (client) => client.call(followers, {}),
  },
  {
    name: "material",
    label: { zh: "素材管理", en: "Material" },
    needs: { zh: "已认证的公众号", en: "a verified account" },
    ask: (client) => client.call(countMaterial),
  },
  {
    name: "templates",
    label: { zh: "模板消息", en: "Template messages" },
    needs: { zh: "已认证的服务号", en: "a verified service account" },
    ask: templatesOf,
  },
] as const satisfies readonly Asked[];
const answers = {
  allowed: { zh: "可用", en: "Allowed" },
  refused: { zh: "不可用", en: "Refused" },
  unknown: { zh: "未知", en: "Unknown" },
};

/** What the account may do, and how much of it today. */
@Injectable()
export class RightsChecks {
  constructor(
    private readonly runtime: Runtime,
    private readonly clients: WechatClients,
    private readonly quotas: Quota,
  ) {}

  async rights(app: AppRow): Promise<CheckResult> {
    const { client } = this.clients.tokensOf(app);
    const found = await Promise.all(
      sets.map(async (set) => ({ ...set, answer: await answerOf(() => set.ask(client)) })),
    );
    const nobodyTells = found.every(({ answer }) => typeof answer === "object");
    const [first] = found;
    if (nobodyTells && first !== undefined && typeof first.answer === "object") return untold(first.answer.error);
    const values = found.map(({ label, needs, answer }) => {
      const word = typeof answer === "object" ? answers.unknown : answers[answer];
      const isGood = typeof answer === "object" ? null : answer === "allowed";
      const whose =
        isGood === false ? { zh: `${label.zh}（需要${needs.zh}）`, en: `${label.en} (needs ${needs.en})` } : label;
      return seen(whose, `${word.zh} · ${word.en}`, isGood);
    });
    const refused = found.filter(({ answer }) => answer === "refused");
    if (refused.length === 0)
      return good({ zh: "用到的接口都有权限。", en: "Every call that is used is permitted." }, { values });
    const names = (language: keyof LocalizedText): string => refused.map(({ label }) => label[language]).join("、");
    return bad(
      { zh: `没有权限：${names("zh")}。`, en: `Not permitted: ${names("en").replaceAll("、", ", ")}.` },
      {
        remedy: {
          zh: "完成微信认证；由第三方平台代管的公众号，还要在授权时勾选“用户管理权限”和“网页服务权限”。",
          en: "Have the account verified. One that is run by a third-party platform must also grant it “user management” and “web service”.",
        },
        values,
        errcode: 48001,
      },
    );
  }

  /** WeChat has no call that tells. Whoever may use template messages is a verified service account, which has it. */
  async web(app: AppRow): Promise<CheckResult> {
    const { client } = this.clients.tokensOf(app);
    const { hostname } = new URL(this.runtime.env.PUBLIC_URL);
    const values = [
      toCopy({ zh: "网页授权域名", en: "Web authorisation domain" }, hostname),
      toCopy({ zh: "JS 接口安全域名", en: "JS interface domain" }, hostname),
    ];
    const answer = await answerOf(() => templatesOf(client));
    if (typeof answer === "object") return untold(answer.error);
    if (answer === "refused")
      return bad(
        {
          zh: "不是已认证的服务号，没有网页授权。",
          en: "It is no verified service account, so it has no web authorisation.",
        },
        {
          remedy: {
            zh: "网页授权登录需要已认证的服务号，由第三方平台代管时还需要“网页服务权限”。",
            en: "Web authorisation needs a verified service account; with a third-party platform also “web service”.",
          },
          errcode: 48001,
        },
      );
    return good(
      { zh: "已认证的服务号，可以网页授权。", en: "A verified service account: it may use web authorisation." },
      {
        remedy: {
          zh: "在公众号后台“设置与开发 → 账号设置 → 功能设置”填入下面的域名，否则微信报 10003。",
          en: "Enter these domains on WeChat's admin page, “Settings → Account → Functions”, or WeChat answers 10003.",
        },
        values,
      },
    );
  }

  async quota(ctx: Ctx, app: AppRow): Promise<CheckResult> {
    const { calls, resets } = await this.quotas.get(ctx, { wechatAppId: app.id });
    const told = calls.filter(({ remain }) => remain !== null);
    const [untoldOne] = calls;
    if (told.length === 0) {
      const { zh, en, errcode } = untoldOne?.trouble ?? { zh: "", en: "", errcode: null };
      return unknown({ zh, en }, { errcode: errcode ?? undefined });
    }
    const used = told.filter(({ remain }) => remain === 0);
    const nearly = told.filter(({ remain, limit }) => remain !== 0 && (remain ?? 0) < (limit ?? 0) / 10);
    const values = [...used, ...nearly].map(({ zh, en, used: count, limit, remain }) =>
      seen({ zh, en }, `${count} / ${limit}`, remain === 0 ? false : null),
    );
    if (used.length > 0)
      return bad(
        {
          zh: `今天的次数已用完：${used.map(({ zh }) => zh).join("、")}。`,
          en: `Today's calls are used up: ${used.map(({ en }) => en).join(", ")}.`,
        },
        {
          remedy: {
            zh: `北京时间零点恢复；管理员也可以清零，本月还剩 ${resets.left} 次。`,
            en: `They return at midnight, Beijing time. An administrator can reset them: ${resets.left} resets are left this month.`,
          },
          values,
          errcode: 45009,
        },
      );
    if (nearly.length > 0)
      return good({ zh: "有的次数只剩不到一成。", en: "Of some calls less than a tenth is left." }, { values });
    return good({ zh: "今天的次数都够用。", en: "Today's calls suffice." });
  }
}

async function answerOf(ask: () => Promise<unknown>): Promise<Answer> {
  try {
    await ask();
    return "allowed";
  } catch (error) {
    const isAnswer = error instanceof WechatError;
    if (isAnswer && notPermitted.has(error.errcode)) return "refused";
    if (isAnswer || error instanceof TokenFailure || faultOf(error) !== undefined) return { error };
    throw error;
  }
}

/** Nothing can be told before the credentials work: their own checks say why. */
function untold(error: unknown): CheckResult {
  const fault = faultOf(error);
  if (fault === undefined) throw error;
  const { errcode } = fault.details;
  return unknown(wordsOf(fault), { errcode: typeof errcode === "number" ? errcode : undefined });
}
