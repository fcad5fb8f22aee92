import { event } from "@zhanggui/kit/contract/event";
import { Id } from "@zhanggui/kit/contract/ids";
import { z } from "zod";
import { openidKey } from "../connect/openid.ts";

const Touch = {
  personId: Id,
  wechatAppId: Id,
  openid: z.string(),
  /** The channel by whose code they came, if any. */
  channelId: Id.nullable(),
};

/** What happens to one person is handled in its order. */
const byPerson = { key: ({ personId }: { readonly personId: string }) => personId };

/** A person follows an account: for the first time, or again. */
export const personFollowed = event(
  "audience.person_followed.v1",
  z.object({ ...Touch, firstTime: z.boolean() }),
  byPerson,
);

/** A person stopped following an account. */
export const personUnfollowed = event("audience.person_unfollowed.v1", z.object(Touch), byPerson);

/** A person scanned a channel's code, following or not. */
export const channelEntered = event(
  "audience.channel_entered.v1",
  z.object({ ...Touch, channelId: Id, newlyFollowed: z.boolean() }),
  byPerson,
);

/**
 * Somebody wrote and nothing has answered, or an answer is still to be sent: by now they have a record and, if they
 * wrote, a conversation. What one of them does is handled in its order.
 */
export const customerHeard = event(
  "audience.customer_heard.v1",
  z.object({
    personId: Id,
    wechatAppId: Id,
    openid: z.string(),
    inboundId: Id,
    /** As `connect.message_received.v1` has them. */
    kind: z.string(),
    channelId: Id.nullable(),
    replyBy: z.string().nullable(),
    hasMore: z.boolean(),
  }),
  { key: openidKey },
);

/**
 * Two records turned out to be one person. `mergedId` only points at `survivorId` now; whoever keeps rows of their own
 * about people moves them. `survivorId` may have been merged itself by the time this is handled.
 */
export const peopleMerged = event("audience.people_merged.v2", z.object({ survivorId: Id, mergedId: Id }));
