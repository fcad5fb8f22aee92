import { createHash } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { randomCode } from "@zhanggui/kit/server/random-code";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { Apps } from "./apps.ts";
import { appOff } from "./call.contract.ts";
import { faultOf, WechatClients } from "./clients.ts";
import type { connect } from "./connect.contract.ts";
import { Snapshots } from "./internal/snapshots.ts";
import { pageNotAllowed } from "./js-sdk.contract.ts";
import { PageLogin } from "./page-login.ts";

/** Signs what pages inside WeChat configure their JS-SDK with. */
@Injectable()
export class JsSdk {
  constructor(
    private readonly runtime: Runtime,
    private readonly apps: Apps,
    private readonly clients: WechatClients,
    private readonly pages: PageLogin,
    private readonly snapshots: Snapshots,
  ) {}

  /**
   * Whoever asks is nobody: the page's domain decides, and the ticket never leaves the server.
   *
   * @throws Fault `kit.not_found`, `connect.app_off`, `connect.page_not_allowed`, and what WeChat answers
   */
  async sign(visitor: Ctx, { wechatAppId, url }: Flat<typeof connect.signPage>): Promise<Out<typeof connect.signPage>> {
    const ctx = await this.#ctxOf(visitor, wechatAppId);
    const app = await this.apps.bound(ctx, wechatAppId);
    if (app.disabled) throw appOff({ name: app.name });
    if (!(await this.pages.isOwnPage(ctx, new URL(url), wechatAppId))) throw pageNotAllowed();
    const ticket = await this.clients
      .tokensOf(app)
      .tickets.get()
      .catch((error: unknown) => {
        throw faultOf(error) ?? error;
      });
    const timestamp = Math.floor(ctx.now().getTime() / 1000);
    const nonceStr = randomCode(16);
    return { appId: app.appId, timestamp, nonceStr, signature: signatureOf({ ticket, nonceStr, timestamp, url }) };
  }

  /** An app's id tells its tenant, as it does where WeChat pushes. @throws Fault `kit.not_found` */
  async #ctxOf(visitor: Ctx, wechatAppId: string): Promise<Ctx> {
    const { tenantId, actor } = await this.snapshots.of(visitor, wechatAppId).catch((cause: unknown) => {
      throw notFound({}, { cause });
    });
    return this.runtime.ctx(tenantId, { actor, traceId: visitor.traceId, signal: visitor.signal });
  }
}

/**
 * SHA-1 of ticket, nonce, time and address in the order of their names. The address is as the browser has it, without
 * what follows #, nothing escaped anew. Source: "JS-SDK 使用权限签名算法", doc/offiaccount/OA_Web_Apps/JS-SDK appendix 1, read
 * 2026-11.
 */
export function signatureOf(signed: { ticket: string; nonceStr: string; timestamp: number; url: string }): string {
  const [page = ""] = signed.url.split("#");
  const text = `jsapi_ticket=${signed.ticket}&noncestr=${signed.nonceStr}&timestamp=${signed.timestamp}&url=${page}`;
  return createHash("sha1").update(text, "utf8").digest("hex");
}
