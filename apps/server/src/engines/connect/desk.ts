import { Injectable } from "@nestjs/common";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import { answerableSince, type ConversationRow, Conversations } from "./conversations.ts";

/** In these somebody may have to write again. */
const openStates = ["waiting", "answered", "snoozed"] as const;
/** What was put off wakes so long before WeChat takes no answer any more, whatever was asked for. */
export const snoozeMarginMs = 30 * 60_000;

/** Whose a conversation is to answer, and what they have seen of it. */
@Injectable()
export class Desk {
  constructor(
    private readonly tenants: Tenants,
    private readonly conversations: Conversations,
  ) {}

  /**
   * Makes it somebody's, or nobody's.
   *
   * @param from whose it was when the caller looked: null for nobody's
   * @returns undefined if it is another's by now
   * @throws Fault `kit.not_found`
   */
  async assign(
    ctx: TxCtx,
    { id, from, to }: { readonly id: string; readonly from: string | null; readonly to: string | null },
  ): Promise<ConversationRow | undefined> {
    const row = await this.conversations.lock(ctx, id);
    if (row.assigneeId !== from) return undefined;
    return ctx.db
      .updateTable("connect_conversation")
      .set({ assigneeId: to, assignedAt: to === null ? null : ctx.now() })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Somebody who answers has seen it up to `lastId`; what came after that stays unread. */
  async read(ctx: Ctx, { id, lastId }: { readonly id: string; readonly lastId: string }): Promise<void> {
    await ctx.db
      .updateTable("connect_conversation")
      .set({ unread: 0 })
      .where("id", "=", id)
      .where("lastId", "=", lastId)
      .where("unread", ">", 0)
      .execute();
  }

  /** Puts it off until then, or until they write again. False if something was said since `lastId`. */
  async snooze(
    ctx: TxCtx,
    { id, lastId, until }: { readonly id: string; readonly lastId: string; readonly until: Date },
  ): Promise<boolean> {
    const row = await this.conversations.lock(ctx, id);
    if (row.lastId !== lastId) return false;
    await ctx.db
      .updateTable("connect_conversation")
      .set({ state: "snoozed", waitingSince: null, snoozedUntil: until })
      .where("id", "=", id)
      .execute();
    return true;
  }

  /**
   * Those whose time has come, or can soon be answered no more: they wait again. Who was answered before waits since
   * now. For the schedule.
   */
  wake(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      const now = ctx.now();
      await ctx.sql`
        UPDATE connect_conversation SET state = 'waiting', snoozed_until = NULL,
          waiting_since = CASE WHEN answered_id > last_id THEN least(snoozed_until, ${now}) ELSE last_at END
        WHERE state = 'snoozed' AND (snoozed_until <= ${now}
          OR last_at <= ${new Date(answerableSince(now).getTime() + snoozeMarginMs)})`;
    });
  }

  /**
   * How many conversations each of these accounts has to answer. What is too old to be answered is not even looked at:
   * `attention` of who waits is beyond every time, and of all others it is when they wrote.
   */
  async loads(ctx: Ctx, accountIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const since = answerableSince(ctx.now());
    const rows = await ctx.db
      .selectFrom("connect_conversation")
      .select(({ fn }) => ["assigneeId", fn.countAll<number>().as("open")])
      .where("assigneeId", "=", sql<string>`ANY (${accountIds}::uuid[])`)
      .where("attention", ">", since.getTime())
      .where("state", "in", [...openStates])
      .where("lastAt", ">", since)
      .groupBy("assigneeId")
      .execute();
    return new Map(rows.map(({ assigneeId, open }) => [assigneeId ?? "", open]));
  }
}
