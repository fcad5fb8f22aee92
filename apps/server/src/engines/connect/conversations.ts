import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { messageGrant } from "@zhanggui/wechat/calls/custom-messages";
import { pushTries } from "@zhanggui/wechat/push";
import { type Expression, type Selectable, sql, type SqlBool } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import type { ConnectTables } from "./connect.tables.ts";
import type { messageReceived } from "./connect.events.ts";
import { originOf, receiptKinds, writtenKinds } from "./kinds.ts";
import { type Openid, openidKey } from "./openid.ts";

export type ConversationRow = Selectable<ConnectTables["connect_conversation"]>;
export type ConversationState = ConversationRow["state"];
/** Who settled a conversation, by the name of then. */
export interface Settler {
  readonly id: string;
  readonly name: string;
}

/** A person by their account, or a rule, which has no name here. */
export type SettledBy = Settler | { readonly id: string; readonly name: null };

/** What a conversation is locked in, by its customer's key. */
const space = "connect.conversation";
/** Of a row `i` of connect_inbound, as `givenReply` has it. */
const isDoubtful = sql`(i.repeats + 1 >= ${pushTries}::int OR coalesce(i.lost_try, 0) > i.repeats)`;
/** One that was put off after an answer, and waits again, isn't somebody whom nobody has answered. */
const isUnanswered = sql<SqlBool>`(answered_id IS NULL OR answered_id < last_id)`;
/** As much of a message as the list shows. */
const longestText = 2_000;

/** From when on somebody must have written, so that they may be answered now. */
export function answerableSince(now: Date): Date {
  return new Date(now.getTime() - messageGrant.seconds * 1000);
}

/** What it is once WeChat takes no answer any more; the schedule notes it within minutes. */
export function stateByNow(row: ConversationRow, now: Date): ConversationState {
  if (row.state !== "waiting" || row.lastAt > answerableSince(now)) return row.state;
  return row.answeredId !== null && row.answeredId > row.lastId ? "answered" : "missed";
}

/** When the account may no longer answer. */
export function windowEnd(lastAt: Date): Date {
  return new Date(lastAt.getTime() + messageGrant.seconds * 1000);
}

/** A message, as it was told. */
export type Message = PayloadOf<typeof messageReceived>;
export interface Heard {
  readonly payload: Message;
  /** When it came in. */
  readonly occurredAt: Date;
}

