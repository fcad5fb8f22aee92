import { buildXml } from "./xml.ts";
import type { XmlValue } from "./xml.ts";

/**
 * The passive replies: what may answer a push within its five seconds.
 * Sources: XML, "被动回复用户消息" (copies of the official page); JSON, "消息推送回复" (developers.weixin.qq.com, cloud hosting
 * guide); both read 2026-11.
 */
export type PassiveReply =
  /** Says nothing to the user and stops WeChat's repeats. */
  | { readonly type: "none" }
  | { readonly type: "text"; readonly content: string }
  | { readonly type: "image"; readonly mediaId: string }
  | { readonly type: "voice"; readonly mediaId: string }
  | { readonly type: "video"; readonly mediaId: string; readonly title?: string; readonly description?: string }
  | {
      readonly type: "music";
      /** WeChat requires it: the picture's media id. */
      readonly thumbMediaId: string;
      readonly title?: string;
      readonly description?: string;
      readonly musicUrl?: string;
      readonly hqMusicUrl?: string;
    }
  | { readonly type: "news"; readonly articles: readonly Article[] };

export interface Article {
  readonly title: string;
  readonly description: string;
  readonly picUrl: string;
  readonly url: string;
}

/**
 * One article where a message is answered (since 2018-10-12), eight where an event is. WeChat drops those beyond, so
 * more than one is no error here. Source: "被动回复用户消息" (copies of the official page), read 2026-11.
 */
export const newsReplyLimits = { articles: 8 } as const;

export interface Envelope {
  /** The openid that the reply goes to. */
  readonly toUserName: string;
  /** The account's original id. */
  readonly fromUserName: string;
  readonly createTimeSeconds: number;
  readonly format: "xml" | "json";
}

/**
 * Writes a reply in plain text; `none` is the word WeChat takes for "received". Throws RangeError on a wrong number of
 * articles.
 */
export function buildReply(reply: PassiveReply, envelope: Envelope): string {
  if (reply.type === "none") return "success";
  const head = {
    ToUserName: envelope.toUserName,
    FromUserName: envelope.fromUserName,
    CreateTime: envelope.createTimeSeconds,
    MsgType: reply.type,
  };
  const fields = { ...head, ...contentOf(reply, envelope.format) };
  return envelope.format === "xml" ? buildXml(fields) : JSON.stringify(fields);
}

type Content = Exclude<PassiveReply, { type: "none" }>;

function contentOf(reply: Content, format: "xml" | "json"): { readonly [name: string]: XmlValue } {
  switch (reply.type) {
    case "text":
      return { Content: reply.content };
    case "image":
      return { Image: { MediaId: reply.mediaId } };
    case "voice":
      return { Voice: { MediaId: reply.mediaId } };
    case "video":
      return { Video: given({ MediaId: reply.mediaId, Title: reply.title, Description: reply.description }) };
    case "music":
      return {
        Music: given({
          Title: reply.title,
          Description: reply.description,
          MusicUrl: reply.musicUrl,
          HQMusicUrl: reply.hqMusicUrl,
          ThumbMediaId: reply.thumbMediaId,
        }),
      };
    case "news":
      return newsOf(reply.articles, format);
  }
}

function newsOf(articles: readonly Article[], format: "xml" | "json"): { readonly [name: string]: XmlValue } {
  if (articles.length < 1 || articles.length > newsReplyLimits.articles) {
    throw new RangeError(`a news reply has 1 to ${newsReplyLimits.articles} articles`);
  }
  const items = articles.map(({ title, description, picUrl, url }) => {
    return { Title: title, Description: description, PicUrl: picUrl, Url: url };
  });
  // That in JSON the list stands without `item` is recalled.
  return { ArticleCount: items.length, Articles: format === "xml" ? { item: items } : items };
}

function given(fields: { readonly [name: string]: string | undefined }): { readonly [name: string]: string } {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
