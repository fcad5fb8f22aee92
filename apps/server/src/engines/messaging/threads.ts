import { Injectable } from "@nestjs/common";
import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { invalidInput, notFound, searchTooWide } from "@zhanggui/kit/contract/faults";
import { Id, newId } from "@zhanggui/kit/contract/ids";
import type { Permission } from "@zhanggui/kit/contract/permission";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { faultSentence } from "@zhanggui/kit/server/fault-sentence";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { reaches } from "@zhanggui/kit/server/data-scope";
import { listOf } from "@zhanggui/kit/server/list";
import { those } from "@zhanggui/kit/server/search";
import { AccessService } from "../../foundation/access/access.service.ts";
import { FilesService } from "../../foundation/files/files.service.ts";
import { AudienceService } from "../audience/audience.service.ts";
import { Apps } from "../connect/apps.ts";
import { type ConversationRow, Conversations, stateByNow, windowEnd } from "../connect/conversations.ts";
import { Desk, snoozeMarginMs } from "../connect/desk.ts";
import { openidKey } from "../connect/openid.ts";
import { ReceivedMedia } from "../connect/received-media.ts";
import { givenReply } from "../connect/replies.ts";
import { CannedAnswers } from "./canned.ts";
import { messagingReply, messagingTalks, notFailed, wroteMeanwhile } from "./conversations.contract.ts";
import type { DeliveryRow } from "./deliveries.ts";
import { CardParts } from "./internal/card-parts.ts";
import { type NoteRow, Notes } from "./internal/notes.ts";
import { Pictures } from "./internal/pictures.ts";
import { ruleKey } from "./internal/rule-key.ts";
import { messaging } from "./messaging.contract.ts";
import { Replies } from "./replies.ts";
import { Rules } from "./rules.ts";

export type Entry = Out<typeof messaging.reply>;
type Summary = Out<typeof messaging.listConversations>["items"][number];
export type Detail = Out<typeof messaging.getConversation>;
type Inbound = Awaited<ReturnType<Conversations["said"]>>[number];

/** Long enough for the longest that WeChat takes, heard again and again. */
const listenMinutes = 30;

/** Conversations as operators read them: both sides, in one order. */
@Injectable()
export class Threads {
  constructor(
    private readonly conversations: Conversations,
    private readonly replies: Replies,
    private readonly rules: Rules,
    private readonly audience: AudienceService,
    private readonly apps: Apps,
    private readonly accounts: AccessService,
    private readonly notes: Notes,
    private readonly pictures: Pictures,
    private readonly desk: Desk,
    private readonly canned: CannedAnswers,
    private readonly receivedMedia: ReceivedMedia,
    private readonly files: FilesService,
    private readonly cards: CardParts,
  ) {}

  list(ctx: Ctx, query: Flat<typeof messaging.listConversations>): Promise<Out<typeof messaging.listConversations>> {
    return listOf(ctx, messaging.listConversations, query, this.conversations.rows(ctx), {
      filters: {
        whose: ({ eb, and }, whose) =>
          whose === "mine"
            ? eb("item.assigneeId", "=", ctx.actor.id)
            : and([eb("item.assigneeId", "is", null), eb("item.state", "in", ["waiting", "snoozed", "answered"])]),
      },
      search: async (part) => {
        const openids = await this.audience.openidsFound(ctx, part);
        const ids = await this.conversations.idsOf(ctx, openids, countLimit + 1);
        if (ids.length > countLimit) throw searchTooWide({ limit: countLimit });
        return those(ids);
      },
      present: (rows) => this.#presented(ctx, rows),
    });
  }

  async get(ctx: Ctx, { conversationId }: Flat<typeof messaging.getConversation>): Promise<Detail> {
    return this.detail(ctx, await this.reached(ctx, conversationId, messagingTalks));
  }

  /** A conversation that the caller's right reaches. @throws Fault `kit.not_found` */
  async reached(ctx: Ctx, id: string, permission: Permission): Promise<ConversationRow> {
    const row = await this.conversations.find(ctx, id);
    if (!reaches(ctx.actor, permission, { ownerId: row.assigneeId })) throw notFound();
    return row;
  }

  async detail(ctx: Ctx, row: ConversationRow): Promise<Detail> {
    const [summary] = await this.#presented(ctx, [row]);
    const { repliesLeft, refusal, until, appKind } = await this.replies.answerable(ctx, row);
    const last = await this.replies.last(ctx, row);
    return {
      ...(summary as Summary),
      repliesLeft,
      appKind,
      answerableUntil: until,
      snoozableUntil: refusal === undefined ? snoozableUntil(until, ctx.now()) : null,
      refusal: refusal === undefined ? null : { code: refusal.code, ...faultSentence(refusal) },
      lastReplyId: last?.id ?? null,
      settledBy: row.settledName,
    };
  }

