import { Injectable } from "@nestjs/common";
import type { Fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { customMessageLimits } from "@zhanggui/wechat/calls/custom-messages";
import { AudienceService } from "../audience/audience.service.ts";
import { Timeline } from "../audience/timeline.ts";
import { Apps } from "../connect/apps.ts";
import { type ConversationRow, Conversations, windowEnd } from "../connect/conversations.ts";
import { type Openid, openidKey } from "../connect/openid.ts";
import {
  answeredMeanwhile,
  repliesUsedUp,
  replyAppOff,
  replyNotFollowing,
  replyWindowOver,
} from "./conversations.contract.ts";
import { Deliveries, type DeliveryRow } from "./deliveries.ts";
import { explain } from "./internal/reasons.ts";

const { windowSeconds, perMessage } = customMessageLimits;

/** Whether somebody can be answered now. */
export interface Answerable {
  readonly repliesLeft: number;
  readonly refusal: Fault | undefined;
}

/**
 * What operators answer: deliveries by customer-service message. They go through the outbox like all others, at most
 * once; WeChat's own limits are asked before, so that nobody writes what can't be sent.
 */
@Injectable()
export class Replies {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly conversations: Conversations,
    private readonly audience: AudienceService,
    private readonly timeline: Timeline,
    private readonly apps: Apps,
  ) {}

  /** The last reply that somebody wrote, whatever became of it. */
  async last(ctx: Ctx, { wechatAppId, openid }: Openid): Promise<DeliveryRow | undefined> {
    return this.#of(ctx, { wechatAppId, openid }).orderBy("id", "desc").limit(1).executeTakeFirst();
  }

  async answerable(ctx: Ctx, conversation: ConversationRow): Promise<Answerable> {
    const { wechatAppId, openid, lastAt, lastId } = conversation;
    const sent = await this.#of(ctx, conversation)
      .where("id", ">", lastId)
      .where("state", "not in", ["failed", "suppressed"])
      .limit(perMessage)
      .execute();
    const app = await this.apps.row(ctx, wechatAppId);
    const known = (await this.audience.behind(ctx, [{ wechatAppId, openid }])).get(openidKey({ wechatAppId, openid }));
    const refusal =
      app.disabled || app.unboundAt !== null
        ? replyAppOff({ app: app.name })
        : known?.follows === false
          ? replyNotFollowing()
          : ctx.now() >= windowEnd(lastAt)
            ? replyWindowOver({ hours: windowSeconds / 3600 })
            : sent.length >= perMessage
              ? repliesUsedUp({ limit: perMessage })
              : undefined;
    return { repliesLeft: refusal === undefined ? perMessage - sent.length : 0, refusal };
  }

  /**
   * Writes the reply down and queues it. Replies to one customer wait for each other here, so that of two who answer at
   * once the second hears of the first.
   *
   * @throws Fault `messaging.answered_meanwhile` if somebody has written a reply that the writer hasn't seen; what
   *   `answerable` says; `kit.not_found`
   */
  async write(
    ctx: TxCtx,
    { id: conversationId, text, seen }: { id: string; text: string; seen: string | null },
  ): Promise<DeliveryRow> {
    const { wechatAppId, openid } = await this.conversations.find(ctx, conversationId);
    const known = (await this.audience.behind(ctx, [{ wechatAppId, openid }])).get(openidKey({ wechatAppId, openid }));
    if (known === undefined) throw notFound();
    const { personId, displayName } = await this.audience.contact(ctx, known.personId);
    const conversation = await this.conversations.lock(ctx, conversationId);
    const last = await this.last(ctx, conversation);
    if (last !== undefined && last.id !== seen)
      throw answeredMeanwhile({ by: last.authorName ?? "", at: last.createdAt.toISOString() });
    const { refusal } = await this.answerable(ctx, conversation);
    if (refusal !== undefined) throw refusal;
    const [now, because] = [ctx.now(), explain("willReply")];
    const id = newId(now);
    await this.deliveries.create(ctx, {
      id,
      item: 0,
      channel: "wechat_reply",
      authorId: ctx.actor.id,
      authorName: ctx.actor.name,
      wechatAppId,
      personId,
      personName: displayName,
      to: openid,
      content: { text },
      state: "ready",
      ...because,
      traceId: ctx.traceId,
      updatedAt: now,
    });
    await this.deliveries.step(ctx, id, "asked", explain("replyAsked", { by: ctx.actor.name }), { conversationId });
    await this.deliveries.step(ctx, id, "decided", because, { to: openid });
    await ctx.queueTask("messaging.replies", id, { key: openidKey({ wechatAppId, openid }) });
    return ctx.db.selectFrom("messaging_delivery").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  }

  /** Whoever settles a reply tells its person's story: they are locked first, as a merge does it. */
  async lock(ctx: TxCtx, { channel, personId }: DeliveryRow): Promise<void> {
    if (channel === "wechat_reply") await this.audience.lockPerson(ctx, personId);
  }

  /** What became of a reply: part of the person's story; and if it arrived, they have been answered. */
  async ended(ctx: TxCtx, reply: DeliveryRow): Promise<void> {
    const { id, channel, state, personId, content, authorId, authorName, to: openid, wechatAppId } = reply;
    if (channel !== "wechat_reply") return;
    const told = { deliveryId: id, text: content["text"], by: authorName, state };
    await this.timeline.note(ctx, personId, "operator_reply", told);
    const by = { id: authorId ?? "", name: authorName ?? "" };
    if (state === "delivered") await this.conversations.answered(ctx, { wechatAppId, openid }, id, by);
  }

  #of(ctx: Ctx, { wechatAppId, openid }: Openid) {
    return ctx.db
      .selectFrom("messaging_delivery")
      .selectAll()
      .where("wechatAppId", "=", wechatAppId)
      .where("to", "=", openid)
      .where("channel", "=", "wechat_reply");
  }
}
