import type { MediaItem, MediaType } from "../world/media.ts";
import type { Account, Article, ChatContent } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { objectOf, textOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { contentRules, customMessageRules, massRules } from "./limits.ts";

type Body = Record<string, unknown>;
type Reader = (state: State, account: Account, part: Body) => ChatContent;

/** Customer-service messages by msgtype. Source: doc/service/api/customer/message/api_sendcustommessage. */
const customReaders: Readonly<Record<string, Reader>> = {
  text: (state, _account, part) => ({ kind: "text", text: readText(state, part) }),
  image: (state, account, part) => pictureOf(state, mediaOf(state, account, part["media_id"], ["image"])),
  voice: (state, account, part) => mediaContent("voice", mediaOf(state, account, part["media_id"], ["voice"])),
  video(state, account, part) {
    const video = mediaOf(state, account, part["media_id"], ["video"]);
    mediaOf(state, account, part["thumb_media_id"], ["thumb", "image"]);
    return { ...mediaContent("video", video), title: textOf(part, "title") ?? "" };
  },
  music(state, account, part) {
    const thumb = mediaOf(state, account, part["thumb_media_id"], ["thumb", "image"]);
    return { ...mediaContent("music", thumb), title: textOf(part, "title") ?? "" };
  },
  news(state, _account, part) {
    const articles = Array.isArray(part["articles"]) ? (part["articles"] as unknown[]) : [];
    state.rules.within(customMessageRules.articles, articles.length);
    return { kind: "news", articles: articles.map((each) => readLink(objectOf({ each }, "each") ?? {})) };
  },
  wxcard: (_state, account, part) => cardOf(account, part),
  link: (_state, _account, part) => ({
    kind: "news",
    articles: [{ ...readLink(part), pictureUrl: textOf(part, "thumb_url") ?? "" }],
  }),
  mpnews: (state, account, part) => newsOf(state, mediaOf(state, account, part["media_id"], ["news"])),
  mpnewsarticle(state, account, part) {
    const item = mediaOf(state, account, part["article_id"], ["news"]);
    if (!account.publishings.some(({ articleId }) => articleId === item.mediaId)) throw new Refusal(53600);
    return newsOf(state, item);
  },
  msgmenu(_state, _account, part) {
    const list = Array.isArray(part["list"]) ? (part["list"] as unknown[]) : [];
    if (list.length === 0) throw new Refusal(47001);
    const choices = list.map((each) => {
      const { id, content } = objectOf({ each }, "each") ?? {};
      if (typeof content !== "string" || content === "") throw new Refusal(44004);
      return { id: typeof id === "string" || typeof id === "number" ? String(id) : "", text: content };
    });
    return {
      kind: "choices",
      head: textOf(part, "head_content") ?? "",
      choices,
      tail: textOf(part, "tail_content") ?? "",
    };
  },
  miniprogrampage(state, account, part) {
    const thumb = mediaOf(state, account, part["thumb_media_id"], ["thumb", "image"]);
    const { appid, pagepath, title } = readCard(account, part);
    return { kind: "card", title, appid, pagepath, pictureUrl: state.media.url(thumb) };
  },
};

/** What a mini-program's customer service may send; `link` is its own. */
const ofMiniPrograms: readonly string[] = ["text", "image", "link", "miniprogrampage"];

/** Not what every object has by itself, `constructor` say. */
function readerOf(readers: Readonly<Record<string, Reader>>, type: string): Reader | undefined {
  return Object.hasOwn(readers, type) ? readers[type] : undefined;
}

/** What a customer-service message shows. @throws Refusal */
export function customContent(state: State, account: Account, body: Body): ChatContent {
  const type = textOf(body, "msgtype") ?? "";
  const reader = readerOf(customReaders, type);
  if (reader === undefined) throw new Refusal(40008);
  const isOfMini = ofMiniPrograms.includes(type);
  if (account.kind === "miniprogram" ? !isOfMini : type === "link") throw new Refusal(45162);
  const part = objectOf(body, type);
  // Recalled: a message without its part is answered like an empty one.
  if (part === null) throw new Refusal(type === "text" ? 44004 : 47001);
  return reader(state, account, part);
}

/** Mass messages by msgtype. Source: doc/service/api/notify/message/api_masssend. */
const massReaders: Readonly<Record<string, Reader>> = {
  text: customReaders["text"] as Reader,
  voice: customReaders["voice"] as Reader,
  wxcard: customReaders["wxcard"] as Reader,
  mpnews: customReaders["mpnews"] as Reader,
  image(state, account, part) {
    // By tag it is `images` with several ids, by openids `image` with one; both stand in documents.
    const ids = Array.isArray(part["media_ids"]) ? (part["media_ids"] as unknown[]) : [part["media_id"]];
    const [first] = ids.map((id) => mediaOf(state, account, id, ["image"]));
    if (first === undefined) throw new Refusal(40007);
    return pictureOf(state, first);
  },
  mpvideo(state, account, part) {
    const item = mediaOf(state, account, part["media_id"], ["video"]);
    const isMade = item.place === "mass";
    const mayDirect = state.rules.position(massRules.video) === "direct" && item.place === "temporary";
    if (!isMade && !mayDirect) throw new Refusal(40007);
    return { ...mediaContent("video", item), title: item.title };
  },
};

/** What a mass message shows. @throws Refusal */
export function massContent(state: State, account: Account, body: Body): ChatContent {
  const type = textOf(body, "msgtype") ?? "";
  const reader = readerOf(massReaders, type === "images" ? "image" : type);
  if (reader === undefined) throw new Refusal(40008);
  const part = objectOf(body, type) ?? (type === "image" ? objectOf(body, "images") : null);
  if (part === null) throw new Refusal(type === "text" ? 44004 : 40007);
  return reader(state, account, part);
}

/** Coupons are made on the account's page, not here: an account is told which it has. @throws Refusal 40073 */
function cardOf(account: Account, part: Body): ChatContent {
  const card = account.cards.find(({ cardId }) => cardId === part["card_id"]);
  if (card === undefined) throw new Refusal(40073);
  return { kind: "media", type: "wxcard", mediaId: card.cardId, title: card.title };
}

function readText(state: State, part: Body): string {
  const text = textOf(part, "content") ?? "";
  state.rules.within(contentRules.textBytes, Buffer.byteLength(text));
  return text;
}

/** @throws Refusal 40007 where the account has no such media of those kinds */
function mediaOf(state: State, { appid }: Account, mediaId: unknown, types: readonly MediaType[]): MediaItem {
  const item = typeof mediaId === "string" ? state.media.find(appid, mediaId) : undefined;
  if (item === undefined || !types.includes(item.type)) throw new Refusal(40007);
  return item;
}

function pictureOf(state: State, item: MediaItem): ChatContent {
  return { kind: "picture", url: state.media.url(item), mediaId: item.mediaId };
}

function mediaContent(type: string, item: MediaItem): Extract<ChatContent, { kind: "media" }> {
  return { kind: "media", type, mediaId: item.mediaId, title: item.name };
}

function newsOf(state: State, item: MediaItem): ChatContent {
  return {
    kind: "news",
    articles: item.articles.map((article, index) => {
      const thumb = state.media.find(item.appid, article.thumbMediaId);
      return {
        title: article.title,
        description: article.digest,
        pictureUrl: thumb === undefined ? "" : state.media.url(thumb),
        url: `${state.media.url(item)}?article=${index}`,
      };
    }),
  };
}

function readLink(part: Body): Article {
  return {
    title: textOf(part, "title") ?? "",
    description: textOf(part, "description") ?? "",
    pictureUrl: textOf(part, "picurl") ?? "",
    url: textOf(part, "url") ?? "",
  };
}

/** A mini-program's card is of its own pages; an official account's names whose. */
function readCard(account: Account, part: Body): { appid: string; pagepath: string; title: string } {
  const appid = account.kind === "miniprogram" ? account.appid : (textOf(part, "appid") ?? "");
  if (appid === "") throw new Refusal(40013);
  return { appid, pagepath: textOf(part, "pagepath") ?? "", title: textOf(part, "title") ?? "" };
}
