import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { PushRefusal } from "@zhanggui/wechat/push";
import { type AppRow, callbackUrl } from "../apps.ts";
import { pushModes } from "../app.contract.ts";
import type { CheckResult } from "../diagnosis.contract.ts";
import { bad, good, seen, toCopy, waiting } from "./check-results.ts";

const dayMs = 86_400_000;
/** An account that is alive hears of somebody within so long; ours. */
const quietDays = 7;
/** One note in so long: whoever knows the address could have us write all day. */
const noteEveryMs = 10_000;

const enter = {
  zh: "在公众号后台“设置与开发 → 基本配置 → 服务器配置”填入下面的值，提交并启用。",
  en: "Enter these on WeChat's admin page, “Settings → Basic configuration → Server configuration”; submit and enable.",
};
const wrongToken = {
  found: { zh: "签名不对：两边的令牌（Token）不同。", en: "The signature is wrong: the tokens of both sides differ." },
  remedy: {
    zh: "用“编辑”换一个新的令牌，再填进公众号后台。",
    en: "Make a new token with “Edit”, and enter it at WeChat.",
  },
};
const wrongKey = {
  found: {
    zh: "解不开：两边的 EncodingAESKey 不同。",
    en: "It can't be decrypted: the EncodingAESKeys of both sides differ.",
  },
  remedy: {
    zh: "用“编辑”换一个新的 EncodingAESKey，再填进公众号后台。",
    en: "Make a new EncodingAESKey with “Edit”, and enter it at WeChat.",
  },
};
/** What is wrong where a push was refused, as far as the refusal tells. */
const causes: Partial<Record<PushRefusal | "disabled", Pick<typeof wrongToken, "found" | "remedy">>> = {
  signature: wrongToken,
  undecryptable: wrongKey,
  bad_key: wrongKey,
  wrong_mode: {
    found: { zh: "两边的加密方式不同。", en: "Both sides are set to different modes of encryption." },
    remedy: { zh: "在两边选同一种加密方式。", en: "Choose the same mode on both sides." },
  },
  wrong_app: {
    found: { zh: "推送属于另一个公众号。", en: "The push is meant for another account." },
    remedy: {
      zh: "每个公众号填它自己的服务器地址，不要混用。",
      en: "Each account has an address of its own: enter this one's at this account.",
    },
  },
  stale: {
    found: { zh: "推送的时间与本服务器相差太多。", en: "The push's time is too far from this server's." },
    remedy: { zh: "校准服务器时钟（NTP）。", en: "Set the server's clock (NTP)." },
  },
};

/** From WeChat's side: has it found this server's address, and do its pushes pass. */
@Injectable()
export class CallbackChecks {
  readonly #notedAt = new Map<string, number>();

  constructor(private readonly runtime: Runtime) {}

  async callback(ctx: Ctx, app: AppRow): Promise<CheckResult> {
    const { PUBLIC_URL: publicUrl, WECHAT_API_URL: apiUrl } = this.runtime.env;
    const values = [
      toCopy({ zh: "服务器地址（URL）", en: "Server address (URL)" }, callbackUrl(this.runtime, app.id)),
      seen({ zh: "令牌（Token）", en: "Token" }, "••••••", null),
      ...(app.mode === "plain" ? [] : [seen({ zh: "EncodingAESKey", en: "EncodingAESKey" }, "••••••", null)]),
      seen({ zh: "消息加解密方式", en: "Encryption" }, `${pushModes[app.mode].zh} · ${pushModes[app.mode].en}`, null),
    ];
    if (app.disabled)
      return bad(
        { zh: "应用已停用，推送会被拒绝。", en: "The app is switched off, so pushes are refused." },
        { remedy: { zh: "先启用它。", en: "Switch it on first." }, values },
      );
    if (isLocal(publicUrl) && !isLocal(apiUrl))
      return bad(
        {
          zh: `服务器地址 ${new URL(publicUrl).host} 只在本机或内网有效，微信访问不到。`,
          en: `${new URL(publicUrl).host} is known inside of this network only: WeChat can't reach it.`,
        },
        {
          remedy: {
            zh: "把环境变量 PUBLIC_URL 设成公网域名（80 或 443 端口），再到公众号后台提交。",
            en: "Set the variable PUBLIC_URL to a public name on port 80 or 443, and submit it at WeChat.",
          },
          values,
        },
      );
    const refusal = await this.#refusal(ctx, app);
    if (app.verifiedAt === null) {
      const cause = refusal === undefined ? undefined : causes[refusal.reason as PushRefusal];
      if (cause !== undefined) return bad(cause.found, { remedy: cause.remedy, values });
      return waiting(
        { zh: "微信还没有校验过这个地址。", en: "WeChat has not checked the address yet." },
        { remedy: enter, values },
      );
    }
    return good({ zh: "微信校验过这个地址。", en: "WeChat has checked the address." }, { values });
  }

