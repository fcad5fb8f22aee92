import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { userInfo } from "@zhanggui/wechat/calls/users";
import { WechatError } from "@zhanggui/wechat/transport";
import { WechatClients } from "../../connect/clients.ts";
import type { Openid } from "../../connect/openid.ts";
import { Merges } from "./merges.ts";

/** What WeChat tells of those who follow. */
@Injectable()
export class Profiles {
  constructor(
    private readonly clients: WechatClients,
    private readonly merges: Merges,
  ) {}

  /** Links the openid's person to the unionid; if that is somebody already, the two are one. */
  async fetch(ctx: Ctx, { wechatAppId, openid }: Openid): Promise<void> {
    const client = await this.clients.of(ctx, wechatAppId);
    let unionid: string | undefined;
    try {
      ({ unionid } = await client.call(userInfo, { openid }));
    } catch (error) {
      // They may have left before we asked; trying again won't bring them back.
      if (!(error instanceof WechatError) || error.kind !== "recipient") throw error;
      ctx.log.info({ openid, errcode: error.errcode }, "WeChat tells nothing about this openid");
    }
    if (unionid === undefined) return;
    const known = unionid;
    await ctx.tx((ctx) => this.merges.link(ctx, { wechatAppId, openid }, known));
  }
}
