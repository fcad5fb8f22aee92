import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { explainErrcode } from "@zhanggui/wechat/errcodes";
import { WechatError, WechatUnreachable } from "@zhanggui/wechat/transport";
import type { AppRow } from "../apps.ts";
import { boundElsewhere } from "../call.contract.ts";
import { WechatClients } from "../clients.ts";
import type { CheckResult } from "../diagnosis.contract.ts";
import { AccessTokens } from "../tokens.ts";
import { bad, good, toCopy, unknown, waiting } from "./check-results.ts";
import { wordsOf } from "./words.ts";

/** What WeChat said to AppID and secret just now; null: it gave a token. */
export interface AskedWechat {
  readonly error: WechatError | WechatUnreachable | Fault | null;
}

const frozen = 40243;
const notAllowed = 40164;
const banned: ReadonlySet<number> = new Set([48004, 50002]);
const where = { zh: "公众号后台“设置与开发 → 基本配置”", en: "WeChat's admin page, “Settings → Basic configuration”" };

/** From our side: can WeChat be reached, does it take this server's address and the app's secret. */
@Injectable()
export class CredentialChecks {
  constructor(
    private readonly runtime: Runtime,
    private readonly clients: WechatClients,
    private readonly tokens: AccessTokens,
  ) {}

  /** Asks for the current token, which WeChat repeats: nothing is renewed by it. */
  async ask(app: AppRow): Promise<AskedWechat> {
    try {
      await this.clients.tokensOf(app).ask(false);
      return { error: null };
    } catch (error) {
      if (error instanceof WechatError || error instanceof WechatUnreachable || error instanceof Fault)
        return { error };
      throw error;
    }
  }

  reach({ error }: AskedWechat): CheckResult {
    const { host } = new URL(this.runtime.env.WECHAT_API_URL);
    if (!(error instanceof WechatUnreachable)) return good({ zh: `${host} 有应答。`, en: `${host} answers.` });
    const { reason, message: said } = error;
    const causes: Partial<Record<typeof reason, { zh: string; en: string }>> = {
      connect: { zh: `连接不上 ${host}。`, en: `No connection to ${host} can be made.` },
      timeout: { zh: `${host} 没有及时应答。`, en: `${host} did not answer in time.` },
      reset: { zh: `${host} 中断了连接。`, en: `${host} broke the connection off.` },
    };
    const found = causes[reason] ?? {
      zh: `${host} 的应答不是微信的格式。`,
      en: `${host} answers, but not as WeChat does.`,
    };
    const remedy = {
      zh: "检查服务器的域名解析、出口防火墙和代理，以及环境变量 WECHAT_API_URL。",
      en: "Check the server's name resolution, outgoing firewall and proxy, and the variable WECHAT_API_URL.",
    };
    return bad(found, { remedy, said });
  }

  allowList({ error }: AskedWechat): CheckResult {
    if (!(error instanceof WechatError)) {
      if (error instanceof WechatUnreachable) return this.#notReached();
      return good({ zh: "微信接受本服务器的 IP。", en: "WeChat accepts this server's address." });
    }
    if (error.errcode !== notAllowed)
      return good({ zh: "微信没有因为 IP 拒绝。", en: "WeChat doesn't refuse because of the address." });
    const address = addressIn(error.errmsg);
    const { errcode, errmsg: said } = error;
    if (address === undefined) {
      const found = { zh: "本服务器的出口 IP 不在白名单。", en: "This server's address is not on the allow-list." };
      return bad(found, { remedy: addIt, errcode, said });
    }
    return bad(
      {
        zh: `本服务器的出口 IP ${address} 不在白名单。`,
        en: `This server's address ${address} is not on the allow-list.`,
      },
      { remedy: addIt, values: [toCopy({ zh: "要添加的 IP", en: "Address to add" }, address)], errcode, said },
    );
  }

