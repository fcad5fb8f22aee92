import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { scopeOf, within } from "@zhanggui/kit/server/data-scope";
import { Rights } from "../../foundation/access/rights.ts";
import { Tenants } from "../../foundation/access/tenants.ts";
import { NotificationsService } from "../../foundation/notifications/notifications.service.ts";
import { SettingsService } from "../../foundation/settings/settings.service.ts";
import { type ConversationRow, Conversations, windowEnd } from "../connect/conversations.ts";
import { messagingReply } from "./conversations.contract.ts";
import { customersWaiting } from "./messaging.notifications.ts";
import { remindHours } from "./messaging.settings.ts";

/** More than these nobody can answer at once: they are counted as "more". */
const mostCounted = 100;
/** A tenant with more people of one right tells the first of them. */
const mostTold = 500;
const hourMs = 3_600_000;

/** Tells whoever answers customers that some can soon no longer be answered. */
@Injectable()
export class Reminders {
  constructor(
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
    private readonly conversations: Conversations,
    private readonly notifications: NotificationsService,
    private readonly rights: Rights,
  ) {}

  remind(): Promise<void> {
    return this.tenants.each((ctx) => this.#remind(ctx));
  }

  /** Whoever reaches some of them only, their own or their department's, is told of those and no others. */
  async #remind(ctx: Ctx): Promise<void> {
    const hours = await this.settings.get(ctx, remindHours);
    if (hours === 0) return;
    const closing = await this.#closing(ctx, hours);
    if (closing.length === 0) return;
    const reachingAll: string[] = [];
    for (const id of await this.rights.holdersOf(ctx, messagingReply, mostTold)) {
      const holder = { id, ...(await this.rights.heldBy(ctx, id)) };
      if (scopeOf(holder, messagingReply) === "all") reachingAll.push(id);
      else
        await this.#tell(
          ctx,
          hours,
          [id],
          await this.#closing(ctx, hours, within(holder, messagingReply, "assigneeId")),
        );
    }
    await this.#tell(ctx, hours, reachingAll, closing);
  }

  #closing(ctx: Ctx, hours: number, reached?: ReturnType<typeof within>): Promise<ConversationRow[]> {
    return this.conversations.closingWithin(ctx, hours * hourMs, mostCounted + 1, reached);
  }

  async #tell(ctx: Ctx, hours: number, accountIds: string[], closing: readonly ConversationRow[]): Promise<void> {
    const [newest] = closing;
    if (newest === undefined) return;
    const told = {
      count: Math.min(closing.length, mostCounted),
      isMore: closing.length > mostCounted,
      hours,
      conversationId: closing.length === 1 ? newest.id : null,
    };
    // Once for each who comes to be among them.
    const renewedBy = new Date(windowEnd(newest.lastAt).getTime() - hours * hourMs);
    await ctx.tx((ctx) =>
      this.notifications.notify(ctx, customersWaiting, told, { to: { accountIds }, key: "waiting", renewedBy }),
    );
  }
}
