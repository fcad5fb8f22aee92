import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import type { EventMeta, Received } from "@zhanggui/kit/server/events";
import { Channels } from "../../connect/channels.ts";
import { Conversations } from "../../connect/conversations.ts";
import { originOf } from "../../connect/kinds.ts";
import type { messageReceived } from "../../connect/connect.events.ts";
import { type Openid, openidKey } from "../../connect/openid.ts";
import { channelEntered, customerHeard, personFollowed, personUnfollowed } from "../audience.events.ts";
import { fetchProfile } from "./jobs.ts";
import { Identities } from "./identities.ts";
import type { LockedPerson } from "./people.ts";
import { Tags } from "./tags.ts";
import { type NewEntry, Timeline } from "../timeline.ts";

type Message = PayloadOf<typeof messageReceived>;
type Plain = Pick<Received<Message>, "payload" | "traceId" | "occurredAt">;
interface Touch {
  readonly personId: LockedPerson;
  readonly wechatAppId: string;
  readonly openid: string;
  readonly channelId: string | null;
}

/** A message that only says that somebody wrote or tapped: nobody came or left, and no code was scanned. */
export function isPlain({ kind, channelId }: Message): boolean {
  return channelId === null && kind !== "event:subscribe" && kind !== "event:unsubscribe";
}

/** What WeChat told of somebody is fresh for so long; ours. */
const freshMs = 86_400_000;

/** Who scans a code, or says a keyword that a rule answers, is asked about (B-59): they come for something. */
function asksWho({ kind, replyBy }: Message): boolean {
  return kind === "event:SCAN" || (kind === "text" && replyBy !== null);
}

/** What a message from WeChat says about a person: who they are, whether they follow, which code they scanned. */
@Injectable()
export class Arrivals {
  constructor(
    private readonly identities: Identities,
    private readonly tags: Tags,
    private readonly timeline: Timeline,
    private readonly channels: Channels,
    private readonly conversations: Conversations,
  ) {}

  /** Runs in the transaction of one delivery: once per message, in the order of each person's. */
  async receive(ctx: TxCtx, message: Message, { occurredAt }: Pick<EventMeta, "occurredAt">): Promise<void> {
    if (isPlain(message)) return this.receivePlain(ctx, [{ payload: message, traceId: ctx.traceId, occurredAt }]);
    const { wechatAppId, openid, channelId, kind } = message;
    const sentAt = new Date(message.sentAt);
    const { personId, isNew } = await this.identities.personFor(ctx, { wechatAppId, openid }, sentAt);
    if (!isNew) await this.#seen(ctx, personId, sentAt);
    const touch = { personId, wechatAppId, openid, channelId };
    if (kind === "event:subscribe") {
      await this.#noteFollowing(ctx, touch, message, true, isNew);
      await this.conversations.returned(ctx, touch, message.inboundId);
    } else if (kind === "event:unsubscribe") {
      await this.#noteFollowing(ctx, touch, message, false, isNew);
      await this.conversations.left(ctx, touch, message.inboundId);
    } else {
      await this.timeline.write(ctx, personId, ...storyOf(message), sentAt);
      await this.conversations.heard(ctx, [{ payload: message, occurredAt }]);
    }
    if (channelId !== null) await this.#entered(ctx, { ...touch, channelId }, message);
    if (isNew || kind === "event:subscribe") await this.#fetch(ctx, { personId, wechatAppId, openid });
    else if (asksWho(message)) await this.#fetchOld(ctx, new Map([[openidKey(message), { ...message, personId }]]));
    await tellHeard(ctx, personId, message);
  }

  /** Many at once, for they are the most by far: each costs a part of five statements. */
  async receivePlain(ctx: TxCtx, received: readonly Plain[]): Promise<void> {
    const people = await this.identities.known(ctx, distinct(received));
    const seen = new Map<LockedPerson, { first: number; last: number }>();
    const entries: NewEntry[] = [];
    const asking = new Map<string, Openid & { readonly personId: string }>();
    for (const { payload, traceId } of received) {
      const { wechatAppId, openid } = payload;
      const sentAt = new Date(payload.sentAt);
      let personId = people.get(openidKey(payload));
      if (personId === undefined) {
        const made = await this.identities.personFor(ctx, payload, sentAt);
        people.set(openidKey(payload), (personId = made.personId));
        if (made.isNew) await this.#fetch(ctx, { personId, wechatAppId, openid });
      }
      if (asksWho(payload)) asking.set(openidKey(payload), { wechatAppId, openid, personId });
      const { first, last } = seen.get(personId) ?? { first: Infinity, last: -Infinity };
      seen.set(personId, { first: Math.min(first, sentAt.getTime()), last: Math.max(last, sentAt.getTime()) });
      const [kind, details] = storyOf(payload);
      entries.push({ personId, kind, details, traceId, at: sentAt });
    }
    const times = [...seen.values()];
    await ctx.sql`
      UPDATE audience_person
      SET first_seen_at = least(first_seen_at, first), last_seen_at = greatest(last_seen_at, last)
      FROM unnest(${[...seen.keys()]}::uuid[], ${times.map(({ first }) => new Date(first))}::timestamptz[],
        ${times.map(({ last }) => new Date(last))}::timestamptz[]) AS seen(person_id, first, last)
      WHERE id = person_id`;
    await this.timeline.writeAll(ctx, entries);
    await this.conversations.heard(ctx, received);
    for (const { payload } of received) {
      const personId = people.get(openidKey(payload));
      if (personId !== undefined) await tellHeard(ctx, personId, payload);
    }
    if (asking.size > 0) await this.#fetchOld(ctx, asking);
  }

