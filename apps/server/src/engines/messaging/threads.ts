import { Injectable } from "@nestjs/common";
import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { invalidInput, searchTooWide } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { fill } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { those } from "@zhanggui/kit/server/search";
import { AudienceService } from "../audience/audience.service.ts";
import { Apps } from "../connect/apps.ts";
import { answerableSince, type ConversationRow, Conversations, windowEnd } from "../connect/conversations.ts";
import { openidKey } from "../connect/openid.ts";
import { givenReply } from "../connect/replies.ts";
import { wroteMeanwhile } from "./conversations.contract.ts";
import type { DeliveryRow } from "./deliveries.ts";
import { messaging } from "./messaging.contract.ts";
import { Replies } from "./replies.ts";
import { Rules } from "./rules.ts";

type Entry = Out<typeof messaging.reply>;
type Summary = Out<typeof messaging.listConversations>["items"][number];
type Detail = Out<typeof messaging.getConversation>;
type Inbound = Awaited<ReturnType<Conversations["said"]>>[number];

/** Conversations as operators read them: both sides, in one order. */
@Injectable()
export class Threads {
  constructor(
    private readonly conversations: Conversations,
    private readonly replies: Replies,
    private readonly rules: Rules,
    private readonly audience: AudienceService,
    private readonly apps: Apps,
  ) {}

  list(ctx: Ctx, query: Flat<typeof messaging.listConversations>): Promise<Out<typeof messaging.listConversations>> {
    return listOf(ctx, messaging.listConversations, query, this.conversations.rows(ctx), {
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
    const row = await this.conversations.find(ctx, conversationId);
    const [summary] = await this.#presented(ctx, [row]);
    const { repliesLeft, refusal } = await this.replies.answerable(ctx, row);
    const last = await this.replies.last(ctx, row);
    return {
      ...(summary as Summary),
      repliesLeft,
      refusal:
        refusal === undefined
          ? null
          : {
              code: refusal.code,
              zh: fill(refusal.definition.text.zh, refusal.details),
              en: fill(refusal.definition.text.en, refusal.details),
            },
      lastReplyId: last?.id ?? null,
      settledBy: row.settledName,
    };
  }

  /** Both sides by their ids, which rise with time: a page of each, of which the newest are taken. */
  async read(
    ctx: Ctx,
    { conversationId, cursor, limit }: Flat<typeof messaging.readThread>,
  ): Promise<Out<typeof messaging.readThread>> {
    const conversation = await this.conversations.find(ctx, conversationId);
    const before = readCursor(cursor);
    const said = await this.conversations.said(ctx, conversation, before, limit + 1);
    const sent = await this.#sent(ctx, conversation, before, limit + 1);
    const names = await this.rules.namesOf(
      ctx,
      said.map(({ replyBy }) => replyBy),
    );
    const all = [...said.map((each) => heard(each, names)), ...sent.map(told)].toSorted((a, b) =>
      a.id < b.id ? 1 : -1,
    );
    const items = all.slice(0, limit);
    return { items, next: all.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** @throws Fault what `Replies.write` throws */
  async reply(ctx: Ctx, { conversationId: id, text, lastReplyId: seen }: Flat<typeof messaging.reply>): Promise<Entry> {
    return told(await ctx.tx((ctx) => this.replies.write(ctx, { id, text, seen })));
  }

  /** @throws Fault `messaging.wrote_meanwhile`, `kit.not_found` */
  async close(
    ctx: Ctx,
    { conversationId, lastMessageId: lastId }: Flat<typeof messaging.closeConversation>,
  ): Promise<Detail> {
    const { id, name } = ctx.actor;
    const isClosed = await ctx.tx((ctx) =>
      this.conversations.close(ctx, { id: conversationId, lastId, by: { id, name } }),
    );
    if (!isClosed) throw wroteMeanwhile();
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
    return rows.map((row) => {
      const who = known.get(openidKey(row));
      const isMissed = row.state === "waiting" && row.lastAt <= answerableSince(ctx.now());
      return {
        ...row,
        personId: who?.personId ?? null,
        personName: who?.displayName ?? `…${row.openid.slice(-6)}`,
        channelName: who?.channelName ?? null,
        // The schedule notes it within minutes.
        ...(isMissed ? { state: "missed" as const, waitingSince: null } : {}),
        answerableUntil: windowEnd(row.lastAt),
        wechatAppName: apps.get(row.wechatAppId)?.name ?? "",
        lastMessageId: row.lastId,
      };
    });
  }
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
    autoReply: given && { text: given.text, rule: rules.get(given.by) ?? null, state: given.state },
    sent: null,
  };
}

/** Our side. */
function told(delivery: DeliveryRow): Entry {
  const { id, createdAt: at, traceId, channel, authorName: author, sceneName, content, state, zh, en } = delivery;
  if (channel === "mail") throw new Error("a mail is no part of a conversation");
  const sent = { deliveryId: id, channel, author, sceneName, content, state, reason: { zh, en } };
  return { id, at, traceId, said: null, autoReply: null, sent };
}
