import { Injectable } from "@nestjs/common";
import type { Fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { NewRow } from "@zhanggui/kit/server/tables";
import { customMessageGrants } from "@zhanggui/wechat/calls/custom-messages";
import { AudienceService } from "../audience/audience.service.ts";
import { Timeline } from "../audience/timeline.ts";
import { type AppRow, Apps } from "../connect/apps.ts";
import { type ConversationRow, Conversations, windowEnd } from "../connect/conversations.ts";
import { type Openid, openidKey } from "../connect/openid.ts";
import { type Allowance, allowanceOf, Windows } from "../connect/windows.ts";
import {
  answeredMeanwhile,
  repliesUsedUp,
  replyAppOff,
  replyNotFollowing,
  replyWindowOver,
  replyWindowShut,
} from "./conversations.contract.ts";
import { Deliveries, type DeliveryRow } from "./deliveries.ts";
import { Notes } from "./internal/notes.ts";
import { explain } from "./internal/reasons.ts";
import { ruleKey } from "./internal/rule-key.ts";

const hourSeconds = 3_600;

/** Whether somebody can be answered now. */
export interface Answerable {
  readonly repliesLeft: number;
  readonly until: Date;
  readonly appKind: AppRow["kind"];
  readonly refusal: Fault | undefined;
}
type NewDelivery = NewRow<"messaging_delivery">;
/** More were never granted at once, however often somebody tapped. */
const mostSent = 1_000;
/** What writes a message where nobody does. */
export type Automatic = { readonly automatic: "busy" } | { readonly automatic: "rule"; readonly ruleId: string };

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
    private readonly windows: Windows,
    private readonly notes: Notes,
  ) {}

  /** The last reply that somebody wrote, whatever became of it. What rules say is nobody's. */
  async last(ctx: Ctx, openid: Openid): Promise<DeliveryRow | undefined> {
    return this.#of(ctx, openid).where("automatic", "is", null).orderBy("id", "desc").limit(1).executeTakeFirst();
  }

  /** What WeChat takes now. What is under way may be taken after whatever they did last, and counts so. */
  async allowance(ctx: Ctx, openid: Openid, appKind: AppRow["kind"]): Promise<Allowance> {
    const occasions = await this.windows.occasions(ctx, openid);
    const [first] = occasions;
    if (first === undefined) return { left: 0, until: new Date(0) };
    const sent = await this.#of(ctx, openid)
      .clearSelect()
      .select(["state", "updatedAt"])
      .where("updatedAt", ">=", first.receivedAt)
      .where("state", "not in", ["failed", "suppressed"])
      .orderBy("id", "desc")
      .limit(mostSent)
      .execute();
    const takenAt = sent.map(({ state, updatedAt }) =>
      state === "ready" || state === "submitting" ? ctx.now() : updatedAt,
    );
    return allowanceOf(
      appKind,
      occasions,
      takenAt.toSorted((a, b) => a.getTime() - b.getTime()),
    );
  }

  async answerable(ctx: Ctx, { wechatAppId, openid, lastAt }: ConversationRow): Promise<Answerable> {
    const app = await this.apps.row(ctx, wechatAppId);
    const { left, until } = await this.allowance(ctx, { wechatAppId, openid }, app.kind);
    const known = (await this.audience.behind(ctx, [{ wechatAppId, openid }])).get(openidKey({ wechatAppId, openid }));
    const refusal = refusalOf();
    return { repliesLeft: refusal === undefined ? left : 0, until, appKind: app.kind, refusal };

    function refusalOf(): Fault | undefined {
      if (app.disabled || app.unboundAt !== null) return replyAppOff({ app: app.name });
      // Nobody follows a mini-program.
      if (app.kind === "official" && known?.follows === false) return replyNotFollowing();
      const { count = 0, seconds = 0 } = customMessageGrants[app.kind].message ?? {};
      if (ctx.now() >= until)
        return ctx.now() >= windowEnd(lastAt) ? replyWindowOver({ hours: seconds / hourSeconds }) : replyWindowShut();
      return left <= 0 ? repliesUsedUp({ limit: count }) : undefined;
    }
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
    {
      id: conversationId,
      content,
      seen,
      deliveryId = newId(ctx.now()),
    }: {
      readonly id: string;
      readonly content: Readonly<Record<string, unknown>>;
      readonly seen: string | null;
      readonly deliveryId?: string;
    },
  ): Promise<DeliveryRow> {
    const openid = await this.conversations.find(ctx, conversationId);
    const person = await this.#person(ctx, openid);
    const conversation = await this.conversations.lock(ctx, conversationId);
    const last = await this.last(ctx, conversation);
    if (last !== undefined && last.id !== seen)
      throw answeredMeanwhile({ by: last.authorName ?? "", at: last.createdAt.toISOString() });
    const { refusal } = await this.answerable(ctx, conversation);
    if (refusal !== undefined) throw refusal;
    const author = { authorId: ctx.actor.id, authorName: ctx.actor.name };
    await this.#queue(ctx, openid, person, { id: deliveryId, content, ...author });
    await this.deliveries.step(ctx, deliveryId, "asked", explain("replyAsked", { by: ctx.actor.name }), {
      conversationId,
    });
    return ctx.db.selectFrom("messaging_delivery").selectAll().where("id", "=", deliveryId).executeTakeFirstOrThrow();
  }

  /** What a rule has still to say, or that all are busy: queued behind what is under way to them. */
  async say(
    ctx: TxCtx,
    openid: Openid,
    contents: readonly Readonly<Record<string, unknown>>[],
    by: Automatic & { readonly name: string },
  ): Promise<void> {
    const { name, ...what } = by;
    const person = await this.#person(ctx, openid);
    for (const content of contents) {
      const id = newId(ctx.now());
      await this.#queue(ctx, openid, person, { id, content, ...what });
      const asked = explain(what.automatic === "rule" ? "ruleAsked" : "busyAsked", { rule: name });
      await this.deliveries.step(ctx, id, "asked", asked, {});
    }
  }

  /** What a rule had still to say, and says no more: kept with its reason, where the rest of it stands. */
  async drop(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    { name, why, ...what }: Automatic & { readonly name: string; readonly why: "ruleChanged" | "cardLacking" },
  ): Promise<void> {
    const { personId, displayName: personName } = await this.#person(ctx, { wechatAppId, openid });
    const id = newId(ctx.now());
    const because = explain(why, { rule: name });
    const content = { message: { type: "rest" } };
    const row = { id, item: 0, channel: "wechat_reply", wechatAppId, personId, personName, to: openid } as const;
    const { traceId } = ctx;
    const state = "suppressed" as const;
    await this.deliveries.create(ctx, { ...row, ...what, content, state, ...because, traceId, updatedAt: ctx.now() });
    await this.deliveries.step(ctx, id, "asked", explain("ruleAsked", { rule: name }), {});
    await this.deliveries.step(ctx, id, "decided", because, { to: openid });
  }

  async #person(ctx: TxCtx, openid: Openid) {
    const known = (await this.audience.behind(ctx, [openid])).get(openidKey(openid));
    if (known === undefined) throw notFound();
    return this.audience.contact(ctx, known.personId);
  }

  async #queue(
    ctx: TxCtx,
    { wechatAppId, openid }: Openid,
    { personId, displayName }: { readonly personId: string; readonly displayName: string },
    written: Pick<NewDelivery, "content" | "authorId" | "authorName" | "automatic" | "ruleId"> & {
      readonly id: string;
    },
  ): Promise<void> {
    const because = explain("willReply");
    const traceId = ctx.traceId;
    const row = {
      item: 0,
      channel: "wechat_reply",
      wechatAppId,
      personId,
      personName: displayName,
      to: openid,
    } as const;
    await this.deliveries.create(ctx, {
      ...row,
      ...written,
      state: "ready",
      ...because,
      traceId,
      updatedAt: ctx.now(),
    });
    await this.deliveries.step(ctx, written.id, "decided", because, { to: openid });
    await ctx.queueTask("messaging.replies", written.id, { key: openidKey({ wechatAppId, openid }) });
  }

  /** Whoever settles a reply tells its person's story: they are locked first, as a merge does it. */
  async lock(ctx: TxCtx, { channel, personId }: DeliveryRow): Promise<void> {
    if (channel === "wechat_reply") await this.audience.lockPerson(ctx, personId);
  }

  /** What became of a reply: part of the person's story; and if it arrived, they have been answered. */
  async ended(ctx: TxCtx, reply: DeliveryRow): Promise<void> {
    const { id, channel, state, personId, content, authorId, authorName, to: openid, wechatAppId, ruleId } = reply;
    if (channel !== "wechat_reply") return;
    if (authorId !== null) {
      const told = { deliveryId: id, text: content["text"] ?? "", by: authorName, state };
      await this.timeline.note(ctx, personId, "operator_reply", told);
    }
    if (state !== "delivered") return;
    const { settles } = content;
    const by =
      authorId !== null
        ? { id: authorId, name: authorName ?? "" }
        : ruleId !== null && settles !== undefined && settles !== false
          ? // Those of before only say that they settle.
            ({ id: typeof settles === "string" ? settles : ruleKey(ruleId), name: null } as const)
          : undefined;
    const conversation = by && (await this.conversations.of(ctx, { wechatAppId, openid }));
    if (by === undefined || conversation === undefined) return;
    // Whoever closes it or puts it off is waited for, and then seen.
    await this.conversations.lock(ctx, conversation.id);
    // What a rule says is no decision of anybody's.
    const isDecided = by.name === null || (await this.notes.decidedSince(ctx, conversation.id, id));
    await this.conversations.answered(ctx, { wechatAppId, openid }, { id, by, isDecided });
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