  /** Asks WeChat anew about those of whom it hasn't told for a day; whoever just arrived has been asked about. */
  async #fetchOld(ctx: TxCtx, asking: ReadonlyMap<string, Openid & { readonly personId: string }>): Promise<void> {
    const since = new Date(ctx.now().getTime() - freshMs);
    const all = [...asking.values()];
    const old = await ctx.sql<Openid>`
      SELECT wechat_app_id, openid FROM unnest(
        ${all.map(({ wechatAppId }) => wechatAppId)}::uuid[], ${all.map(({ openid }) => openid)}::text[]
      ) AS asked(wechat_app_id, openid)
      LEFT JOIN audience_profile USING (wechat_app_id, openid)
      WHERE fetched_at IS NULL OR fetched_at <= ${since}`;
    for (const each of old) {
      const asked = asking.get(openidKey(each));
      if (asked === undefined) continue;
      await this.#fetch(ctx, asked);
    }
  }

  /** Once for all who ask before it begins: somebody often writes in the second in which they follow. */
  async #fetch(ctx: TxCtx, asked: Openid & { readonly personId: string }): Promise<void> {
    const { personId, wechatAppId, openid } = asked;
    await ctx.enqueue(fetchProfile, { personId, wechatAppId, openid }, { singletonKey: openidKey(asked) });
  }

  async #seen(ctx: TxCtx, personId: LockedPerson, sentAt: Date): Promise<void> {
    await ctx.db
      .updateTable("audience_person")
      .set(({ fn, val }) => ({
        firstSeenAt: fn<Date>("least", ["firstSeenAt", val(sentAt)]),
        lastSeenAt: fn<Date>("greatest", ["lastSeenAt", val(sentAt)]),
      }))
      .where("id", "=", personId)
      .execute();
  }

  async #noteFollowing(ctx: TxCtx, touch: Touch, message: Message, following: boolean, isNew: boolean): Promise<void> {
    const sentAt = new Date(message.sentAt);
    const { inboundId } = message;
    const noted = await this.identities.setFollowing(ctx, touch, { following, sentAt, inboundId });
    await this.timeline.write(ctx, touch.personId, following ? "followed" : "unfollowed", {}, sentAt);
    if (noted === undefined || noted.before === following) return;
    if (following) await ctx.emit(personFollowed, { ...touch, firstTime: isNew || noted.before === null });
    else await ctx.emit(personUnfollowed, touch);
  }

  /** The channel's name becomes a tag. The channel scanned first, by WeChat's time, is the one that brought them. */
  async #entered(ctx: TxCtx, touch: Touch & { channelId: string }, message: Message): Promise<void> {
    const channel = await this.channels.find(ctx, touch.channelId);
    if (channel === undefined) return;
    const sentAt = new Date(message.sentAt);
    await ctx.db
      .updateTable("audience_person")
      .set({ firstChannelId: channel.id, firstChannelAt: sentAt, firstChannelBy: message.inboundId })
      .where("id", "=", touch.personId)
      .where(({ eb, or, refTuple, tuple }) =>
        or([
          eb("firstChannelAt", "is", null),
          eb(refTuple("firstChannelAt", "firstChannelBy"), ">", tuple(sentAt, message.inboundId)),
        ]),
      )
      .execute();
    const told = { channelId: channel.id, channel: channel.name };
    await this.timeline.write(ctx, touch.personId, "scanned", told, sentAt);
    await this.tags.add(ctx, touch.personId, channel.name, {
      source: "channel",
      sourceId: channel.id,
      sourceName: channel.name,
    });
    await ctx.emit(channelEntered, { ...touch, newlyFollowed: message.kind === "event:subscribe" });
  }
}

/** Tells whoever answers by other messages; most messages have their whole answer by now. */
async function tellHeard(ctx: TxCtx, personId: LockedPerson, message: Message): Promise<void> {
  const { wechatAppId, openid, inboundId, kind, channelId, replyBy, hasMore, leavesWaiting } = message;
  const waits = originOf(kind) === "message" && (replyBy === null || leavesWaiting);
  if (!hasMore && !waits) return;
  await ctx.emit(customerHeard, { personId, wechatAppId, openid, inboundId, kind, channelId, replyBy, hasMore });
}

function storyOf({ kind, text }: Message): [kind: string, details: Record<string, unknown>] {
  if (kind === "event:CLICK" || kind === "event:VIEW") return ["tapped_menu", {}];
  if (kind === "event:SCAN") return ["came_back", {}];
  return ["wrote", { kind, ...(text === null ? {} : { text }) }];
}

function distinct(received: readonly Plain[]): Openid[] {
  return [...new Map(received.map(({ payload }) => [openidKey(payload), payload])).values()];
}
