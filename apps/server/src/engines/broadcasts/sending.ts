import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import { conflict } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { faultSentence } from "@zhanggui/kit/server/fault-sentence";
import type { Task, Verdict } from "@zhanggui/kit/server/queue/definition";
import {
  deleteMass,
  massLimits,
  type MassMessage,
  type MassSent,
  previewMass,
  sendToOpenids,
  sendToTag,
} from "@zhanggui/wechat/calls/mass-messages";
import { tags } from "@zhanggui/wechat/calls/tags";
import { followers } from "@zhanggui/wechat/calls/users";
import { outcomeOfWrite, TokenFailure } from "@zhanggui/wechat/client";
import { WechatError, WechatUnreachable } from "@zhanggui/wechat/transport";
import { Followers } from "../audience/followers.ts";
import { faultOf, WechatClients } from "../connect/clients.ts";
import {
  broadcasts,
  countChanged,
  notFollowing,
  nothingToResend,
  nothingToTakeDown,
  tooFew,
} from "./broadcasts.contract.ts";
import { type BroadcastRow, BroadcastsService } from "./broadcasts.service.ts";
import { keyForgottenAt, Reports } from "./reports.ts";

/** Tries of a part whose outcome isn't known. All have one key, so WeChat sends it once. */
export const attemptLimit = 6;
/** WeChat says that the key came too soon after the first, or that the minute's calls are used up. */
const tooSoon: ReadonlySet<number> = new Set([45066, 45011]);
const repeatAfterMs = (massLimits.repeatAfterSeconds + 1) * 1_000;

interface Item {
  readonly partId: string;
  readonly wechatAppId: string;
  readonly message: MassMessage;
  /** Null: WeChat finds them by `tagId`, or all. */
  readonly openids: readonly string[] | null;
  readonly tagId: number | null;
  /** Whether an earlier try may have been done. */
  readonly mayBeSent: boolean;
}
type Outcome =
  | { readonly kind: "accepted"; readonly msgId: string }
  | { readonly kind: "refused"; readonly why: LocalizedText }
  /** `isSent`: whether this try may have been done. */
  | { readonly kind: "again"; readonly isSent: boolean; readonly why: LocalizedText };

/** Sends broadcasts, each part once: its key is the same at every try. */
@Injectable()
export class Sending {
  constructor(
    private readonly broadcasts: BroadcastsService,
    private readonly clients: WechatClients,
    private readonly followers: Followers,
    private readonly reports: Reports,
  ) {}

  /** @throws Fault `kit.not_found`, `broadcasts.not_sendable`, `broadcasts.not_following`, `connect.*` */
  async preview(ctx: Ctx, { broadcastId, personId }: Flat<typeof broadcasts.preview>): Promise<Record<string, never>> {
    const row = await this.broadcasts.row(ctx, broadcastId);
    const message = await this.broadcasts.messageOf(ctx, row);
    const openid = await this.followers.openidOf(ctx, row.wechatAppId, personId);
    if (openid === undefined) throw notFollowing({ errors: [{ field: "personId" }] });
    await this.clients.ask(ctx, row.wechatAppId, (client) => client.call(previewMass, { openid, message }));
    return {};
  }

  /** @throws Fault `kit.not_found`, `connect.*` */
  async count(ctx: Ctx, { broadcastId }: Flat<typeof broadcasts.count>): Promise<Out<typeof broadcasts.count>> {
    const people = await this.#count(ctx, await this.broadcasts.row(ctx, broadcastId));
    return people;
  }

