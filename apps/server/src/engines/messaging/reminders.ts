import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Tenants } from "../../foundation/access/tenants.ts";
import { NotificationsService } from "../../foundation/notifications/notifications.service.ts";
import { SettingsService } from "../../foundation/settings/settings.service.ts";
import { Conversations, windowEnd } from "../connect/conversations.ts";
import { messagingReply } from "./conversations.contract.ts";
import { customersWaiting } from "./messaging.notifications.ts";
import { remindHours } from "./messaging.settings.ts";

/** More than these nobody can answer at once: they are counted as "more". */
const mostCounted = 100;
const hourMs = 3_600_000;

/** Tells whoever answers customers that some can soon no longer be answered. */
@Injectable()
export class Reminders {
  constructor(
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
    private readonly conversations: Conversations,
    private readonly notifications: NotificationsService,
  ) {}

  remind(): Promise<void> {
    return this.tenants.each((ctx) => this.#remind(ctx));
  }

  async #remind(ctx: Ctx): Promise<void> {
    const hours = await this.settings.get(ctx, remindHours);
    if (hours === 0) return;
    const closing = await this.conversations.closingWithin(ctx, hours * hourMs, mostCounted + 1);
    const [newest] = closing;
    if (newest === undefined) return;
    const count = Math.min(closing.length, mostCounted);
    const told = {
      count,
      isMore: closing.length > mostCounted,
      hours,
      conversationId: closing.length === 1 ? newest.id : null,
    };
    // Once for each who comes to be among them.
    const since = new Date(windowEnd(newest.lastAt).getTime() - hours * hourMs);
    await ctx.tx((ctx) =>
      this.notifications.notify(ctx, customersWaiting, told, {
        to: { holdersOf: messagingReply },
        key: "waiting",
        renewedBy: since,
      }),
    );
  }
}