  /** Both sides by their ids, which rise with time: a page of each, of which the newest are taken. */
  async read(
    ctx: Ctx,
    { conversationId, cursor, limit }: Flat<typeof messaging.readThread>,
  ): Promise<Out<typeof messaging.readThread>> {
    const conversation = await this.reached(ctx, conversationId, messagingTalks);
    const before = readCursor(cursor);
    const said = await this.conversations.said(ctx, conversation, before, limit + 1);
    const sent = await this.#sent(ctx, conversation, before, limit + 1);
    const noted = await this.notes.of(ctx, conversationId, before, limit + 1);
    const names = await this.rules.namesOf(ctx, [
      ...said.map(({ replyBy }) => replyBy),
      ...sent.map(({ ruleId }) => ruleId && ruleKey(ruleId)),
    ]);
    const all = [
      ...said.map((each) => heard(each, names)),
      ...sent.map((each) => told(each, names)),
      ...noted.map(entryOf),
    ].toSorted((a, b) => (a.id < b.id ? 1 : -1));
    const items = all.slice(0, limit);
    return { items, next: all.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** @throws Fault what `Replies.write` throws; `messaging.picture_not_taken`, `messaging.card_not_made` */
  async reply(
    ctx: Ctx,
    { conversationId: id, text, fileId, miniProgramId, cannedId, lastReplyId: seen }: Flat<typeof messaging.reply>,
  ): Promise<Entry> {
    const given = [text, fileId, miniProgramId].filter((each) => each !== undefined);
    if (given.length !== 1) throw invalidInput({ errors: [{ field: "text" }] });
    const row = await this.reached(ctx, id, messagingReply);
    const content =
      miniProgramId !== undefined
        ? { message: await this.cards.message(ctx, miniProgramId, row.wechatAppId) }
        : fileId === undefined
          ? { text }
          : await this.pictures.demand(ctx, fileId);
    return ctx.tx(async (ctx) => {
      const deliveryId = newId(ctx.now());
      if (fileId !== undefined) await this.pictures.keep(ctx, deliveryId, fileId);
      const written = await this.replies.write(ctx, { id, content, seen, deliveryId });
      if (cannedId !== undefined) await this.canned.used(ctx, cannedId);
      await this.#takeFree(ctx, row);
      return told(written, new Map());
    });
  }

  /** Once more what certainly did not go out. @throws Fault `messaging.not_failed`, what `Replies.write` throws */
  async retry(
    ctx: Ctx,
    { conversationId: id, deliveryId, lastReplyId: seen }: Flat<typeof messaging.retryReply>,
  ): Promise<Entry> {
    const { wechatAppId, openid } = await this.reached(ctx, id, messagingReply);
    return ctx.tx(async (ctx) => {
      const failed = await ctx.db
        .selectFrom("messaging_delivery")
        .selectAll()
        .where("id", "=", deliveryId)
        .where("wechatAppId", "=", wechatAppId)
        .where("to", "=", openid)
        .where("authorId", "is not", null)
        .executeTakeFirstOrThrow(() => notFound());
      if (failed.state !== "failed" && failed.state !== "suppressed") throw notFailed();
      const again = newId(ctx.now());
      const { fileId } = failed.content;
      if (typeof fileId === "string") await this.pictures.keep(ctx, again, fileId);
      return told(await this.replies.write(ctx, { id, content: failed.content, seen, deliveryId: again }), new Map());
    });
  }

  async picture(
    ctx: Ctx,
    { conversationId, deliveryId }: Flat<typeof messaging.pictureSent>,
  ): Promise<Out<typeof messaging.pictureSent>> {
    const { wechatAppId, openid } = await this.reached(ctx, conversationId, messagingTalks);
    const sent = ctx.db.selectFrom("messaging_delivery").select("id").where("id", "=", deliveryId);
    await sent
      .where("wechatAppId", "=", wechatAppId)
      .where("to", "=", openid)
      .executeTakeFirstOrThrow(() => notFound());
    return this.pictures.sent(ctx, deliveryId);
  }

  async pictureSaid(
    ctx: Ctx,
    { conversationId, messageId }: Flat<typeof messaging.pictureSaid>,
  ): Promise<Out<typeof messaging.pictureSaid>> {
    const conversation = await this.reached(ctx, conversationId, messagingTalks);
    const url = await this.conversations.pictureOf(ctx, conversation, messageId);
    if (url === undefined) throw notFound();
    return this.pictures.said(ctx, url);
  }

  /** @throws Fault `kit.not_found`, `connect.media_gone`, `connect.*` */
  async media(
    ctx: Ctx,
    { conversationId, messageId }: Flat<typeof messaging.fetchMedia>,
  ): Promise<Out<typeof messaging.fetchMedia>> {
    const conversation = await this.reached(ctx, conversationId, messagingTalks);
    const { id, type: contentType, sizeBytes } = await this.receivedMedia.of(ctx, conversation, messageId);
    return { ...(await this.files.linkTo(ctx, id, { minutes: listenMinutes, once: false })), contentType, sizeBytes };
  }

  /** Whoever answers what was nobody's goes on with it. */
  async #takeFree(ctx: TxCtx, { id, assigneeId }: ConversationRow): Promise<void> {
    if (assigneeId !== null || ctx.actor.kind !== "account") return;
    await this.desk.assign(ctx, { id, from: null, to: ctx.actor.id });
  }

  /** Whether somebody has written an answer since it was closed or put off. */
  async #isAnsweredSince(ctx: Ctx, row: ConversationRow): Promise<boolean> {
    const last = await this.replies.last(ctx, row);
    return last !== undefined && !(await this.notes.decidedSince(ctx, row.id, last.id));
  }

