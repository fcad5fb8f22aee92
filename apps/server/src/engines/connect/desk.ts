import { Injectable } from "@nestjs/common";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import { answerableSince, type ConversationRow, Conversations } from "./conversations.ts";

/** In these somebody may have to write again. */
const openStates = ["waiting", "answered", "snoozed"] as const;

/** How much somebody has to answer, and when they were last given something. */
export interface Load {
  readonly open: number;
  readonly lastAt: Date | null;
}

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

  /** Those whose time has come: they wait again, unless they were answered. For the schedule. */
  wake(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      await ctx.sql`
        UPDATE connect_conversation SET snoozed_until = NULL,
          state = CASE WHEN answered_id > last_id THEN 'answered' ELSE 'waiting' END,
          waiting_since = CASE WHEN answered_id > last_id THEN NULL ELSE last_at END
        WHERE state = 'snoozed' AND snoozed_until <= ${ctx.now()}`;
    });
  }

  /** What these accounts have to answer. */
  async loads(ctx: Ctx, accountIds: readonly string[]): Promise<ReadonlyMap<string, Load>> {
    const rows = await ctx.db
      .selectFrom("connect_conversation")
      .select(({ fn }) => ["assigneeId", fn.max("assignedAt").as("lastAt")])
      .select((eb) =>
        eb.fn
          .countAll<number>()
          .filterWhere("state", "in", [...openStates])
          .filterWhere("lastAt", ">", answerableSince(ctx.now()))
          .as("open"),
      )
      .where("assigneeId", "=", sql<string>`ANY (${accountIds}::uuid[])`)
      .groupBy("assigneeId")
      .execute();
    return new Map(rows.map(({ assigneeId, open, lastAt }) => [assigneeId ?? "", { open, lastAt }]));
  }
}