/**
 * Who wrote, and whether somebody owes them an answer. Kept where messages are handled, not where they come in: WeChat
 * waits for nothing here. So the list is as late as the worker is, and what happens to a conversation meanwhile goes by
 * the ids of messages and answers, which rise with time.
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

  /** Of a customer; undefined if they never wrote. */
  of(ctx: Ctx, { wechatAppId, openid }: Openid): Promise<ConversationRow | undefined> {
    return this.rows(ctx).where("wechatAppId", "=", wechatAppId).where("openid", "=", openid).executeTakeFirst();
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

  /**
   * Whom nothing has answered since before then, and who may still be answered: who has waited longest comes first.
   *
   * @param after the last of those that the caller has seen already
   */
  unanswered(ctx: Ctx, before: Date, after: ConversationRow | undefined, limit: number): Promise<ConversationRow[]> {
    const waiting = this.rows(ctx).where("state", "=", "waiting").where("waitingSince", "<=", before);
    return waiting
      .where("lastAt", ">", answerableSince(ctx.now()))
      .where(isUnanswered)
      .$if(after !== undefined, (query) =>
        query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple("attention", "id"), "<", tuple(after?.attention ?? 0, after?.id ?? "")),
        ),
      )
      .orderBy("attention", "desc")
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
  }

  /**
   * Who waits and can be answered for less than so long; who may be answered the longest comes first.
   *
   * @param reached a condition on whose they are (`assigneeId`)
   */
  closingWithin(ctx: Ctx, ms: number, limit: number, reached?: Expression<SqlBool>): Promise<ConversationRow[]> {
    return this.rows(ctx)
      .$if(reached !== undefined, (query) => query.where(reached ?? sql<SqlBool>`true`))
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

  /** Where WeChat keeps a picture of theirs; undefined for what is none. */
  async pictureOf(ctx: Ctx, { wechatAppId, openid }: Openid, id: string): Promise<string | undefined> {
    const row = await ctx.db
      .selectFrom("connect_inbound")
      .select("content")
      .where("id", "=", id)
      .where("wechatAppId", "=", wechatAppId)
      .where("openid", "=", openid)
      .where("kind", "=", "image")
      .executeTakeFirst();
    const url = row?.content["PicUrl"];
    return typeof url === "string" && URL.canParse(url) ? url : undefined;
  }

  /**
   * What was said, in the order of each customer's: it opens their conversation, or moves it on. What is known already
   * changes nothing, and a reply that WeChat perhaps never took, or that leaves them waiting, has answered nobody.
   * Whoever judges a reply anew waits until all this is committed.
   */
  async heard(ctx: TxCtx, heard: readonly Heard[]): Promise<void> {
    const said = heard.filter(({ payload }) => originOf(payload.kind) === "message").map(saidRow);
    if (said.length === 0) return;
    await ctx.lock(space, ...new Set(heard.map(({ payload }) => openidKey(payload))));
    await ctx.sql`
      WITH each AS MATERIALIZED (
        SELECT each.*, CASE WHEN NOT coalesce(${isDoubtful} OR i.leaves_waiting, false)
          THEN replied_by END AS reply_by
        FROM jsonb_to_recordset(${JSON.stringify(said)}::jsonb) AS each(wechat_app_id uuid, openid text, id uuid,
          kind text, text text, at timestamptz, replied_by text)
        LEFT JOIN connect_inbound i ON i.id = each.id AND replied_by IS NOT NULL
      ), said AS MATERIALIZED (
        SELECT *, row_number() OVER later AS latest, count(reply_by) OVER later AS answers
        FROM each WINDOW later AS (PARTITION BY wechat_app_id, openid ORDER BY id DESC)
      )
      INSERT INTO connect_conversation AS c
        (wechat_app_id, openid, state, waiting_since, settled_by, last_id, last_at, last_kind, last_text, unread)
      SELECT wechat_app_id, openid, CASE WHEN reply_by IS NULL THEN 'waiting' ELSE 'answered' END,
        (SELECT min(at) FROM said s WHERE (s.wechat_app_id, s.openid) = (last.wechat_app_id, last.openid)
          AND answers = 0),
        reply_by, id, at, kind, left(text, ${longestText}::int),
        (SELECT count(*) FROM said s WHERE (s.wechat_app_id, s.openid) = (last.wechat_app_id, last.openid))
      FROM said last WHERE latest = 1 ORDER BY wechat_app_id, openid
      ON CONFLICT (tenant_id, wechat_app_id, openid) DO UPDATE SET
        last_id = excluded.last_id, last_at = excluded.last_at,
        last_kind = excluded.last_kind, last_text = excluded.last_text,
        unread = c.unread + (SELECT count(*) FROM said s
          WHERE (s.wechat_app_id, s.openid) = (c.wechat_app_id, c.openid) AND s.id > c.last_id),
        state = CASE WHEN excluded.last_id < c.answered_id THEN c.state ELSE excluded.state END,
        snoozed_until = CASE WHEN excluded.last_id < c.answered_id THEN c.snoozed_until END,
        settled_by = CASE WHEN excluded.last_id < c.answered_id THEN c.settled_by ELSE excluded.settled_by END,
        settled_name = CASE WHEN excluded.last_id < c.answered_id THEN c.settled_name END,
        waiting_since = CASE
          WHEN excluded.last_id < c.answered_id THEN c.waiting_since
          -- Since before, unless an auto-reply came in between; and since nothing that an account has answered.
          WHEN excluded.state = 'waiting' THEN coalesce(
            CASE WHEN NOT EXISTS (SELECT FROM said s WHERE (s.wechat_app_id, s.openid) = (c.wechat_app_id, c.openid)
              AND s.reply_by IS NOT NULL AND s.id > c.last_id) THEN c.waiting_since END,
            (SELECT min(at) FROM said s WHERE (s.wechat_app_id, s.openid) = (c.wechat_app_id, c.openid)
              AND answers = 0 AND s.id > c.answered_id),
            excluded.waiting_since) END
      WHERE c.last_id < excluded.last_id`;
  }

  /**
   * Somebody answered by `answerId` (a UUIDv7): whatever was said before it is settled. What was said after it still
   * waits, since then.
   *
   * @param isDecided somebody has closed it or put it off since the answer was written, and so it stays
   */
  async answered(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    { id: answerId, by, isDecided }: { readonly id: string; readonly by: SettledBy; readonly isDecided: boolean },
  ): Promise<void> {
    const settles = sql`(last_id < ${answerId}::uuid
      AND NOT (${isDecided}::boolean AND state IN ('closed', 'snoozed')))`;
    await ctx.sql`
      UPDATE connect_conversation c SET
        answered_id = CASE WHEN answered_id > ${answerId}::uuid THEN answered_id ELSE ${answerId}::uuid END,
        state = CASE WHEN ${settles} THEN 'answered' ELSE state END,
        snoozed_until = CASE WHEN ${settles} THEN NULL ELSE snoozed_until END,
        settled_by = CASE WHEN ${settles} THEN ${by.id} ELSE settled_by END,
        settled_name = CASE WHEN ${settles} THEN ${by.name} ELSE settled_name END,
        waiting_since = CASE WHEN last_id < ${answerId}::uuid OR state <> 'waiting' THEN NULL ELSE coalesce(
          (SELECT least(sent_at, received_at) FROM connect_inbound i WHERE i.openid = c.openid
             AND i.wechat_app_id = c.wechat_app_id AND i.id > ${answerId}::uuid AND i.kind = ANY (${writtenKinds})
           ORDER BY i.id LIMIT 1), waiting_since) END
      WHERE wechat_app_id = ${wechatAppId} AND openid = ${openid}`;
  }

  /** It is over, for now. False if something was said since `lastId`, which whoever closes it hasn't seen. */
  async close(ctx: TxCtx, { id, lastId, by }: { id: string; lastId: string; by: Settler }): Promise<boolean> {
    const row = await this.lock(ctx, id);
    if (row.lastId !== lastId) return false;
    if (row.state === "closed") return true;
    await ctx.db
      .updateTable("connect_conversation")
      .set({
        state: "closed",
        settledBy: by.id,
        settledName: by.name,
        waitingSince: null,
        snoozedUntil: null,
        unread: 0,
      })
      .where("id", "=", id)
      .execute();
    return true;
  }

  /** They don't follow any more, so WeChat takes no answer. What they said after `inboundId` stands. */
  async left(ctx: TxCtx, { wechatAppId, openid }: Openid, inboundId: string): Promise<void> {
    await ctx.db
      .updateTable("connect_conversation")
      .set({ state: "left", waitingSince: null, snoozedUntil: null })
      .where("wechatAppId", "=", wechatAppId)
      .where("openid", "=", openid)
      .where("state", "in", ["waiting", "snoozed"])
      .where("lastId", "<", inboundId)
      .execute();
  }

  /** They follow again, and what they said before they left is still unanswered. What is too old by now is missed. */
  async returned(ctx: TxCtx, { wechatAppId, openid }: Openid, inboundId: string): Promise<void> {
    await ctx.db
      .updateTable("connect_conversation")
      .set(({ ref }) => ({ state: "waiting", waitingSince: ref("lastAt") }))
      .where("wechatAppId", "=", wechatAppId)
      .where("openid", "=", openid)
      .where("state", "=", "left")
      .where("lastId", "<", inboundId)
      .execute();
  }

  /**
   * Compares a conversation with what is now known of the passive reply to its last message: one that WeChat perhaps
   * never took has answered nobody; one that it took at a later try has.
   */
  async judge(ctx: TxCtx, openid: Openid, inboundId: string): Promise<void> {
    // Whoever is at it may have read the message before it came again, and not yet committed.
    await ctx.lock(space, openidKey(openid));
    await ctx.sql`
      UPDATE connect_conversation c SET
        state = CASE WHEN doubtful THEN 'waiting' ELSE 'answered' END,
        waiting_since = CASE WHEN doubtful THEN c.last_at END,
        settled_by = CASE WHEN doubtful THEN NULL ELSE i.reply_by END
      FROM (SELECT id, reply_by, ${isDoubtful} AS doubtful
        FROM connect_inbound i WHERE id = ${inboundId} AND reply_by IS NOT NULL AND NOT leaves_waiting) i
      WHERE c.last_id = i.id AND c.state IN ('waiting', 'answered')
        AND (c.settled_by IS NULL OR c.settled_by = i.reply_by)`;
  }

  /** Who waited until WeChat took no answer any more: missed, unless they were answered. For the schedule. */
  noteMissed(): Promise<void> {
    return this.tenants.each(async (ctx) => {
      await ctx.sql`
        UPDATE connect_conversation
        SET state = CASE WHEN answered_id > last_id THEN 'answered' ELSE 'missed' END, waiting_since = NULL
        WHERE state = 'waiting' AND last_at <= ${answerableSince(ctx.now())}`;
    });
  }
}

function saidRow({ payload, occurredAt }: Heard): Readonly<Record<string, unknown>> {
  const { inboundId: id, wechatAppId, openid, kind, text, replyBy, sentAt } = payload;
  // Two clocks told them: nobody wrote after we knew of it.
  const at = new Date(Math.min(Date.parse(sentAt), occurredAt.getTime()));
  return { id, wechat_app_id: wechatAppId, openid, kind, text, at, replied_by: replyBy };
}