  /** @throws Fault `messaging.wrote_meanwhile`, `kit.not_found` */
  async close(
    ctx: Ctx,
    { conversationId, lastMessageId: lastId }: Flat<typeof messaging.closeConversation>,
  ): Promise<Detail> {
    const { id, name } = ctx.actor;
    const row = await this.reached(ctx, conversationId, messagingReply);
    await ctx.tx(async (ctx) => {
      if (!(await this.conversations.close(ctx, { id: conversationId, lastId, by: { id, name } })))
        throw wroteMeanwhile();
      // Closed once more, it stays so when the answer arrives that was written in between.
      const isClosed = row.state === "closed" && !(await this.#isAnsweredSince(ctx, row));
      if (!isClosed) await this.notes.add(ctx, conversationId, { kind: "closed" });
    });
    return this.get(ctx, { conversationId });
  }

  #sent(ctx: Ctx, { wechatAppId, openid }: ConversationRow, before: string | undefined, limit: number) {
    return ctx.db
      .selectFrom("messaging_delivery")
      .selectAll()
      .where("wechatAppId", "=", wechatAppId)
      .where("to", "=", openid)
      .where("channel", "in", ["wechat_template", "wechat_reply"])
      .$if(before !== undefined, (query) => query.where("id", "<", before ?? ""))
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
  }

  async #presented(ctx: Ctx, rows: readonly ConversationRow[]): Promise<Summary[]> {
    const known = await this.audience.behind(ctx, rows);
    const apps = await this.apps.states(ctx);
    const staff = await this.accounts.names(
      ctx,
      rows.flatMap(({ assigneeId }) => assigneeId ?? []),
    );
    return rows.map((row) => {
      const who = known.get(openidKey(row));
      const state = stateByNow(row, ctx.now());
      return {
        ...row,
        personId: who?.personId ?? null,
        personName: who?.displayName ?? `…${row.openid.slice(-6)}`,
        channelName: who?.channelName ?? null,
        state,
        waitingSince: state === "waiting" ? row.waitingSince : null,
        answerableUntil: windowEnd(row.lastAt),
        wechatAppName: apps.get(row.wechatAppId)?.name ?? "",
        lastMessageId: row.lastId,
        assignee: row.assigneeId === null ? null : { id: row.assigneeId, name: staff.get(row.assigneeId) ?? "" },
      };
    });
  }
}

/** Until when it may be put off, if WeChat takes answers until then; null if it must be answered now. */
export function snoozableUntil(answerableUntil: Date, now: Date): Date | null {
  const latest = new Date(answerableUntil.getTime() - snoozeMarginMs);
  return latest > now ? latest : null;
}

function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const read = Id.safeParse(cursor);
  if (!read.success) throw invalidInput({ errors: [{ field: "cursor", message: "not a cursor of this list" }] });
  return read.data;
}

/** Their side: what WeChat told of it. */
function heard(push: Inbound, rules: ReadonlyMap<string, string>): Entry {
  const { id, kind, content, receivedAt: at, traceId } = push;
  const value = (...names: readonly string[]): string | null => {
    const found = names.map((name) => content[name]).find((each) => typeof each === "string" && each !== "");
    return typeof found === "string" ? found : null;
  };
  const given = givenReply(push);
  return {
    id,
    at,
    traceId,
    said: {
      kind,
      // A voice message may come with what WeChat has understood of it.
      text: value("Content", "Recognition", "Label", "EventKey"),
      url: value("PicUrl", "Url"),
      title: value("Title"),
      description: value("Description"),
      latitude: value("Location_X"),
      longitude: value("Location_Y"),
    },
    autoReply: given && {
      kind: given.kind,
      text: given.kind === "text" ? given.text : given.title,
      rule: rules.get(given.by) ?? null,
      state: given.state,
    },
    sent: null,
    note: null,
  };
}

/** Our side. */
function told(delivery: DeliveryRow, rules: ReadonlyMap<string, string>): Entry {
  const { id, createdAt: at, traceId, channel, authorName: author, sceneName, automatic, ruleId, zh, en } = delivery;
  if (channel === "mail") throw new Error("a mail is no part of a conversation");
  const rule = ruleId === null ? null : (rules.get(ruleKey(ruleId)) ?? null);
  const { content, state } = delivery;
  const sent = { deliveryId: id, channel, author, automatic, rule, sceneName, content, state, reason: { zh, en } };
  return { id, at, traceId, said: null, autoReply: null, sent, note: null };
}

/** Between us. */
export function entryOf({ id, at, kind, authorName: author, toName: to, text, until }: NoteRow): Entry {
  return { id, at, traceId: "", said: null, autoReply: null, sent: null, note: { kind, author, to, text, until } };
}
