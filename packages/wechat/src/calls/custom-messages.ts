import { assertBetween, atMostOnce, Done, idempotent, post } from "../call.ts";

/**
 * What an account may write to somebody by itself. A message of theirs allows five within 48 hours, and the next one
 * allows five anew (45015, 45047). Source: the platform's announcement of 2023-05-30, in force since 2023-06-12, as
 * quoted at docs.chatalog.ai. Whoever enters a mini-program's conversation, taps the menu, follows or scans allows
 * fewer for a minute; such grants don't add up.
 */
export const customMessageLimits = {
  windowSeconds: 48 * 3_600,
  perMessage: 5,
  textBytes: 2_048,
} as const;

/** What one message shows, in our words; a mini-program sends text, picture, link and page only (45162). */
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
      readonly musicUrl: string;
      readonly hqMusicUrl: string;
      readonly title?: string | undefined;
      readonly description?: string | undefined;
    }
  /** A card with a picture that opens an address; `news` of an official account, `link` of a mini-program. */
  | {
      readonly type: "news" | "link";
      readonly title: string;
      readonly description: string;
      readonly url: string;
      readonly pictureUrl: string;
    }
  /** A published article. */
  | { readonly type: "mpnewsarticle"; readonly articleId: string }
  | {
      readonly type: "msgmenu";
      readonly head: string;
      readonly choices: readonly { readonly id: string; readonly text: string }[];
      readonly tail: string;
    }
  | {
      readonly type: "miniprogrampage";
      readonly title: string;
      /** Of the mini-program; a mini-program's own message has none. */
      readonly appId?: string | undefined;
      readonly pagePath: string;
      readonly thumbMediaId: string;
    };

/** To somebody who was in touch lately. */
export const sendCustomMessage = post("/cgi-bin/message/custom/send", {
  page: "doc/service/api/customer/message/api_sendcustommessage",
  effect: atMostOnce,
  request: ({ openid, message }: { openid: string; message: CustomMessage }) => ({
    body: { touser: openid, msgtype: message.type, [message.type]: partOf(message) },
  }),
  reply: Done,
});

function partOf(message: CustomMessage): object {
  switch (message.type) {
    case "text":
      assertBetween("the text's bytes", Buffer.byteLength(message.text), 1, customMessageLimits.textBytes);
      return { content: message.text };
    case "image":
    case "voice":
    case "mpnews":
      return { media_id: message.mediaId };
    case "video":
      return {
        media_id: message.mediaId,
        thumb_media_id: message.thumbMediaId,
        title: message.title,
        description: message.description,
      };
    case "music":
      return {
        title: message.title,
        description: message.description,
        musicurl: message.musicUrl,
        hqmusicurl: message.hqMusicUrl,
        thumb_media_id: message.thumbMediaId,
      };
    case "news": {
      const { title, description, url, pictureUrl } = message;
      return { articles: [{ title, description, url, picurl: pictureUrl }] };
    }
    case "link": {
      const { title, description, url, pictureUrl } = message;
      return { title, description, url, thumb_url: pictureUrl };
    }
    case "mpnewsarticle":
      return { article_id: message.articleId };
    case "msgmenu":
      return {
        head_content: message.head,
        list: message.choices.map(({ id, text }) => ({ id, content: text })),
        tail_content: message.tail,
      };
    case "miniprogrampage":
      return {
        title: message.title,
        appid: message.appId,
        pagepath: message.pagePath,
        thumb_media_id: message.thumbMediaId,
      };
  }
}

/** Shows on the phone that the account is typing; only if somebody said something in the last 30 seconds (45080). */
export const showTyping = post("/cgi-bin/message/custom/typing", {
  page: "doc/service/api/customer/message/api_typing",
  // It shows already.
  effect: idempotent(45081),
  request: ({ openid, isTyping }: { openid: string; isTyping: boolean }) => ({
    body: { touser: openid, command: isTyping ? "Typing" : "CancelTyping" },
  }),
  reply: Done,
});
