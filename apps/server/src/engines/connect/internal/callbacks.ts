import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { AppRow } from "../apps.ts";
import { pushRefused } from "../connect.contract.ts";

/** From the callback address to the app, and from the app to its tenant. */
@Injectable()
export class Callbacks {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** @throws Fault `connect.push_refused` for an app that isn't there or is disabled */
  async open(visitor: Ctx, wechatAppId: string): Promise<{ ctx: Ctx; app: AppRow }> {
    const app = await this.#runtime
      .unscopedDb()
      .selectFrom("connect_app")
      .selectAll()
      .where("id", "=", wechatAppId)
      .executeTakeFirst();
    if (app === undefined || app.disabled) {
      visitor.log.warn({ wechatAppId, disabled: app?.disabled }, "a push to an app that is not bound or is disabled");
      throw pushRefused();
    }
    const actor = { kind: "wechat" as const, id: app.appId, name: app.name, permissions: new Set<string>() };
    return { ctx: this.#runtime.ctx(app.tenantId, { actor, traceId: visitor.traceId }), app };
  }
}
