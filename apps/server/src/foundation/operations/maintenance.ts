import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { beginMaintenance, endMaintenance } from "@zhanggui/kit/server/maintenance";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { operations } from "./operations.contract.ts";

type View = Out<typeof operations.getMaintenance>;

/** Closes the server for work on it, and opens it again. Every process follows by itself (`kit/server/maintenance`). */
@Injectable()
export class MaintenanceSwitch {
  constructor(private readonly runtime: Runtime) {}

  get(): View {
    const { state } = this.runtime.maintenance;
    const { since = null, messageZh = "", messageEn = "", endsAt = null } = state ?? {};
    return { isOn: state !== undefined, since, messageZh, messageEn, endsAt };
  }

  async begin(
    ctx: Ctx,
    { messageZh, messageEn, endsAt: ends }: Flat<typeof operations.beginMaintenance>,
  ): Promise<View> {
    const endsAt = ends === null ? null : new Date(ends);
    const state = { messageZh, messageEn, endsAt, since: ctx.now(), begunBy: ctx.actor.name };
    await this.runtime.ownerTransaction(({ query }) => beginMaintenance(query, state));
    await this.runtime.maintenance.look();
    return this.get();
  }

  async end(): Promise<View> {
    await this.runtime.ownerTransaction(({ query }) => endMaintenance(query));
    await this.runtime.maintenance.look();
    return this.get();
  }
}