  secret({ error }: AskedWechat): CheckResult {
    if (error instanceof WechatUnreachable) return this.#notReached();
    if (!(error instanceof WechatError))
      return good({ zh: "微信认可这个 AppID 和 AppSecret。", en: "WeChat accepts this AppID with this AppSecret." });
    const { errcode, errmsg: said } = error;
    if (errcode === notAllowed)
      return unknown({
        zh: "IP 不在白名单时，微信不核对密钥：请先处理白名单。",
        en: "WeChat doesn't look at the secret while the address isn't allowed: add the address first.",
      });
    const { zh, en } = explainErrcode(errcode);
    if (errcode === frozen)
      return bad(
        { zh: "AppSecret 已被冻结。", en: "The AppSecret is frozen." },
        {
          remedy: {
            zh: `到${where.zh}解冻 AppSecret，或重置后在这里填入新的。`,
            en: `Unfreeze it on ${where.en}, or reset it and enter the new one here.`,
          },
          errcode,
          said,
        },
      );
    if (banned.has(errcode))
      return bad(
        { zh, en },
        {
          remedy: {
            zh: "登录公众号后台查看通知和违规记录，按提示申诉或整改。",
            en: "See the notices and violations on WeChat's admin page, and appeal or mend them.",
          },
          errcode,
          said,
        },
      );
    return bad(
      { zh, en },
      {
        remedy: {
          zh: `到${where.zh}核对 AppID，重置 AppSecret，再用“编辑”填入新的。`,
          en: `Compare the AppID on ${where.en}, reset the AppSecret, and enter the new one with “Edit”.`,
        },
        errcode,
        said,
      },
    );
  }

  /** Whose an AppID is tells WeChat's answer to its secret, and nothing else. */
  binding({ provenAt }: AppRow, { error }: AskedWechat): CheckResult {
    if (error instanceof Fault) {
      const elsewhere = error.definition.code === boundElsewhere.code;
      return elsewhere ? bad(wordsOf(error)) : unknown(wordsOf(error));
    }
    // A token that came just now has proven it, if nothing had before.
    if (error === null)
      return good({
        zh: "微信已用密钥确认这个公众号归本企业。",
        en: "WeChat has confirmed by the secret that the account is this business's.",
      });
    if (provenAt !== null)
      return good({
        zh: "微信曾确认过这个公众号归本企业。",
        en: "WeChat confirmed earlier that the account is yours.",
      });
    return waiting({
      zh: "还没有确认过归属：密钥通过后自动确认，在此之前不影响其他企业绑定它。",
      en: "Not confirmed yet: it is as soon as the secret is accepted. Until then it keeps nobody else from binding it.",
    });
  }

  async token(ctx: Ctx, app: AppRow): Promise<CheckResult> {
    const { store } = this.clients.tokensOf(app);
    const stored = await store.read();
    const { state, failure } = await this.tokens.stateOf(ctx, app);
    if (stored === null)
      return waiting({
        zh: "还没有获取过凭证，第一次调用时自动获取。",
        en: "There is none yet; the first call fetches one.",
      });
    const remedy = {
      zh: "系统每分钟自动换新。如果一直不恢复，先看上面几项，再由管理员强制刷新或手工更换。",
      en: "It is renewed by itself within a minute. If not, see the checks above; then an administrator forces or replaces it.",
    };
    const tried = await this.tokens.try(stored.value);
    if (tried === "refused") {
      // Whoever meets it next renews it; the schedule does within a minute.
      await store.invalidate(stored.value);
      return bad(
        {
          zh: "微信不接受当前凭证：可能有其他系统用同一密钥刷新过。",
          en: "WeChat refuses the current token: another system may have renewed it with the same secret.",
        },
        { remedy, errcode: 40001 },
      );
    }
    if (tried === "unreached") return this.#notReached();
    if (failure !== null && state !== "good")
      return bad(failure, { remedy, said: failure.said, errcode: failure.errcode ?? undefined });
    return good({ zh: "微信接受当前凭证。", en: "WeChat accepts the current token." });
  }

  #notReached(): CheckResult {
    return unknown({ zh: "连接不上微信，无法判断。", en: "WeChat can't be reached, so this can't be told." });
  }
}

const addIt = {
  zh: `把它加进${where.zh}的“IP 白名单”，几分钟后生效。`,
  en: `Add it to the “IP allow-list” on ${where.en}; it takes some minutes.`,
};

/**
 * The caller's address as WeChat names it: `invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist`. Source:
 * answers quoted in public issues (lanrion/weixin_authorize#81), read 2026-11.
 */
export function addressIn(errmsg: string): string | undefined {
  return /\binvalid ip:?\s+([0-9a-fA-F.:]*[0-9a-fA-F])/.exec(errmsg)?.[1];
}
