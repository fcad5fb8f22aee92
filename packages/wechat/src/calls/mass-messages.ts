import { z } from "zod";
import { assertBetween, atMostOnce, Done, idempotent, LongId, post, read } from "../call.ts";
import type { Effect } from "../call.ts";
import type { WechatError } from "../transport.ts";

const page = "doc/service/api/notify/message/api_masssend";

/** Openids of one sending, bytes of its key, and what a follower of a service account gets in a calendar month. */
export const massLimits = {
  smallestOpenids: 2,
  openids: 10_000,
  keyBytes: 64,
  perFollowerAndMonth: 4,
  /** WeChat refuses a repeat before (45066) and answers the first after (45065). */
  repeatAfterSeconds: 60,
} as const;

/** `mpvideo`: the id that `makeMassVideo` gave, or that of a temporary video, as the account has it. */
export type MassMessage =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "voice" | "mpvideo"; readonly mediaId: string }
  | { readonly type: "image"; readonly mediaIds: readonly string[] }
  /** Articles, of a draft or the library. `ignoresReprint`: send although an article isn't original. */
  | { readonly type: "mpnews"; readonly mediaId: string; readonly ignoresReprint?: boolean | undefined };

function contentOf(message: MassMessage): object {
  if (message.type === "text") return { msgtype: "text", text: { content: message.text } };
  if (message.type === "image") return { msgtype: "image", images: { media_ids: message.mediaIds } };
  const content = { msgtype: message.type, [message.type]: { media_id: message.mediaId } };
  return message.type === "mpnews" ? { ...content, send_ignore_reprint: message.ignoresReprint ? 1 : 0 } : content;
}

const Sent = z
  .object({ msg_id: LongId, msg_data_id: LongId.optional() })
  .transform(({ msg_id, msg_data_id }) => ({ msgId: msg_id, dataId: msg_data_id }));
/** `msgId` comes back in MASSSENDJOBFINISH. */
export type MassSent = z.output<typeof Sent>;

/** WeChat's `clientmsgid`: the same again within a day is answered with the first one's id (45065). */
interface Keyed {
  readonly key: string;
}

function keyed<Input extends Keyed>(): Effect<Input, MassSent> {
  return {
    kind: "keyed",
    key: ({ key }) => key,
    repeatAfterSeconds: massLimits.repeatAfterSeconds,
    repliedBefore: ({ errcode, answer }: WechatError) => (errcode === 45065 ? Sent.safeParse(answer).data : undefined),
  };
}

function keyOf({ key }: Keyed): { clientmsgid: string } {
  assertBetween("the key's bytes", Buffer.byteLength(key), 1, massLimits.keyBytes);
  return { clientmsgid: key };
}

/** To all followers, or to those who have a tag. */
export const sendToTag = post("/cgi-bin/message/mass/sendall", {
  page,
  effect: keyed<Keyed & { tagId: number | null; message: MassMessage }>(),
  request: ({ tagId, message, ...rest }: Keyed & { tagId: number | null; message: MassMessage }) => ({
    body: {
      filter: tagId === null ? { is_to_all: true } : { is_to_all: false, tag_id: tagId },
      ...contentOf(message),
      ...keyOf(rest),
    },
  }),
  reply: Sent,
});

/** To two to ten thousand followers. */
export const sendToOpenids = post("/cgi-bin/message/mass/send", {
  page,
  effect: keyed<Keyed & { openids: readonly string[]; message: MassMessage }>(),
  request({ openids, message, ...rest }: Keyed & { openids: readonly string[]; message: MassMessage }) {
    assertBetween("the number of openids", openids.length, massLimits.smallestOpenids, massLimits.openids);
    return { body: { touser: openids, ...contentOf(message), ...keyOf(rest) } };
  },
  reply: Sent,
});

/** Shows one user what would be sent. A hundred a day. */
export const previewMass = post("/cgi-bin/message/mass/preview", {
  page,
  effect: atMostOnce,
  request: ({ openid, message }: { openid: string; message: MassMessage }) => ({
    body: { touser: openid, ...previewOf(message) },
  }),
  reply: Done,
});

/** A preview shows one picture. */
function previewOf(message: MassMessage): object {
  if (message.type === "image") return { msgtype: "image", image: { media_id: message.mediaIds[0] } };
  return contentOf(message);
}

/** How a sending stands. */
export const massState = post("/cgi-bin/message/mass/get", {
  page,
  effect: read,
  request: ({ msgId }: { msgId: string }) => ({ body: { msg_id: msgId } }),
  reply: z.object({ msg_status: z.string() }).transform(({ msg_status }) => ({
    /** `SENDING`, `SEND_SUCCESS`, `SEND_FAIL`, `DELETE`, or another word of WeChat's. */
    status: msg_status,
  })),
});

/** Takes down news or a video: its card stays, what it opens is gone. Ten a day. */
export const deleteMass = post("/cgi-bin/message/mass/delete", {
  page,
  effect: idempotent(),
  request: ({ msgId }: { msgId: string }) => ({ body: { msg_id: msgId, article_idx: 0 } }),
  reply: Done,
});

/** How fast sending goes: 0 the fastest (800,000 a minute), 4 the slowest (100,000). */
export const massSpeed = post("/cgi-bin/message/mass/speed/get", {
  page,
  effect: read,
  reply: z.object({ speed: z.number() }).transform(({ speed }) => speed),
});

export const setMassSpeed = post("/cgi-bin/message/mass/speed/set", {
  page,
  effect: idempotent(),
  request: ({ speed }: { speed: 0 | 1 | 2 | 3 | 4 }) => ({ body: { speed } }),
  reply: Done,
});
