import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { SettingsService } from "../../../foundation/settings/settings.service.ts";
import { AudienceService } from "../../audience/audience.service.ts";
import { Apps } from "../../connect/apps.ts";
import { Channels } from "../../connect/channels.ts";
import { type Openid, openidKey } from "../../connect/openid.ts";
import { unnamedCustomer } from "../messaging.settings.ts";
import type { ReplyPart } from "../rule.contract.ts";
import { hasGaps } from "./parts.ts";
import { fillIn, type TemplateScope } from "./templates.ts";

/** To whom something is said, and by what code they came, if it was by one just now. */
export interface Whom extends Openid {
  readonly channelId: string | null;
}

/** Fills in what is said to a customer by the names of now. */
@Injectable()
export class Wording {
  constructor(
    private readonly settings: SettingsService,
    private readonly audience: AudienceService,
    private readonly apps: Apps,
    private readonly channels: Channels,
  ) {}

  async fill(ctx: Ctx, parts: readonly ReplyPart[], whom: Whom): Promise<ReplyPart[]> {
    if (!parts.some(hasGaps)) return [...parts];
    const scope = await this.scope(ctx, whom);
    return Promise.all(
      parts.map(async (part) => (part.type === "text" ? { ...part, text: await fillIn(part.text, scope) } : part)),
    );
  }

  async scope(ctx: Ctx, whom: Whom): Promise<TemplateScope> {
    const known = (await this.audience.behind(ctx, [whom])).get(openidKey(whom));
    const channel = whom.channelId === null ? undefined : await this.channels.find(ctx, whom.channelId);
    const app = (await this.apps.states(ctx)).get(whom.wechatAppId);
    const displayName = known?.isNamed === true ? known.displayName : await this.settings.get(ctx, unnamedCustomer);
    return {
      person: { displayName },
      channel: { name: channel?.name ?? "", leaderName: channel?.leaderName ?? "" },
      app: { name: app?.name ?? "" },
    };
  }
}
