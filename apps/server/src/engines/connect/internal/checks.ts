import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { menusOf } from "@zhanggui/wechat/calls/menus";
import { Apps } from "../apps.ts";
import { faultOf, WechatClients } from "../clients.ts";
import type { connect } from "../connect.contract.ts";
import { faultSentence } from "@zhanggui/kit/server/fault-sentence";

type Check = Out<typeof connect.testApp>["checks"][number];

/** Tests a binding from both sides: can we reach WeChat, has WeChat reached us. */
@Injectable()
export class Checks {
  constructor(
    private readonly apps: Apps,
    private readonly clients: WechatClients,
  ) {}

  async run(ctx: Ctx, { wechatAppId }: Flat<typeof connect.testApp>): Promise<{ checks: Check[] }> {
    const app = await this.apps.get(ctx, wechatAppId);
    const callback: Check =
      app.verifiedAt === null
        ? {
            check: "callback",
            ok: false,
            zh: "微信还没有校验过回调地址：请在公众平台填写服务器地址、令牌和密钥。",
            en: "WeChat has not checked the callback yet: enter its address, token and key in WeChat's admin page.",
          }
        : { check: "callback", ok: true, zh: "微信已校验回调地址。", en: "WeChat has checked the callback." };
    const push: Check =
      app.lastPushAt === null
        ? {
            check: "push",
            ok: false,
            zh: "还没有收到过推送：关注或发一条消息试试。",
            en: "Nothing was pushed yet: follow the account or write to it.",
          }
        : { check: "push", ok: true, zh: "已收到推送。", en: "Pushes arrive." };
    return { checks: [await this.#token(ctx, wechatAppId), callback, push] };
  }

  /** A harmless read: it needs a token that WeChat takes. */
  async #token(ctx: Ctx, wechatAppId: string): Promise<Check> {
    try {
      await menusOf(await this.clients.of(ctx, wechatAppId, { evenIfOff: true }));
      return {
        check: "token",
        ok: true,
        zh: "AppID 和 AppSecret 正确，微信接口可用。",
        en: "AppID and AppSecret are right; WeChat's API answers.",
      };
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined) throw error;
      return { check: "token", ok: false, ...faultSentence(fault) };
    }
  }
}