  async #count(ctx: Ctx, row: BroadcastRow): Promise<{ people: number; calls: number }> {
    const { audience, wechatAppId, tagId, wechatTagId } = row;
    if (audience === "tag") {
      const people = await this.followers.count(ctx, { wechatAppId, tagId: tagId ?? undefined });
      return { people, calls: Math.ceil(people / massLimits.openids) };
    }
    const people = await this.clients.ask(ctx, wechatAppId, async (client) =>
      audience === "all"
        ? ((await client.call(followers, {})).total ?? 0)
        : ((await client.call(tags)).find(({ id }) => id === wechatTagId)?.count ?? 0),
    );
    return { people, calls: 1 };
  }

  /**
   * Freezes whom it goes to, and hands it to the queue.
   *
   * @throws Fault `kit.not_found`; `kit.conflict` for one that was sent; `broadcasts.count_changed`,
   *   `broadcasts.too_few`, `broadcasts.not_sendable`, `connect.*`
   */
  async send(
    ctx: Ctx,
    { broadcastId, people: shown }: Flat<typeof broadcasts.send>,
  ): Promise<Out<typeof broadcasts.send>> {
    const row = await this.broadcasts.row(ctx, broadcastId);
    if (row.state !== "draft") throw conflict();
    const message = await this.broadcasts.messageOf(ctx, row);
    const { people } = await this.#count(ctx, row);
    if (people !== shown) throw countChanged({ shown, people });
    const fewest = row.audience === "tag" ? massLimits.smallestOpenids : 1;
    if (people < fewest) throw tooFew({ people, fewest });
    await ctx.tx(async (ctx) => {
      const { numUpdatedRows } = await ctx.db
        .updateTable("broadcasts_broadcast")
        // What was counted and looked at is what goes: a draft that was changed meanwhile doesn't.
        .where("wechatAppId", "=", row.wechatAppId)
        .where("audience", "=", row.audience)
        .where("wechatTagId", "is not distinct from", row.wechatTagId)
        .where("tagId", "is not distinct from", row.tagId)
        .where("text", "is not distinct from", row.text)
        .where("materialId", "is not distinct from", row.materialId)
        .set({ state: "sending", people, sentAs: JSON.stringify(message), sentBy: ctx.actor.id, sentAt: ctx.now() })
        .where("id", "=", broadcastId)
        .where("state", "=", "draft")
        .executeTakeFirst();
      // Of two who send at once, one does.
      if (numUpdatedRows === 0n) throw conflict();
      await ctx.queueTasks("broadcasts.parts", await this.#freeze(ctx, row, people));
    });
    return this.broadcasts.row(ctx, broadcastId);
  }

  async #freeze(
    ctx: TxCtx,
    { id: broadcastId, wechatAppId, audience, tagId, wechatTagId }: BroadcastRow,
    people: number,
  ): Promise<string[]> {
    const add = async (number: number, openids: readonly string[] | null): Promise<string> => {
      const values = { broadcastId, wechatAppId, wechatTagId, number, people: openids?.length ?? people };
      const { id } = await ctx.db
        .insertInto("broadcasts_part")
        .values({ ...values, openids: openids && JSON.stringify(openids) })
        .returning("id")
        .executeTakeFirstOrThrow();
      return id;
    };
    if (audience !== "tag") return [await add(1, null)];
    const pages: string[][] = [];
    const of = { wechatAppId, tagId: tagId ?? undefined };
    for await (const page of this.followers.openids(ctx, of, massLimits.openids)) pages.push(page);
    const last = pages.at(-1);
    // WeChat takes no list of one.
    if (last?.length === 1) last.unshift(...(pages.at(-2)?.splice(-1) ?? []));
    const ids: string[] = [];
    for (const [at, page] of pages.entries()) ids.push(await add(at + 1, page));
    return ids;
  }

  /**
   * Sends once more what certainly didn't go out: WeChat refused it, or was never reached. What WeChat took, and what
   * nobody can tell of, isn't sent again.
   *
   * @throws Fault `kit.not_found`; `broadcasts.nothing_to_resend`, `broadcasts.count_changed`,
   *   `broadcasts.too_few`, `broadcasts.not_sendable`, `connect.*`
   */
  async resend(
    ctx: Ctx,
    { broadcastId, people: shown }: Flat<typeof broadcasts.resend>,
  ): Promise<Out<typeof broadcasts.resend>> {
    const row = await this.broadcasts.row(ctx, broadcastId);
    // What was uploaded for it may have expired since.
    if (row.state !== "draft") await this.broadcasts.messageOf(ctx, row);
    await this.#recount(ctx, row);
    await ctx.tx(async (ctx) => {
      await ctx.lock("broadcasts.sum", broadcastId);
      const parts = await unsentParts(ctx, broadcastId)
        .set({ state: "waiting", askedAt: null, endedAt: null, zh: null, en: null })
        .returning(["id", "people"])
        .execute();
      const people = parts.reduce((sum, part) => sum + part.people, 0);
      if (parts.length === 0 || row.state === "taken_down") throw nothingToResend();
      if (people !== shown) throw countChanged({ shown, people });
      await ctx.queueTasks(
        "broadcasts.parts",
        parts.map(({ id }) => id),
      );
      await this.reports.sumUp(ctx, broadcastId);
    });
    return this.broadcasts.row(ctx, broadcastId);
  }

  /**
   * Whom WeChat finds by itself may have become more since: they are counted anew, and the number stays also where it
   * isn't the one that was shown, so that the next who looks is shown it.
   */
  async #recount(ctx: Ctx, row: BroadcastRow): Promise<void> {
    if (row.audience === "tag" || row.state === "draft" || row.state === "taken_down") return;
    const failed = await ctx.db
      .selectFrom("broadcasts_part")
      .select("id")
      .where("broadcastId", "=", row.id)
      .where("state", "=", "failed")
      .where("msgId", "is", null)
      .where("mayBeSent", "=", false)
      .executeTakeFirst();
    if (failed === undefined) return;
    const { people } = await this.#count(ctx, row);
    if (people < 1) throw tooFew({ people, fewest: 1 });
    await ctx.tx(async (ctx) => {
      await ctx.lock("broadcasts.sum", row.id);
      const { numUpdatedRows } = await unsentParts(ctx, row.id)
        .where("openids", "is", null)
        .set({ people })
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return;
      await ctx.db.updateTable("broadcasts_broadcast").set({ people }).where("id", "=", row.id).execute();
    });
  }

  /** @throws Fault `kit.not_found`; `broadcasts.nothing_to_take_down`; `connect.*` */
  async takeDown(
    ctx: Ctx,
    { broadcastId }: Flat<typeof broadcasts.takeDown>,
  ): Promise<Out<typeof broadcasts.takeDown>> {
    const row = await this.broadcasts.row(ctx, broadcastId);
    if (!row.canTakeDown) throw nothingToTakeDown();
    const parts = await ctx.db
      .selectFrom("broadcasts_part")
      .select("msgId")
      .where("broadcastId", "=", broadcastId)
      .where("msgId", "is not", null)
      .execute();
    for (const { msgId } of parts)
      await this.clients.ask(ctx, row.wechatAppId, (client) => client.call(deleteMass, { msgId: msgId ?? "" }));
    await ctx.db
      .updateTable("broadcasts_broadcast")
      .set({ state: "taken_down" })
      .where("id", "=", broadcastId)
      .execute();
    return this.broadcasts.row(ctx, broadcastId);
  }

  async begin(ctx: TxCtx, { ref }: Task): Promise<{ item: Item } | undefined> {
    const part = await ctx.db
      .selectFrom("broadcasts_part")
      .select(["broadcastId", "wechatAppId", "openids", "wechatTagId as tagId", "mayBeSent", "askedAt"])
      .where("id", "=", ref)
      .where("state", "in", ["waiting", "asking"])
      .forUpdate()
      .executeTakeFirst();
    if (part === undefined) return undefined;
    const { broadcastId, mayBeSent, askedAt } = part;
    const change = ctx.db.updateTable("broadcasts_part").where("id", "=", ref);
    if (mayBeSent && askedAt !== null && askedAt < keyForgottenAt(ctx.now())) {
      await this.reports.giveUp(ctx, ref);
      return undefined;
    }
    // WeChat's memory of the key begins with the first try. A process that dies leaves `mayBeSent` behind.
    await change.set({ state: "asking", askedAt: askedAt ?? ctx.now(), mayBeSent: true }).execute();
    const { sentAs: message } = await ctx.db
      .selectFrom("broadcasts_broadcast")
      .select("sentAs")
      .where("id", "=", broadcastId)
      .executeTakeFirstOrThrow();
    if (message === null) return undefined;
    const { wechatAppId, openids, tagId } = part;
    return { item: { partId: ref, wechatAppId, message, openids, tagId, mayBeSent } };
  }

  async run(
    ctx: Ctx,
    { attempt }: Task,
    { partId: key, wechatAppId, message, openids, tagId }: Item,
  ): Promise<Outcome> {
    try {
      const client = await this.clients.of(ctx, wechatAppId);
      const { msgId }: MassSent =
        openids === null
          ? await client.call(sendToTag, { key, tagId, message })
          : await client.call(sendToOpenids, { key, openids, message });
      return { kind: "accepted", msgId };
    } catch (error) {
      ctx.log.warn({ err: error, partId: key, attempt }, "a broadcast's part wasn't taken");
      return outcomeOf(error);
    }
  }

  async settle(ctx: TxCtx, { ref, attempt }: Task, item: Item, outcome: Outcome): Promise<Verdict> {
    const isFirst = !item.mayBeSent;
    if (outcome.kind === "again" && !outcome.isSent && isFirst) {
      // Nothing has gone out so far: its key is new when it is tried next.
      const unsent = { mayBeSent: false, askedAt: null };
      await ctx.db.updateTable("broadcasts_part").set(unsent).where("id", "=", ref).execute();
    }
    if (outcome.kind === "again" && attempt < attemptLimit) return { retryAfterMs: repeatAfterMs };
    // What is refused now may have gone out by the try before.
    const isUnknown = !isFirst || (outcome.kind === "again" && outcome.isSent);
    const now = ctx.now();
    const change =
      outcome.kind === "accepted"
        ? ({ state: "accepted", msgId: outcome.msgId, acceptedAt: now, zh: null, en: null } as const)
        : ({
            state: isUnknown ? "unknown" : "failed",
            mayBeSent: isUnknown,
            endedAt: now,
            ...outcome.why,
          } as const);
    const part = await ctx.db
      .updateTable("broadcasts_part")
      .set(change)
      .where("id", "=", ref)
      .returning("broadcastId")
      .executeTakeFirst();
    if (part === undefined) return undefined;
    if (outcome.kind === "accepted") await this.reports.match(ctx, item.wechatAppId, outcome.msgId);
    await this.reports.sumUp(ctx, part.broadcastId);
    return undefined;
  }
}

function unsentParts(ctx: TxCtx, broadcastId: string) {
  return ctx.db
    .updateTable("broadcasts_part")
    .where("broadcastId", "=", broadcastId)
    .where("state", "=", "failed")
    .where("msgId", "is", null)
    .where("mayBeSent", "=", false);
}

function outcomeOf(error: unknown): Outcome {
  // Switched off, unbound: nobody was asked, and trying again changes nothing.
  if (error instanceof Fault) return { kind: "refused", why: faultSentence(error) };
  const fault = faultOf(error);
  const why = fault === undefined ? { zh: String(error), en: String(error) } : faultSentence(fault);
  const isUnknown = outcomeOfWrite(error) === "unknown";
  // No token could be had, or nobody could be reached: it wasn't sent for want of a way, and may be later.
  const isUnreached = error instanceof TokenFailure || error instanceof WechatUnreachable;
  const isSoon = error instanceof WechatError && tooSoon.has(error.errcode);
  if (isSoon || isUnknown || isUnreached) return { kind: "again", isSent: isUnknown, why };
  return { kind: "refused", why };
}
