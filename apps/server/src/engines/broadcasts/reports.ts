import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { massState } from "@zhanggui/wechat/calls/mass-messages";
import { Tenants } from "../../foundation/access/tenants.ts";
import { WechatClients } from "../connect/clients.ts";
import type { massFinished } from "../connect/connect.events.ts";

const minuteMs = 60_000;
/** WeChat reports within minutes; after this long it is asked. */
const askAfterMs = 15 * minuteMs;
/** In one turn of the schedule; those who were asked about longest ago come first. */
const mostAsked = 50;

/** WeChat knows a key for a day; an hour less, so that no clock matters. */
export function keyForgottenAt(now: Date): Date {
  return new Date(now.getTime() - 23 * 60 * minuteMs);
}
const tooLate = {
  zh: "一天内没有得到微信的答复，再发可能重复，因此没有重发。",
  en: "WeChat didn't answer for a day. Sending again might send it twice, so it wasn't.",
};

/**
 * What WeChat reports of each part, and what that makes of the broadcast. A report may come before the answer to the
 * sending is stored, twice, or never: so it is kept apart, both sides look for each other, and who waits is asked for.
 */
@Injectable()
export class Reports {
  constructor(
    private readonly clients: WechatClients,
    private readonly tenants: Tenants,
  ) {}

  async receive(ctx: TxCtx, receipt: PayloadOf<typeof massFinished>): Promise<void> {
    const { wechatAppId, msgId } = receipt;
    await ctx.db
      .insertInto("broadcasts_receipt")
      .values({ ...receipt, receivedAt: ctx.now() })
      .onConflict((on) => on.doNothing())
      .execute();
    await this.match(ctx, wechatAppId, msgId);
  }

  /** Moves the part on if both are there. Whoever comes second finds the other's row. */
  async match(ctx: TxCtx, wechatAppId: string, msgId: string): Promise<void> {
    // Without the lock each side could look before the other has committed, and both would find nothing.
    await ctx.lock("broadcasts.receipt", `${wechatAppId} ${msgId}`);
    const receipt = await ctx.db
      .selectFrom("broadcasts_receipt")
      .select(["status", "total", "sent", "failed"])
      .where("wechatAppId", "=", wechatAppId)
      .where("msgId", "=", msgId)
      .executeTakeFirst();
    if (receipt === undefined) return;
    const state = receipt.status === "send success" ? "done" : "failed";
    const part = await ctx.db
      .updateTable("broadcasts_part")
      .set({ ...receipt, state, isPolled: false, endedAt: ctx.now() })
      .where("wechatAppId", "=", wechatAppId)
      .where("msgId", "=", msgId)
      // What WeChat reports late is better than what it was asked for.
      .where((eb) => eb.or([eb("state", "=", "accepted"), eb("isPolled", "=", true)]))
      .returning("broadcastId")
      .executeTakeFirst();
    if (part !== undefined) await this.sumUp(ctx, part.broadcastId);
  }

  /** Every few minutes: asks about what WeChat took long ago and never reported on. */
  async poll(): Promise<void> {
    await this.tenants.each(async (ctx) => {
      const silent = await ctx.db
        .selectFrom("broadcasts_part")
        .select(["id", "wechatAppId", "msgId", "people", "broadcastId"])
        .where("state", "=", "accepted")
        .where("acceptedAt", "<", new Date(ctx.now().getTime() - askAfterMs))
        .orderBy("resultAskedAt", (order) => order.asc().nullsFirst())
        .orderBy("acceptedAt")
        .limit(mostAsked)
        .execute();
      if (silent.length > 0)
        await ctx.db
          .updateTable("broadcasts_part")
          .set({ resultAskedAt: ctx.now() })
          .where(
            "id",
            "in",
            silent.map(({ id }) => id),
          )
          .execute();
      for (const part of silent) await this.#ask(ctx, part);
      // Whose processes died at every try is in no queue any more.
      const lost = ctx.db.selectFrom("broadcasts_part").select("id").where("state", "=", "asking");
      for (const { id } of await lost.where("askedAt", "<", keyForgottenAt(ctx.now())).execute())
        await ctx.tx((ctx) => this.giveUp(ctx, id));
    });
  }

  async #ask(
    ctx: Ctx,
    part: { id: string; wechatAppId: string; msgId: string | null; people: number; broadcastId: string },
  ): Promise<void> {
    if (part.msgId === null) return;
    let status: string;
    try {
      const client = await this.clients.of(ctx, part.wechatAppId);
      ({ status } = await client.call(massState, { msgId: part.msgId }));
    } catch (error) {
      ctx.log.warn({ err: error, partId: part.id }, "WeChat can't be asked how a broadcast ended");
      return;
    }
    if (status === "SENDING") return;
    // What was taken down at WeChat had gone out.
    const isSent = status === "SEND_SUCCESS" || status === "DELETE";
    const counts = isSent
      ? { total: part.people, sent: part.people, failed: 0 }
      : { total: part.people, sent: 0, failed: part.people };
    await ctx.tx(async (ctx) => {
      await ctx.lock("broadcasts.receipt", `${part.wechatAppId} ${part.msgId}`);
      const ended = await ctx.db
        .updateTable("broadcasts_part")
        .set({ ...counts, status, state: isSent ? "done" : "failed", isPolled: true, endedAt: ctx.now() })
        .where("id", "=", part.id)
        .where("state", "=", "accepted")
        .executeTakeFirst();
      if (ended.numUpdatedRows > 0n) await this.sumUp(ctx, part.broadcastId);
    });
  }

  /** Nobody can tell whether it went out, and it can't be sent again by the same key. */
  async giveUp(ctx: TxCtx, partId: string): Promise<void> {
    const part = await ctx.db
      .updateTable("broadcasts_part")
      .set({ state: "unknown", endedAt: ctx.now(), ...tooLate })
      .where("id", "=", partId)
      .where("state", "=", "asking")
      .returning("broadcastId")
      .executeTakeFirst();
    if (part !== undefined) await this.sumUp(ctx, part.broadcastId);
  }

  /** What its parts come to. They change one at a time: whoever sums up holds the broadcast. */
  async sumUp(ctx: TxCtx, broadcastId: string): Promise<void> {
    await ctx.lock("broadcasts.sum", broadcastId);
    await ctx.sql`
      UPDATE broadcasts_broadcast b SET
        total = p.total, sent = p.sent, failed = p.failed,
        state = CASE
          WHEN b.state = 'taken_down' THEN b.state
          WHEN p.open > 0 THEN 'sending'
          WHEN p.unknown > 0 THEN 'unknown'
          WHEN p.refused = p.parts THEN 'failed'
          WHEN p.refused > 0 THEN 'partly'
          ELSE 'sent' END,
        ended_at = CASE WHEN p.open > 0 THEN NULL ELSE coalesce(b.ended_at, ${ctx.now()}) END
      FROM (
        SELECT count(*) AS parts,
          count(*) FILTER (WHERE state IN ('waiting', 'asking', 'accepted')) AS open,
          count(*) FILTER (WHERE state = 'unknown') AS unknown,
          count(*) FILTER (WHERE state = 'failed') AS refused,
          coalesce(sum(total), 0)::int AS total, coalesce(sum(sent), 0)::int AS sent,
          coalesce(sum(failed), 0)::int AS failed
        FROM broadcasts_part WHERE broadcast_id = ${broadcastId}) p
      WHERE b.id = ${broadcastId}`;
  }
}
