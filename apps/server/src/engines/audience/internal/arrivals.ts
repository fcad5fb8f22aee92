import { Injectable } from "@nestjs/common";
import type { PayloadOf } from "@zhanggui/kit/contract/event";
import type { TxCtx } from "@zhanggui/kit/server/ctx";
import { Channels } from "../../connect/channels.ts";
import { Conversations } from "../../connect/conversations.ts";
import type { messageReceived } from "../../connect/connect.events.ts";
import { channelEntered, personFollowed, personUnfollowed } from "../audience.events.ts";
import { fetchProfile } from "./jobs.ts";
import { Identities } from "./identities.ts";
import type { LockedPerson } from "./people.ts";
import { Tags } from "./tags.ts";
import { Timeline } from "../timeline.ts";

type Message = PayloadOf<typeof messageReceived>;
interface Touch {
  readonly personId: LockedPerson;
  readonly wechatAppId: string;
  readonly openid: string;
  readonly channelId: string | null;
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
  async receive(ctx: TxCtx, message: Message): Promise<void> {
    const { wechatAppId, openid, channelId, kind } = message;
    const sentAt = new Date(message.sentAt);
    const { personId, isNew } = await this.identities.personFor(ctx, { wechatAppId, openid }, sentAt);
    if (!isNew) await this.#seen(ctx, personId, sentAt);
    const touch = { personId, wechatAppId, openid, channelId };
    if (kind === "event:subscribe") await this.#noteFollowing(ctx, touch, message, true, isNew);
    else if (kind === "event:unsubscribe") {
      await this.#noteFollowing(ctx, touch, message, false, isNew);
      await this.conversations.left(ctx, touch, message.inboundId);
    } else await this.timeline.write(ctx, personId, ...storyOf(message), sentAt);
    if (channelId !== null) await this.#entered(ctx, { ...touch, channelId }, message);
    if (isNew || kind === "event:subscribe") await ctx.enqueue(fetchProfile, { personId, wechatAppId, openid });
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

function storyOf({ kind, text }: Message): [kind: string, details: Record<string, unknown>] {
  if (kind === "event:CLICK" || kind === "event:VIEW") return ["tapped_menu", {}];
  if (kind === "event:SCAN") return ["came_back", {}];
  return ["wrote", { kind, ...(text === null ? {} : { text }) }];
}
