import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { customMessageLimits } from "@zhanggui/wechat/official";
import { pushTries } from "@zhanggui/wechat/push";
import { type Selectable, sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import type { ConnectTables } from "./connect.tables.ts";
import { receiptKinds, writtenKinds } from "./kinds.ts";

export type ConversationRow = Selectable<ConnectTables["connect_conversation"]>;
export type ConversationState = ConversationRow["state"];
export interface Openid {
  readonly wechatAppId: string;
  readonly openid: string;
}
/** Who settled a conversation, by the name of then. */
export interface Settler {
  readonly id: string;
  readonly name: string;
}

/** From when on somebody must have written, so that they may be answered now. */
export function answerableSince(now: Date): Date {
  return new Date(now.getTime() - customMessageLimits.windowSeconds * 1000);
}

/** When the account may no longer answer. */
export function windowEnd(lastAt: Date): Date {
  return new Date(lastAt.getTime() + customMessageLimits.windowSeconds * 1000);
}

/**
 * Who wrote, and whether somebody owes them an answer. The rows are made by a trigger as messages are stored
 * (`migrations/008_conversations.sql`); here they are read, and moved on by what answers, closes and ends them.
 */
@Injectable()
export class Conversations {
  constructor(private readonly tenants: Tenants) {}

  /** For lists. */
  rows(ctx: Ctx) {
    return ctx.db.selectFrom("connect_conversation").selectAll();
  }

  /** The conversations with these openids. */
  async idsOf(ctx: Ctx, openids: readonly string[], limit: number): Promise<string[]> {
    if (openids.length === 0) return [];
    const rows = await this.rows(ctx)
      .clearSelect()
      .select("id")
      .where("openid", "=", sql<string>`ANY (${openids})`)
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  }

  async find(ctx: Ctx, id: string): Promise<ConversationRow> {
    const row = await this.rows(ctx).where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
  }

  /** The same, locked until the transaction ends. */
  async lock(ctx: TxCtx, id: string): Promise<ConversationRow> {
    const row = await this.rows(ctx).where("id", "=", id).forNoKeyUpdate().executeTakeFirst();
    if (row === undefined) throw notFound();
    return row;
  }

  /** Who waits and may still be answered; who has waited longest comes first. */
  waiting(ctx: Ctx, limit: number): Promise<ConversationRow[]> {
    return this.rows(ctx)
      .where("state", "=", "waiting")
      .where("lastAt", ">", answerableSince(ctx.now()))
      .orderBy("attention", "desc")
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
  }

  /** Who waits and can be answered for less than so long; who may be answered the longest comes first. */
  closingWithin(ctx: Ctx, ms: number, limit: number): Promise<ConversationRow[]> {
    return this.rows(ctx)
      .where("state", "=", "waiting")
      .where("lastAt", ">", answerableSince(ctx.now()))
      .where("lastAt", "<=", new Date(answerableSince(ctx.now()).getTime() + ms))
      .orderBy("lastAt", "desc")
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
  }

  /** What somebody said and did, without receipts, newest first; those before an id. */
  said(ctx: Ctx, { wechatAppId, openid }: Openid, before: string | undefined, limit: number) {
    return ctx.db
      .selectFrom("connect_inbound")
      .selectAll()
      .where("wechatAppId", "=", wechatAppId)
      .where("openid", "=", openid)
      .where("kind", "not in", [...receiptKinds])
      .$if(before !== undefined, (query) => query.where("id", "<", before ?? ""))
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
  }

  /**
   * Somebody answered by `answerId` (a UUIDv7): whatever was said before it is settled. What was said after it still
   * waits, since then.
   */
  async answered(ctx: TxCtx, { wechatAppId, openid }: Openid, answerId: string, by: Settler): Promise<void> {
    await ctx.sql`
      UPDATE connect_conversation c SET
        state = CASE WHEN last_id < ${answerId}::uuid THEN 'answered' ELSE state END,
        settled_by = CASE WHEN last_id < ${answerId}::uuid THEN ${by.id} ELSE settled_by END,
        settled_name = CASE WHEN last_id < ${answerId}::uuid THEN ${by.name} ELSE settled_name END,
        waiting_since = CASE WHEN last_id < ${answerId}::uuid OR state <> 'waiting' THEN NULL ELSE coalesce(
          (SELECT least(sent_at, received_at) FROM connect_inbound i WHERE i.openid = c.openid
             AND i.wechat_app_id = c.wechat_app_id AND i.id > ${answerId}::uuid AND i.kind = ANY (${writtenKinds})
           ORDER BY i.id LIMIT 1), waiting_since) END
      WHERE wechat_app_id = ${wechatAppId} AND openid = ${openid}`;
  }

  /** Nobody needs to answer. False if something was said since `lastId`, which whoever closes it hasn't seen. */
  async close(ctx: TxCtx, { id, lastId, by }: { id: string; lastId: string; by: Settler }): Promise<boolean> {
    const row = await this.lock(ctx, id);
    if (row.lastId !== lastId) return false;
    if (row.state !== "waiting" && row.state !== "missed" && row.state !== "left") return true;
    await ctx.db
      .updateTable("connect_conversation")
      .set({ state: "closed", settledBy: by.id, settledName: by.name, waitingSince: null })
      .where("id", "=", id)
      .execute();
    return true;
  }

  /** They don't follow any more, so WeChat takes no answer. What they said after `inboundId` stands. */
  async left(ctx: TxCtx, { wechatAppId, openid }: Openid, inboundId: string): Promise<void> {
    await ctx.db
      .updateTable("connect_conversation")
      .set({ state: "left", waitingSince: null })
      .where("wechatAppId", "=", wechatAppId)
      .where("openid", "=", openid)
      .where("state", "=", "waiting")
      .where("lastId", "<", inboundId)
      .execute();
  }

  /**
   * Compares a conversation with what is now known of the passive reply to its last message: one that WeChat perhaps
   * never took has answered nobody; one that it took at a later try has.
   */
  async judge(ctx: Ctx, inboundId: string): Promise<void> {
    await ctx.sql`
      UPDATE connect_conversation c SET
        state = CASE WHEN doubtful THEN 'waiting' ELSE 'answered' END,
        waiting_since = CASE WHEN doubtful THEN c.last_at END,
        settled_by = CASE WHEN doubtful THEN NULL ELSE i.reply_by END
      FROM (SELECT id, reply_by, repeats + 1 >= ${pushTries}::int OR coalesce(lost_try, 0) > repeats AS doubtful
        FROM connect_inbound WHERE id = ${inboundId} AND reply_by IS NOT NULL) i
      WHERE c.last_id = i.id AND c.state IN ('waiting', 'answered')
        AND (c.settled_by IS NULL OR c.settled_by = i.reply_by)`;
  }

  /** Who waited until WeChat took no answer any more. For the schedule. */
  noteMissed(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      await ctx.db
        .updateTable("connect_conversation")
        .set({ state: "missed", waitingSince: null })
        .where("state", "=", "waiting")
        .where("lastAt", "<=", answerableSince(ctx.now()))
        .execute();
    });
  }
}