  async pushes(ctx: Ctx, app: AppRow): Promise<CheckResult> {
    const last = await ctx.db
      .selectFrom("connect_inbound")
      .select("receivedAt")
      .where("wechatAppId", "=", app.id)
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    const refusal = await this.#refusal(ctx, app);
    if (refusal !== undefined && (last === undefined || refusal.at > last.receivedAt)) {
      const cause = causes[refusal.reason as PushRefusal];
      return bad(
        cause?.found ?? {
          zh: `最近一次推送没有通过校验（${refusal.reason}）。`,
          en: `The last push did not pass its check (${refusal.reason}).`,
        },
        {
          remedy: cause?.remedy ?? {
            zh: "原因在运行日志里，按“推送被拒绝”查找。",
            en: "The server's log says why: look for “a push was refused”.",
          },
        },
      );
    }
    const tryIt = {
      zh: "用自己的微信关注公众号，或发一条消息试试。",
      en: "Follow the account with your own WeChat, or write to it.",
    };
    if (last === undefined)
      return waiting({ zh: "还没有收到过推送。", en: "Nothing was pushed yet." }, { remedy: tryIt });
    const days = Math.floor((ctx.now().getTime() - last.receivedAt.getTime()) / dayMs);
    if (days >= quietDays)
      return waiting(
        { zh: `已经 ${days} 天没有收到推送。`, en: `Nothing was pushed for ${days} days.` },
        { remedy: tryIt },
      );
    return good({ zh: "推送正常到达。", en: "Pushes arrive." });
  }

  /** That a push to the app's address was refused, for whoever looks why nothing comes. */
  async noteRefusal(ctx: Ctx, wechatAppId: string, reason: string): Promise<void> {
    const now = ctx.now();
    if (now.getTime() - (this.#notedAt.get(wechatAppId) ?? 0) < noteEveryMs) return;
    this.#notedAt.set(wechatAppId, now.getTime());
    await ctx.db
      .insertInto("connect_push_refusal")
      .values({ wechatAppId, reason, at: now })
      .onConflict((on) => on.columns(["tenantId", "wechatAppId"]).doUpdateSet({ reason, at: now }))
      .execute();
  }

  /** What was refused before WeChat last checked the address was mended since. */
  async #refusal(ctx: Ctx, { id, verifiedAt }: AppRow): Promise<{ reason: string; at: Date } | undefined> {
    const row = await ctx.db
      .selectFrom("connect_push_refusal")
      .select(["reason", "at"])
      .where("wechatAppId", "=", id)
      .executeTakeFirst();
    return row !== undefined && (verifiedAt === null || row.at > verifiedAt) ? row : undefined;
  }
}

/** Whether only this machine or its network knows an address (RFC 1918, RFC 6761). */
function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  const isPrivate = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[::1\]|\[f[cd])/.test(hostname);
  return isPrivate || /(^localhost|\.(local|internal|localhost))$/.test(hostname);
}
