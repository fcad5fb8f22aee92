import { z } from "zod";
import type { DraftArticle, MediaItem } from "../world/media.ts";
import type { Account } from "../world/model.ts";
import { afterAnswer } from "../world/notices.ts";
import { sendAccountEvent } from "../world/events.ts";
import type { State } from "../world/state.ts";
import { accountOf, json, numberOf, objectOf, okAnswer, textOf } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { articleRules, mediaRules } from "./limits.ts";
import { articleOut } from "./media-api.ts";
import type { ApiCall, ApiRoute } from "./route.ts";

const common = { access: "token", right: "material" } as const;
const draftPage = "doc/offiaccount/Draft_Box/Add_draft";
const publishPage = "doc/offiaccount/Publish/Publish";
const Article = z.strictObject({
  article_type: z.string().optional(),
  title: z.string(),
  author: z.string().optional(),
  digest: z.string().optional(),
  content: z.string(),
  content_source_url: z.string().optional(),
  thumb_media_id: z.string().optional(),
  image_info: z.strictObject({ image_list: z.array(z.strictObject({ image_media_id: z.string() })) }).optional(),
  cover_info: z.looseObject({}).optional(),
  product_info: z.looseObject({}).optional(),
  need_open_comment: z.number().optional(),
  only_fans_can_comment: z.number().optional(),
  pic_crop_235_1: z.string().optional(),
  pic_crop_1_1: z.string().optional(),
});
const MediaBody = z.strictObject({ media_id: z.string() });
const ListBody = z.strictObject({ offset: z.number(), count: z.number(), no_content: z.number().optional() });
const articleErrcodes = [40007, 47001] as const;
const textRules = [
  articleRules.titleCharacters,
  articleRules.contentCharacters,
  articleRules.digestCharacters,
  articleRules.pictures,
];

