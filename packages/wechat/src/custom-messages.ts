import { z } from "zod";
import type { WechatClient } from "./client.ts";

/**
 * Customer-service messages: what an account, or a mini-program, writes to somebody by itself after they did something.
 * Sources: developers.weixin.qq.com, api_sendcustommessage, api_typing and api_uploadtempmedia (service accounts);
 * kf-mgnt/kf-message/sendCustomMessage and setTyping (mini-programs); read 2026-11.
 */

/** What lets an account write: so many messages, for so long. */
export interface CustomMessageGrant {
  readonly count: number;
  readonly seconds: number;
}
/** Who writes: the two are granted different things. */
export type CustomMessageSender = "official" | "miniprogram";
/** What somebody does. */
export type CustomMessageOccasion = "message" | "click" | "follow" | "scan" | "enter";

/**
 * What is granted for what. Grants don't add up: of two the larger number and the later end hold. Past the end a
 * message is refused with 45015, beyond the number with 45047. In force since 2023-06-12.
 */
export const customMessageGrants: Readonly<
  Record<CustomMessageSender, Readonly<Partial<Record<CustomMessageOccasion, CustomMessageGrant>>>>
> = {
  official: {
    message: { count: 5, seconds: 172_800 },
    click: { count: 3, seconds: 60 },
    follow: { count: 3, seconds: 60 },
    scan: { count: 3, seconds: 60 },
  },
  miniprogram: { message: { count: 5, seconds: 172_800 }, enter: { count: 2, seconds: 60 } },
};

/** Media by their ids, as an upload gave them or the account's material has them. */
export type CustomMessage =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "voice" | "mpnews"; readonly mediaId: string }
  | {
      readonly type: "video";
      readonly mediaId: string;
      readonly thumbMediaId: string;
      readonly title?: string | undefined;
      readonly description?: string | undefined;
    }
  | {
      readonly type: "music";
      readonly thumbMediaId: string;
      readonly title?: string | undefined;
      readonly description?: string | undefined;
      readonly musicUrl: string;
      readonly hqMusicUrl: string;
    }
  /** A card that leads to a page: `news` with its one article from an official account, `link` from a mini-program. */
  | {
      readonly type: "news" | "link";
      readonly title: string;
      readonly description: string;
      readonly url: string;
      readonly pictureUrl: string;
    }
  | {
      readonly type: "miniprogrampage";
      readonly title: string;
      /** Whose page it is; a mini-program's own card has none. */
      readonly appId?: string | undefined;
      readonly pagePath: string;
      readonly thumbMediaId: string;
    }
  | {
      readonly type: "msgmenu";
      readonly head: string;
      readonly choices: readonly { readonly id: string; readonly text: string }[];
      readonly tail: string;
    };

/** What a mini-program may send; everything but `link` an official account may (45162). */
export const miniProgramMessages: ReadonlySet<CustomMessage["type"]> = new Set([
  "text",
  "image",
  "link",
  "miniprogrampage",
]);

const Done = z.object({}).transform(() => undefined);

/** api_sendcustommessage. Not idempotent: what it came to is told by `outcomeOfWrite`. */
export async function sendCustomMessage(
  client: WechatClient,
  { openid, message }: { readonly openid: string; readonly message: CustomMessage },
): Promise<void> {
  await client.call({
    method: "POST",
    path: "/cgi-bin/message/custom/send",
    body: { touser: openid, msgtype: message.type, [message.type]: partOf(message) },
    reply: Done,
    write: true,
  });
}

function partOf(message: CustomMessage): object {
  switch (message.type) {
    case "text":
      return { content: message.text };
    case "image":
    case "voice":
    case "mpnews":
      return { media_id: message.mediaId };
    case "video": {
      const { mediaId, thumbMediaId, title, description } = message;
      return { media_id: mediaId, thumb_media_id: thumbMediaId, title, description };
    }
    case "music": {
      const { title, description, musicUrl, hqMusicUrl, thumbMediaId } = message;
      return { title, description, musicurl: musicUrl, hqmusicurl: hqMusicUrl, thumb_media_id: thumbMediaId };
    }
    case "news": {
      const { title, description, url, pictureUrl } = message;
      return { articles: [{ title, description, url, picurl: pictureUrl }] };
    }
    case "link": {
      const { title, description, url, pictureUrl } = message;
      return { title, description, url, thumb_url: pictureUrl };
    }
    case "miniprogrampage": {
      const { title, appId, pagePath, thumbMediaId } = message;
      return { title, appid: appId, pagepath: pagePath, thumb_media_id: thumbMediaId };
    }
    case "msgmenu":
      return {
        head_content: message.head,
        list: message.choices.map(({ id, text }) => ({ id, content: text })),
        tail_content: message.tail,
      };
  }
}

/** api_typing: "is typing" stands on the phone for some seconds (15, recalled), or no longer. */
export async function showTyping(
  client: WechatClient,
  { openid, isTyping }: { readonly openid: string; readonly isTyping: boolean },
): Promise<void> {
  await client.call({
    method: "POST",
    path: "/cgi-bin/message/custom/typing",
    body: { touser: openid, command: isTyping ? "Typing" : "CancelTyping" },
    reply: Done,
    write: true,
  });
}

/** Temporary media live three days. Largest sizes: a picture 10 MB, a thumbnail 64 KB. */
export const temporaryMediaLimits = { days: 3, imageBytes: 10 * 1024 * 1024 } as const;

/** api_uploadtempmedia. Uploaded twice, there are two of it, which harms nobody. */
export function uploadTemporaryMedia(
  client: WechatClient,
  type: "image" | "voice" | "video",
  {
    bytes,
    contentType,
    fileName,
  }: { readonly bytes: Uint8Array; readonly contentType: string; readonly fileName: string },
): Promise<{ mediaId: string }> {
  const form = new FormData();
  form.set("media", new Blob([new Uint8Array(bytes)], { type: contentType }), fileName);
  return client.call({
    method: "POST",
    path: "/cgi-bin/media/upload",
    query: { type },
    body: form,
    reply: z.object({ media_id: z.string().min(1) }).transform(({ media_id }) => ({ mediaId: media_id })),
    write: true,
  });
}
