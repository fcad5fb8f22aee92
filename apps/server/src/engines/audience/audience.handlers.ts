import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { userInfo } from "@zhanggui/wechat/official";
import { WechatError } from "@zhanggui/wechat/transport";
import { WechatClients } from "../connect/clients.ts";
import { messageReceived } from "../connect/connect.events.ts";
import { Arrivals } from "./internal/arrivals.ts";
import { fetchProfile } from "./internal/jobs.ts";
import { Merges } from "./internal/merges.ts";

@Injectable()
export class AudienceHandlers {
  readonly #clients: WechatClients;
  readonly #merges: Merges;

  constructor(runtime: Runtime, arrivals: Arrivals, clients: WechatClients, merges: Merges) {
    this.#clients = clients;
    this.#merges = merges;
    runtime.on(messageReceived, "audience.link_person", (ctx, message) => arrivals.receive(ctx, message));
    runtime.job(fetchProfile, (ctx, { wechatAppId, openid }) => this.fetchProfile(ctx, wechatAppId, openid));
  }

  /** Links the openid's person to the unionid; if that is somebody already, the two are one. */
  async fetchProfile(ctx: Ctx, wechatAppId: string, openid: string): Promise<void> {
    const client = await this.#clients.of(ctx, wechatAppId);
    let unionid: string | undefined;
    try {
      ({ unionid } = await userInfo(client, openid));
    } catch (error) {
      // They may have left before we asked; trying again won't bring them back.
      if (!(error instanceof WechatError) || error.kind !== "recipient") throw error;
      ctx.log.info({ openid, errcode: error.errcode }, "WeChat tells nothing about this openid");
    }
    if (unionid === undefined) return;
    const known = unionid;
    await ctx.tx((ctx) => this.#merges.link(ctx, { wechatAppId, openid }, known));
  }
}