/** Drafts of articles, and their publishing. */
export const draftRoutes: readonly ApiRoute[] = [
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/draft/add",
    says: "Makes a draft of one to eight articles.",
    page: draftPage,
    perDay: 1_000,
    body: z.strictObject({ articles: z.array(Article) }),
    rules: [articleRules.perDraft, ...textRules],
    errcodes: articleErrcodes,
    handle(state, call) {
      const given = call.body["articles"];
      if (!Array.isArray(given)) throw new Refusal(47001);
      state.rules.within(articleRules.perDraft, given.length);
      const { appid } = accountOf(call);
      const articles = given.map((each: unknown) => readArticle(state, appid, each));
      return json({ media_id: state.media.add({ appid, type: "news", place: "draft", articles }).mediaId });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/draft/update",
    says: "Changes one article of a draft.",
    page: "doc/offiaccount/Draft_Box/Update_draft",
    perDay: 1_000,
    body: z.strictObject({ media_id: z.string(), index: z.number(), articles: Article }),
    rules: textRules,
    errcodes: [...articleErrcodes, 40114],
    handle(state, call) {
      const draft = draftOf(state, call);
      const index = numberOf(call.body, "index") ?? 0;
      if (draft.articles[index] === undefined) throw new Refusal(40114);
      draft.articles[index] = readArticle(state, draft.appid, call.body["articles"]);
      state.tell({ type: "world" });
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/draft/get",
    says: "Gives a draft's articles.",
    page: "doc/offiaccount/Draft_Box/Get_draft",
    perDay: 500,
    body: MediaBody,
    errcodes: [40007],
    handle(state, call) {
      const draft = draftOf(state, call);
      return json({ news_item: draft.articles.map((each) => articleOut(state, draft, each)) });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/draft/delete",
    says: "Deletes a draft.",
    page: "doc/offiaccount/Draft_Box/Delete_draft",
    perDay: 1_000,
    body: MediaBody,
    errcodes: [40007],
    handle(state, call) {
      state.media.remove(draftOf(state, call));
      return okAnswer;
    },
  },
  {
    ...common,
    method: "GET",
    path: "/cgi-bin/draft/count",
    says: "Counts the drafts.",
    page: "doc/offiaccount/Draft_Box/Count_drafts",
    perDay: 1_000,
    handle: (state, call) => json({ total_count: drafts(state, accountOf(call)).length }),
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/draft/batchget",
    says: "Lists the drafts, twenty at a time, the newest first.",
    page: "doc/offiaccount/Draft_Box/Get_draft_list",
    perDay: 1_000,
    body: ListBody,
    rules: [mediaRules.page],
    handle: (state, call) => json(pageOf(state, call, drafts(state, accountOf(call)))),
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/freepublish/submit",
    says: "Publishes a draft: PUBLISHJOBFINISH tells how it went.",
    page: publishPage,
    perDay: 100,
    body: MediaBody,
    errcodes: [40007],
    handle(state, call) {
      const account = accountOf(call);
      const draft = draftOf(state, call);
      const publishId = String(100_000_000 + state.count("publishing"));
      const articleId = state.random.letters(64);
      const { mediaId: _, createdAt: __, ...copy } = draft;
      // Published it can't be changed any more, and has left the drafts.
      state.media.remove(draft);
      const item = state.media.add({ ...copy, mediaId: articleId, place: "listed" });
      account.publishings.push({ publishId, articleId, at: state.now() });
      announce(state, account, publishId, item);
      return json({ errcode: 0, errmsg: "ok", publish_id: publishId, msg_data_id: Number(publishId) });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/freepublish/get",
    says: "Tells how a publishing went.",
    page: "doc/offiaccount/Publish/Get_status",
    perDay: 100,
    body: z.strictObject({ publish_id: z.union([z.string(), z.number()]) }),
    errcodes: [53600],
    handle(state, call) {
      const account = accountOf(call);
      const wanted = String(call.body["publish_id"]);
      const found = account.publishings.find((each) => each.publishId === wanted);
      if (found === undefined) throw new Refusal(53600);
      const item = state.media.find(account.appid, found.articleId);
      const head = { publish_id: found.publishId, publish_status: item === undefined ? 5 : 0 };
      if (item === undefined) return json(head);
      return json({ ...head, article_id: item.mediaId, article_detail: detailOf(state, item), fail_idx: [] });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/freepublish/delete",
    says: "Takes down what was published.",
    page: "doc/offiaccount/Publish/Delete_posts",
    perDay: 10,
    body: z.strictObject({ article_id: z.string(), index: z.number().optional() }),
    errcodes: [53600],
    handle(state, call) {
      state.media.remove(publishedOf(state, call));
      return okAnswer;
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/freepublish/getarticle",
    says: "Gives a published article.",
    page: "doc/offiaccount/Publish/Get_article_from_id",
    perDay: 100,
    body: z.strictObject({ article_id: z.string() }),
    errcodes: [53600],
    handle(state, call) {
      const item = publishedOf(state, call);
      return json({
        news_item: item.articles.map((each) => ({ ...articleOut(state, item, each), is_deleted: false })),
      });
    },
  },
  {
    ...common,
    method: "POST",
    path: "/cgi-bin/freepublish/batchget",
    says: "Lists what was published, twenty at a time, the newest first.",
    page: "doc/offiaccount/Publish/Get_publication_records",
    perDay: 100,
    body: ListBody,
    rules: [mediaRules.page],
    handle(state, call) {
      const { appid, publishings } = accountOf(call);
      const ids = new Set(publishings.map(({ articleId }) => articleId));
      const { item, ...counts } = pageOf(
        state,
        call,
        state.media.list(appid, ({ mediaId }) => ids.has(mediaId)),
      );
      return json({ ...counts, item: item.map(({ media_id, ...rest }) => ({ article_id: media_id, ...rest })) });
    },
  },
];

function readArticle(state: State, appid: string, input: unknown): DraftArticle {
  const given = objectOf({ input }, "input");
  if (given === null) throw new Refusal(47001);
  const title = textOf(given, "title") ?? "";
  const content = textOf(given, "content") ?? "";
  const digest = textOf(given, "digest") ?? "";
  state.rules.within(articleRules.titleCharacters, Array.from(title).length);
  state.rules.within(articleRules.contentCharacters, Array.from(content).length);
  state.rules.within(articleRules.digestCharacters, Array.from(digest).length);
  const isPictures = given["article_type"] === "newspic";
  const thumbMediaId = isPictures ? firstPicture(state, given) : (textOf(given, "thumb_media_id") ?? "");
  const thumb = state.media.find(appid, thumbMediaId);
  // A cover is a picture of the material library: a temporary one is refused.
  if (thumb?.place !== "listed" || (thumb.type !== "image" && thumb.type !== "thumb")) throw new Refusal(40007);
  return {
    title,
    author: textOf(given, "author") ?? "",
    digest:
      digest === ""
        ? Array.from(content.replaceAll(/<[^>]*>/g, ""))
            .slice(0, 54)
            .join("")
        : digest,
    content,
    contentSourceUrl: textOf(given, "content_source_url") ?? "",
    thumbMediaId,
    needOpenComment: numberOf(given, "need_open_comment") ?? 0,
    onlyFansCanComment: numberOf(given, "only_fans_can_comment") ?? 0,
  };
}

/** An article of pictures has up to twenty, and the first is its cover. */
function firstPicture(state: State, given: Record<string, unknown>): string {
  const list = (objectOf(given, "image_info") ?? {})["image_list"];
  const pictures = Array.isArray(list) ? (list as unknown[]) : [];
  state.rules.within(articleRules.pictures, pictures.length);
  const ids = pictures.map((each) => textOf(objectOf({ each }, "each") ?? {}, "image_media_id") ?? "");
  return ids[0] ?? "";
}

function draftOf(state: State, call: ApiCall): MediaItem {
  const item = state.media.find(accountOf(call).appid, textOf(call.body, "media_id") ?? "");
  if (item?.place !== "draft") throw new Refusal(40007);
  return item;
}

function publishedOf(state: State, call: ApiCall): MediaItem {
  const { appid, publishings } = accountOf(call);
  const articleId = textOf(call.body, "article_id") ?? "";
  const item = state.media.find(appid, articleId);
  if (item === undefined || !publishings.some((each) => each.articleId === articleId)) throw new Refusal(53600);
  return item;
}

function drafts(state: State, { appid }: Account): MediaItem[] {
  return state.media.list(appid, ({ place }) => place === "draft");
}

interface Page {
  total_count: number;
  item_count: number;
  item: { media_id: string; content: unknown; update_time: number }[];
}

function pageOf(state: State, call: ApiCall, all: readonly MediaItem[]): Page {
  const offset = numberOf(call.body, "offset") ?? 0;
  const count = numberOf(call.body, "count") ?? 0;
  state.rules.within(mediaRules.page, count);
  if (offset < 0) throw new Refusal(40058);
  const hasContent = call.body["no_content"] !== 1;
  const item = all.slice(offset, offset + count).map((each) => {
    const articles = each.articles.map((article) => {
      const { content, ...rest } = articleOut(state, each, article);
      return hasContent ? { ...rest, content } : rest;
    });
    const at = Math.floor(each.createdAt / 1000);
    return {
      media_id: each.mediaId,
      content: { news_item: articles, create_time: at, update_time: at },
      update_time: at,
    };
  });
  return { total_count: all.length, item_count: item.length, item };
}

function detailOf(state: State, item: MediaItem): Record<string, unknown> {
  const articles = item.articles.map((each, index) => ({
    idx: index + 1,
    article_url: articleOut(state, item, each)["url"],
  }));
  return { count: articles.length, item: articles };
}

function announce(state: State, account: Account, publishId: string, item: MediaItem): void {
  const detail = item.articles.map((each, index) => ({
    name: "item",
    children: [
      { name: "idx", number: String(index + 1) },
      { name: "article_url", text: String(articleOut(state, item, each)["url"]) },
    ],
  }));
  afterAnswer(state, () => {
    const info = [
      { name: "publish_id", number: publishId },
      { name: "publish_status", number: "0" },
      { name: "article_id", text: item.mediaId },
      { name: "article_detail", children: [{ name: "count", number: String(detail.length) }, ...detail] },
    ];
    return sendAccountEvent(state, account, "PUBLISHJOBFINISH", [{ name: "PublishEventInfo", children: info }]);
  });
}
